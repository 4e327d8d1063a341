"""Which events are new, decided without a database: what is known goes in, rows come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.webhooks.store.base import HASH_WINDOW, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.store.base import Delivery, Outcome
    from noctule.webhooks.verification.classify import Item

EVENT_COLUMNS = {
    "delivery": "bigint",
    "position": "int",
    "route": "text",
    "identity": "text",
    "id": "text",
    "type": "text",
    "state": "text",
    "due": "float8",
    "copies": "int",
    "subject": "text",
    "version": "float8",
}
"""What is stored of a new event, and its types as PostgreSQL calls them."""
COPIES = list(EVENT_COLUMNS).index("copies")

Place = tuple[str, str]
"""A route and an identity: what is stored once."""


@dataclass(slots=True)
class Known:
    """An event that holds a place. `row` is set while it is itself about to be stored."""

    id: str | None
    received_at: float
    seq: int = 0
    row: list[Any] | None = None


def suspicious(identity: str) -> str:
    """Where the first replay of an identity under a fresh id is kept."""
    return f"quarantined:{identity}"


@dataclass
class DedupeBatch:
    """What a group of deliveries comes to.

    `events` and `deliveries` are the rows to store, `copies` counts duplicates by the number of
    the event they repeat, `expired` are events that give up their place.
    """

    known: dict[Place, Known]
    numbers: Iterator[int]
    deliveries: list[tuple[int, Delivery]] = field(default_factory=list[tuple[int, "Delivery"]])
    events: list[list[Any]] = field(default_factory=list[list[Any]])
    """As `EVENT_COLUMNS` has them."""
    copies: Counter[int] = field(default_factory=Counter[int])
    expired: list[int] = field(default_factory=list[int])

    def take(self, delivery: Delivery) -> Receipt:
        """Judge every event of a delivery, and plan to store what is new."""
        number = next(self.numbers)
        before = len(self.events)
        judged: list[Outcome] = [self._judge(number, delivery, item) for item in delivery.items]
        outcomes: tuple[Outcome, ...] = tuple(judged)
        if len(self.events) == before:
            return Receipt(None, outcomes)
        self.deliveries.append((number, delivery))
        return Receipt(number, outcomes)

    def _judge(self, number: int, delivery: Delivery, item: Item) -> Outcome:
        known = self.known.get((delivery.route, item.identity))
        if known and item.id is None and delivery.received_at - known.received_at > HASH_WINDOW:
            self.expired.append(known.seq)
            known = None
        if known is None:
            self._store(number, delivery, item, item.identity, "pending")
            return "accepted"
        if item.is_named or item.id == known.id:
            self._count(known)
            return "duplicate"
        place = suspicious(item.identity)
        seen = self.known.get((delivery.route, place))
        if seen is not None:
            self._count(seen)
        else:
            self._store(number, delivery, item, place, "quarantined")
        return "quarantined"

    def _count(self, known: Known) -> None:
        if known.row is not None:
            known.row[COPIES] += 1
        else:
            self.copies[known.seq] += 1

    def _store(
        self, number: int, delivery: Delivery, item: Item, identity: str, state: str
    ) -> None:
        row = [
            number,
            item.position,
            delivery.route,
            identity,
            item.id,
            item.type,
            state,
            delivery.received_at,
            0,
            item.subject,
            item.version,
        ]
        self.events.append(row)
        known = Known(item.id, delivery.received_at, row=row)
        self.known[delivery.route, identity] = known
