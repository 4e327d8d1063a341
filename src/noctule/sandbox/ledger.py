"""What the fake provider received and did: every promise about effects is checked against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.sandbox.finding import RequestFinding
    from noctule.sandbox.request import RequestValues
    from noctule.sandbox.stated.documented_answers import DocumentedAnswer


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request and its response. Its repr shows neither headers nor bodies."""

    number: int
    """Counts from 1 in order of arrival."""
    at: float
    """Seconds from the creation of the fake provider until the request was read."""
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
    """Kind of the injected fault; "" for none."""
    status: int = 0
    """Of the response; 0 when none was sent."""
    reason: str = ""
    """Why the request was refused: how it differs from the document."""
    findings: tuple[RequestFinding, ...] = ()
    """How it differs from the document."""
    values: RequestValues | None = field(default=None, repr=False)
    """What the provider reads in a request that it admits."""
    served: DocumentedAnswer | None = None
    """The answer that it got in place of the usual one."""
    content: bytes = field(default=b"", repr=False)
    """The body of that answer."""
    replayed: bool = False
    """The response is that of an earlier request with the same idempotency key."""

    def as_json(self) -> dict[str, Any]:
        """Everything but headers and body, which may contain credentials."""
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
    """One change of state: a resource created, changed or deleted, or an action performed."""

    exchange: int
    """Number of the exchange that caused it."""
    operation: str
    resource: str
    """Path of the resource: "/v1/customers/cus_1"."""


class Ledger:
    """Every exchange and effect since the fake provider started, or since `clear`."""

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
