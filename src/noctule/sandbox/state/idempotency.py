"""The same key gives the same response, and no second effect."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import FakeResponse, IncomingRequest

_NAME = re.compile(r"idempotency", re.IGNORECASE)


class KeyReused(Exception):
    """The key was used with another request before."""


class IdempotencyKeys:
    """Responses by key, for the methods on which the provider honours keys."""

    def __init__(self, pack: Pack | None) -> None:
        self._fact = pack.idempotency if pack is not None else None
        self._responses: dict[tuple[str, str], tuple[bytes, FakeResponse]] = {}

    def reset(self) -> None:
        self._responses.clear()

    def key(self, operation: ApiOperation, request: IncomingRequest) -> str:
        """The key of the request; "" when it has none or the provider ignores it."""
        header = self._header(operation)
        return request.headers.get(header.lower(), "") if header else ""

    def response_to(
        self, operation: ApiOperation, key: str, request: IncomingRequest
    ) -> FakeResponse | None:
        """The earlier response to this key. Raises KeyReused."""
        earlier = self._responses.get((operation.key, key))
        if not key or earlier is None:
            return None
        digest, response = earlier
        if digest != _digest(request):
            raise KeyReused(key)
        return response

    def remember(
        self, operation: ApiOperation, key: str, request: IncomingRequest, response: FakeResponse
    ) -> None:
        if key:
            self._responses[operation.key, key] = (_digest(request), response)

    def _header(self, operation: ApiOperation) -> str:
        """The header of the pack; without a pack, a documented header with such a name."""
        if self._fact is not None:
            return self._fact.header if operation.method in self._fact.methods else ""
        headers = (p.name for p in operation.parameters if p.where == "header")
        return next((name for name in headers if _NAME.search(name)), "")


def _digest(request: IncomingRequest) -> bytes:
    return hashlib.sha256(request.target.encode() + b"\0" + request.body).digest()
