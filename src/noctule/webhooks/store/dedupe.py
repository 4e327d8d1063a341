"""Decide which events are new, without a database: known events go in, rows to store come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.webhooks.store.base import HASH_WINDOW, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.store.base import Delivery, EventOutcome
    from noctule.webhooks.verification.classify import EventItem

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
"""The stored columns of a new event, with their PostgreSQL types."""
COPIES = list(EVENT_COLUMNS).index("copies")

IdentityKey = tuple[str, str]
"""A route and an identity, which are unique together."""


@dataclass(slots=True)
class KnownEvent:
    """The event that has an identity. `row` is set while it is itself about to be stored."""

    id: str | None
    received_at: float
    seq: int = 0
    row: list[Any] | None = None


def quarantine_identity(identity: str) -> str:
    """The identity of the first replay of an event under a new id."""
    return f"quarantined:{identity}"


@dataclass
class DedupeBatch:
    """Decides for a group of deliveries which of their events are new.

    `events` and `deliveries` are the rows to store, `copies` counts duplicates by the number of the
    event that they repeat, `expired` are events that lose their identity.
    """

    known: dict[IdentityKey, KnownEvent]
    numbers: Iterator[int]
    deliveries: list[tuple[int, Delivery]] = field(default_factory=list[tuple[int, "Delivery"]])
    events: list[list[Any]] = field(default_factory=list[list[Any]])
    """Columns as in `EVENT_COLUMNS`."""
    copies: Counter[int] = field(default_factory=Counter[int])
    expired: list[int] = field(default_factory=list[int])

    def add(self, delivery: Delivery) -> Receipt:
        """Classify every event of a delivery, and add rows for the new ones."""
        number = next(self.numbers)
        before = len(self.events)
        outcomes: tuple[EventOutcome, ...] = tuple(
            [self._classify(number, delivery, item) for item in delivery.items]
        )
        if len(self.events) == before:
            return Receipt(None, outcomes)
        self.deliveries.append((number, delivery))
        return Receipt(number, outcomes)

    def _classify(self, number: int, delivery: Delivery, item: EventItem) -> EventOutcome:
        known = self.known.get((delivery.route, item.identity))
        if known and item.id is None and delivery.received_at - known.received_at > HASH_WINDOW:
            self.expired.append(known.seq)
            known = None
        if known is None:
            self._add_row(number, delivery, item, item.identity, "pending")
            return "accepted"
        if item.has_signed_id or item.id == known.id:
            self._count_copy(known)
            return "duplicate"
        identity = quarantine_identity(item.identity)
        quarantined = self.known.get((delivery.route, identity))
        if quarantined is not None:
            self._count_copy(quarantined)
        else:
            self._add_row(number, delivery, item, identity, "quarantined")
        return "quarantined"

    def _count_copy(self, known: KnownEvent) -> None:
        if known.row is not None:
            known.row[COPIES] += 1
        else:
            self.copies[known.seq] += 1

    def _add_row(
        self, number: int, delivery: Delivery, item: EventItem, identity: str, state: str
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
        self.known[delivery.route, identity] = KnownEvent(item.id, delivery.received_at, row=row)
