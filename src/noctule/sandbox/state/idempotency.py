"""The same key gives the same answer, and no second effect."""

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
    """The key came before with another request."""


class IdempotencyKeys:
    """Answers by key, for the methods on which the provider honours one."""

    def __init__(self, pack: Pack | None) -> None:
        self._fact = pack.idempotency if pack is not None else None
        self._answers: dict[tuple[str, str], tuple[bytes, FakeResponse]] = {}

    def reset(self) -> None:
        self._answers.clear()

    def key(self, operation: ApiOperation, incoming: IncomingRequest) -> str:
        """The request's key, "" when it has none or the provider does not look at it."""
        header = self._header(operation)
        return incoming.headers.get(header.lower(), "") if header else ""

    def answered(
        self, operation: ApiOperation, key: str, incoming: IncomingRequest
    ) -> FakeResponse | None:
        """The answer that this key had. Raises KeyReused."""
        known = self._answers.get((operation.key, key))
        if not key or known is None:
            return None
        digest, reply = known
        if digest != _digest(incoming):
            raise KeyReused(key)
        return reply

    def remember(
        self, operation: ApiOperation, key: str, incoming: IncomingRequest, reply: FakeResponse
    ) -> None:
        if key:
            self._answers[operation.key, key] = (_digest(incoming), reply)

    def _header(self, operation: ApiOperation) -> str:
        """What the pack says; without a pack, a documented header of that name."""
        if self._fact is not None:
            return self._fact.header if operation.method in self._fact.methods else ""
        headers = (p.name for p in operation.parameters if p.where == "header")
        return next((name for name in headers if _NAME.search(name)), "")


def _digest(incoming: IncomingRequest) -> bytes:
    return hashlib.sha256(incoming.target.encode() + b"\0" + incoming.body).digest()
