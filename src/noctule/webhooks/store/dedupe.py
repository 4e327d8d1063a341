"""Decide which events are new, without a database: known events go in, rows to store come out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from noctule.webhooks.store.base import QUARANTINE_WINDOW, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.webhooks.store.base import Delivery, EventOutcome, EventState
    from noctule.webhooks.verification.classify import EventItem
    from noctule.webhooks.verification.identity import EventIdentity, RepeatAction

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
IDENTITY, COPIES = (list(EVENT_COLUMNS).index(name) for name in ("identity", "copies"))
ALIAS_COLUMNS = {"route": "text", "alias": "text", "identity": "text", "until": "float8"}
"""The stored columns of an alias: another key of an event, until a time."""

ACTIONS: Mapping[RepeatAction, tuple[EventState, EventOutcome]] = {
    "quarantine": ("quarantined", "quarantined"),
    "handle": ("pending", "repeated"),
    "drop": ("dropped", "dropped"),
}
"""The state and the outcome of a repeat."""

IdentityKey = tuple[str, str]
"""A route and a key, which are unique together."""


@dataclass(slots=True)
class KnownEvent:
    """The event that has a key. `row` is set while it is itself about to be stored; `until` is when
    the key ends, if it is an alias."""

    identity: str
    id: str | None
    received_at: float
    seq: int = 0
    row: list[Any] | None = None
    until: float = float("inf")


def aside_key(key: str) -> str:
    """The key of the first repeat that was set aside."""
    return f"aside:{key}"


def again_key(identity: EventIdentity, event_id: str | None) -> str:
    """The key of a repeat that is handled; the same as before if nothing tells repeats apart."""
    mark = identity.twin or (event_id if identity.same_id else None)
    return f"again:{identity.key}/{mark}" if mark else identity.key


@dataclass
class DedupeBatch:
    """Decides for a group of deliveries which of their events are new.

    `events`, `deliveries` and `aliases` are the rows to store, `copies` counts duplicates by the
    number of the event that they repeat, `expired` are events that lose their identity, `ended`
    aliases to delete before the others are stored.
    """

    known: dict[IdentityKey, KnownEvent]
    numbers: Iterator[int]
    deliveries: list[tuple[int, Delivery]] = field(default_factory=list[tuple[int, "Delivery"]])
    events: list[list[Any]] = field(default_factory=list[list[Any]])
    """Columns as in `EVENT_COLUMNS`."""
    aliases: dict[IdentityKey, tuple[Any, ...]] = field(
        default_factory=dict[IdentityKey, tuple[Any, ...]]
    )
    """Columns as in `ALIAS_COLUMNS`."""
    ended: set[IdentityKey] = field(default_factory=set[IdentityKey])
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
        identity = item.identity
        twin = self._find(delivery, identity.twin) if identity.twin else None
        known = twin or self._find(delivery, identity.key)
        if twin is not None:
            self._add_alias(delivery, item, identity.key, twin)
        if known is not None and (known is twin or self._is_same(known, delivery, item)):
            self._count_copy(known)
            return "duplicate"
        if known is not None and identity.later == "repeat":
            return self._repeat(number, delivery, item)
        if known is not None:
            self._expire(known)
        self._add_row(number, delivery, item, identity.key, "pending")
        return "accepted"

    def _is_same(self, known: KnownEvent, delivery: Delivery, item: EventItem) -> bool:
        if item.identity.same_id and item.id is not None and item.id == known.id:
            return True
        return delivery.received_at - known.received_at <= item.identity.window

    def _repeat(self, number: int, delivery: Delivery, item: EventItem) -> EventOutcome:
        """What looks like an earlier event, and may be another one, or a replay of the earlier."""
        state, outcome = ACTIONS[item.on_repeat]
        handled = item.on_repeat == "handle"
        key = again_key(item.identity, item.id) if handled else aside_key(item.identity.key)
        known = self._find(delivery, key)
        if known is not None:
            if handled and key != item.identity.key:
                self._count_copy(known)
                return "duplicate"
            if not handled and delivery.received_at - known.received_at <= QUARANTINE_WINDOW:
                self._count_copy(known)
                return outcome
            self._expire(known)
        self._add_row(number, delivery, item, key, state)
        return outcome

    def _find(self, delivery: Delivery, key: str) -> KnownEvent | None:
        known = self.known.get((delivery.route, key))
        return known if known and delivery.received_at <= known.until else None

    def _count_copy(self, known: KnownEvent) -> None:
        if known.row is not None:
            known.row[COPIES] += 1
        else:
            self.copies[known.seq] += 1

    def _expire(self, known: KnownEvent) -> None:
        if known.row is not None:
            known.row[IDENTITY] = None
        else:
            self.expired.append(known.seq)

    def _add_row(
        self, number: int, delivery: Delivery, item: EventItem, key: str, state: EventState
    ) -> None:
        row = [
            number,
            item.position,
            delivery.route,
            key,
            item.id,
            item.type,
            state,
            delivery.received_at,
            0,
            item.subject,
            item.version,
        ]
        self.events.append(row)
        event = KnownEvent(key, item.id, delivery.received_at, row=row)
        self.known[delivery.route, key] = event
        if state == "pending" and item.identity.twin:
            self._add_alias(delivery, item, item.identity.twin, event)

    def _add_alias(
        self, delivery: Delivery, item: EventItem, alias: str, event: KnownEvent
    ) -> None:
        """Remember another key of an event, unless it is known."""
        if self._find(delivery, alias) is not None:
            return
        until = delivery.received_at + item.identity.remembered
        key = delivery.route, alias
        if key in self.known:
            self.ended.add(key)
        self.aliases[key] = (*key, event.identity, until)
        self.known[key] = replace(event, until=until)
