"""The interface of an inbox's storage, and the records that it stores and returns.

A store is synchronous and used by one thread (the inbox's writer). Times are seconds since the
epoch. Every method is one transaction, unless it is called inside one.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, get_args

from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.verification.classify import EventItem

EventState = Literal["pending", "leased", "done", "unhandled", "dead", "quarantined", "dropped"]
STATES: tuple[EventState, ...] = get_args(EventState)
EventOutcome = Literal["accepted", "duplicate", "repeated", "quarantined", "dropped"]
"""`repeated`: handled, although it may be a replay of an earlier event."""

KEPT_REJECTIONS = 1000
KEPT_STARTS = 20
QUARANTINE_WINDOW = 3600.0
"""Seconds within which further repeats of the same content are counted, not stored: a captured
delivery that is sent again and again must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery about to be stored. `key` is the environment variable of the matching secret.

    `coverage` is what the signature covers (`full`, `body`, `partial`), `hint` for an unsigned
    delivery to a RefetchReceiver, `fetched` for an event that the provider's API returned.
    """

    route: str
    provider: str
    request: WebhookRequest
    received_at: float
    signed_at: float | None
    key: str
    coverage: str
    items: tuple[EventItem, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of storing a delivery: its number (None if nothing was new), and one outcome per
    event."""

    delivery: int | None
    outcomes: tuple[EventOutcome, ...]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event and its delivery, as stored.

    `attempts` counts the attempts started, `claim` how often a worker took the event: a replay
    resets the first and never the second. `due` is when the event may be claimed next; `reason`
    says why the last attempt failed, `traceback` where, without values; `copies` counts the
    duplicates that were received. `subject` is the object that the event is about; `superseded` is
    set if a newer version of that object was processed already. `request` is None once the body was
    pruned.
    """

    seq: int
    delivery: int
    position: int | None
    route: str
    provider: str
    id: str | None
    type: str
    state: EventState
    attempts: int
    claim: int
    due: float
    reason: str
    copies: int
    subject: str | None
    version: float | None
    superseded: bool
    received_at: float
    signed_at: float | None
    key: str
    coverage: str
    traceback: str
    request: WebhookRequest | None


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events to list. The empty query is all events, newest first.

    `type` may end with `*` to match a beginning. `text` holds words of the redacted copy, all of
    which must occur; `evt_1` counts as "evt 1". `before` and `after` are event numbers, exclusive,
    for paging.

    `since` and `until` assume that numbers follow time, except for a thousand deliveries at either
    end: with hosts whose clocks are far apart, events at the edges may be missed.
    """

    route: str = ""
    state: EventState | Literal[""] = ""
    type: str = ""
    id: str = ""
    text: str = ""
    since: float = 0.0
    until: float = float("inf")
    before: int = 0
    after: int = 0
    limit: int = 50
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class RouteOverview:
    """The condition of a route.

    `states` counts events by state, `oldest_due` is when the oldest waiting event was due (None if
    none waits), `keys` says when each secret last matched, within the last 100,000 deliveries.
    """

    route: str
    states: Mapping[EventState, int]
    last_received: float
    oldest_due: float | None
    keys: Mapping[str, float]


class Arrival(NamedTuple):
    """When a delivery was received, and when the provider says that it was signed."""

    received_at: float
    signed_at: float | None


class TaskProgress(NamedTuple):
    """How far an operator's task is: the number of the last event, and other details as text."""

    position: int
    details: str


@dataclass(frozen=True, slots=True)
class RejectedDelivery:
    """A rejected delivery, without what it contained.

    `names` are the names of its headers, `digest` the SHA-256 of its body in hex, `causes` the key,
    place and detail of each cause that `explain` returned. `deliveries` counts it and
    those after it of which nothing else is kept.
    """

    route: str
    at: float
    reason: str
    place: str
    size: int
    digest: str
    names: tuple[str, ...]
    causes: tuple[tuple[str, str, str], ...] = ()
    deliveries: int = 1
    seq: int = 0


class FailureCount(NamedTuple):
    """Events of one route, state, type and reason, among the newest ones of that state."""

    route: str
    state: EventState
    type: str
    reason: str
    events: int
    last: int
    """The greatest number of an event."""
    attempts: int
    """Of the event with the most."""


class ReceiverStart(NamedTuple):
    """A receiver of a route started, with these secrets about to retire: variable -> until when."""

    at: float
    retiring: Mapping[str, float]


class InboxStore(Protocol):
    """What a storage engine implements."""

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside is on disk when it ends, or nothing is.

        Raises InboxError if the database refuses, EventConflict if trying again may help. Inside
        another transaction it does nothing.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside has the same moment; writers do not wait for it."""
        ...

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Store deliveries in one transaction, without the events that are duplicates.

        `EventItem.identity` says how each event is recognised. A repeat, which may be a replay, is
        stored in the state that `EventItem.on_repeat` asks for: `quarantined` and `dropped` events
        are never claimed.
        """
        ...

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[StoredEvent]:
        """Take due events, oldest first, for `lease` seconds; counts an attempt for each.

        Events with the same subject are claimed one at a time, in the order received.
        """
        ...

    def settle(
        self,
        seq: int,
        claim: int,
        state: EventState,
        *,
        reason: str = "",
        traceback: str = "",
        due: float = 0.0,
        count_attempt: bool = True,
    ) -> bool:
        """End the attempt that began with this claim. If another worker claimed the event
        meanwhile, or a replay queued it, change nothing and return False.

        A `traceback` stays until there is another one, or the event is done.
        `count_attempt=False` does not count this attempt (the handler was not at fault).
        """
        ...

    def next_due(self, route: str) -> float | None:
        """When the next event may be claimed. None if no event waits, or only events behind another
        one of their subject."""
        ...

    def find(self, query: EventQuery) -> list[StoredEvent]:
        """Events, newest first unless the query says otherwise."""
        ...

    def get(self, seq: int) -> StoredEvent | None:
        """One event by number."""
        ...

    def requeue(self, due: Mapping[int, float]) -> int:
        """Make events pending again, each due at its time, with no attempts counted.

        Skips events that a worker holds; returns the number of the others.
        """
        ...

    def prune(self, before: float, limit: int = 100_000) -> int:
        """Delete the bodies, headers and copies of settled deliveries received before a time; their
        identities stay. Returns how many, at most `limit`."""
        ...

    def uncopied(self, limit: int, max_bytes: int) -> list[tuple[int, WebhookRequest]]:
        """Deliveries without a redacted copy, by number: as many as have `max_bytes` together, and
        at least one."""
        ...

    def add_copies(self, texts: Mapping[int, str]) -> None:
        """Store the redacted copies of deliveries, for search and display."""
        ...

    def copy_of(self, delivery: int) -> str | None:
        """The redacted copy of a delivery, if there is one."""
        ...

    def reencrypt(self, after: int, limit: int) -> int | None:
        """Encrypt bodies with the current key where they are not, in `limit` deliveries after a
        number.

        Returns the number to continue from; None at the end, or without an encryption key.
        """
        ...

    def truncate_log(self) -> bool:
        """Empty the write-ahead log, in which deleted and encrypted bodies are still readable.
        False while another connection reads it: try again. Not inside a transaction."""
        ...

    def arrivals(self, route: str, limit: int, *, signed: bool = False) -> list[Arrival]:
        """The last deliveries of a route, newest first; `signed` leaves out what the provider's API
        returned."""
        ...

    def known_ids(self, route: str, ids: Sequence[str]) -> set[str]:
        """Which of these event ids the route has."""
        ...

    def overview(self, *, count_done: bool = True) -> list[RouteOverview]:
        """One for each route, by name. Counting the events that are done reads all of them."""
        ...

    def add_rejection(self, rejection: RejectedDelivery) -> None:
        """Store a rejection; the last `KEPT_REJECTIONS` are kept."""
        ...

    def count_rejections(self, route: str, count: int) -> None:
        """Count more deliveries in the last rejection of a route."""
        ...

    def rejections(self, limit: int) -> list[RejectedDelivery]:
        """Rejections, newest first."""
        ...

    def add_start(self, route: str, start: ReceiverStart) -> None:
        """Store that a receiver started; the last `KEPT_STARTS` of each route are kept."""
        ...

    def starts(self, route: str) -> list[ReceiverStart]:
        """The last starts of a route's receivers, newest first."""
        ...

    def pauses(self, route: str, since: float, step: float) -> list[float]:
        """When deliveries of a route arrived since a time: the first one, then each time the first
        one that is at least `step` seconds later."""
        ...

    def failures(self) -> list[FailureCount]:
        """What failed and is dead or waits for another attempt, and what has no handler: among the
        10,000 newest events of each of these states."""
        ...

    def held(self, route: str, now: float) -> int:
        """How many events of a route a worker holds."""
        ...

    def progress(self, task: str) -> TaskProgress | None:
        """The progress of a task; None before it starts and after it ends."""
        ...

    def advance(self, task: str, previous: int | None, progress: TaskProgress) -> bool:
        """Move a task on from the `previous` position; None starts it.

        If the task is elsewhere, because another process moved it, change nothing and return False.
        """
        ...

    def end(self, task: str) -> None:
        """Delete the progress of a task."""
        ...

    def close(self) -> None:
        """Close the database connection."""
        ...
