"""One request to the provider, and its answer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NOT_JSON = object()
"""What the body of an answer is when it cannot be read as JSON."""


@dataclass(frozen=True)
class Observation:
    """What was sent and what came, without credentials."""

    method: str
    path: str
    """As sent, percent-encoded, without the query."""
    query: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Of the answer, names in lower case."""
    body: bytes = field(repr=False)
    """Of the answer, decoded."""
    schemes: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, dict[str, str]])
    """How the request authenticated: name -> OpenAPI security scheme, never a credential."""

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media(self) -> str:
        """The media type of the answer in lower case, without parameters; "" if it names none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> object:
        """The answer's body as JSON; NOT_JSON where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return NOT_JSON
