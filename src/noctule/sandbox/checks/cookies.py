"""The cookies of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from noctule.sandbox.http.connection import IncomingRequest


def cookies(request: IncomingRequest) -> dict[str, str]:
    """Name -> value, percent-decoded."""
    pairs = (pair.partition("=") for pair in request.headers.get("cookie", "").split(";"))
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs if name.strip()}
