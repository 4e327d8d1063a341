"""What the fake saw and what it did: the oracle of every promise about effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request on the wire and what became of it. Its repr shows no header and no body."""

    number: int
    """Counts from 1 in order of arrival."""
    at: float
    """Seconds since the fake was made, when the request had been read."""
    connection: int
    method: str
    target: str = field(repr=False)
    """Path and query as sent."""
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case; a repeated header is joined by ", "."""
    body: bytes = field(repr=False)
    operation: str = ""
    """Key in the document ("POST /v1/customers"), "" when none matches."""
    fault: str = ""
    """Kind of the injected fault, "" for an honest answer."""
    status: int = 0
    """Of the answer, 0 when none was sent."""
    reason: str = ""
    """Why the fake refused: what the document says that the request does not respect."""
    replayed: bool = False
    """Answered from an earlier request with the same idempotency key."""

    def as_json(self) -> dict[str, Any]:
        """The line without headers and body, which may hold credentials."""
        return {
            "number": self.number,
            "at": round(self.at, 4),
            "operation": self.operation or f"{self.method} {self.target.partition('?')[0]}",
            "fault": self.fault,
            "status": self.status,
            "reason": self.reason,
            "replayed": self.replayed,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One change of the provider's world: a thing created, changed, deleted or set in motion."""

    exchange: int
    """Number of the exchange that caused it."""
    operation: str
    resource: str
    """Path of the thing: "/v1/customers/cus_1"."""


class Ledger:
    """Every exchange and every effect since the fake started, or since `clear`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.effects: list[Effect] = []
        self.connections = 0
        """Connections accepted, those that were reset at once included."""

    def requests(self, operation: str | None = None) -> list[Exchange]:
        """Requests in order of arrival, of one operation or all."""
        return [
            exchange
            for exchange in self.exchanges
            if operation is None or exchange.operation == operation
        ]

    def gaps(self, operation: str | None = None) -> list[float]:
        """Seconds between each request and the one before it."""
        times = [exchange.at for exchange in self.requests(operation)]
        return [later - earlier for earlier, later in pairwise(times)]

    def clear(self) -> None:
        self.exchanges.clear()
        self.effects.clear()
        self.connections = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "connections": self.connections,
            "requests": [exchange.as_json() for exchange in self.exchanges],
            "effects": [
                {
                    "exchange": effect.exchange,
                    "operation": effect.operation,
                    "resource": effect.resource,
                }
                for effect in self.effects
            ],
        }
