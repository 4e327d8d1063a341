"""The one interface of an inbox's storage, and the records that go through it.

A store is synchronous and belongs to one thread (the inbox's writer). Times are seconds since the
epoch. Every method is one transaction, unless it is called inside one.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.verification.classify import Item

State = Literal["pending", "leased", "done", "unhandled", "dead", "quarantined"]
STATES: tuple[State, ...] = ("pending", "leased", "done", "unhandled", "dead", "quarantined")
Outcome = Literal["accepted", "duplicate", "quarantined"]

HINTED = "hint:"
"""How the identity of a hint begins: it counts until a worker takes it, for the object may change
again right after."""
KEPT_REJECTIONS = 1000
HASH_WINDOW = 72 * 3600.0
"""Seconds in which an equal content without any id counts as the same event. Longer than the
longest retry schedule of a provider (Stripe, three days)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery about to be stored. `key` names the secret that matched.

    `coverage` says what vouches for it: what its signature covers (`full`, `body`, `partial`),
    `hint` if nothing does, `fetched` if we asked the provider's own API for it.
    """

    route: str
    provider: str
    request: WebhookRequest
    received_at: float
    signed_at: float | None
    key: str
    coverage: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery: its number if it was stored, and an outcome per event."""

    delivery: int | None
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """An event with its delivery, as it lies in the store.

    `attempts` counts the attempts begun, `due` is when it may be claimed next, `reason` says why
    the last attempt failed, `copies` counts the duplicates that came after. `subject` is the object
    it is about; `superseded` says that a newer version of that object was processed already.
    """

    seq: int
    delivery: int
    position: int | None
    route: str
    provider: str
    id: str | None
    type: str
    state: State
    attempts: int
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
    request: WebhookRequest | None
    """None once the body was pruned."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events to list; the empty query is all of them, newest first."""

    route: str = ""
    state: State | Literal[""] = ""
    type: str = ""
    """A type, or its beginning if it ends with `*`."""
    id: str = ""
    text: str = ""
    """Words of the redacted copy, all of which have to be there; `evt_1` counts as "evt 1"."""
    since: float = 0.0
    until: float = float("inf")
    """Numbers are taken to follow time, but for a thousand deliveries at either end: where the
    clocks of the hosts that take in are far apart, events at the edges may be missed."""
    before: int = 0
    """Only events with a smaller number: the next page."""
    after: int = 0
    """Only events with a greater number."""
    limit: int = 50
    oldest_first: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """How a route is doing: events by state, when the last delivery came, when the oldest event
    that waits was due (None: none waits), and when each secret last matched (of the route's last
    100,000 deliveries)."""

    route: str
    states: Mapping[State, int]
    last_received: float
    oldest_due: float | None
    keys: Mapping[str, float]


class Arrival(NamedTuple):
    """When a delivery came, and when the provider says that it was signed."""

    received_at: float
    signed_at: float | None


class Progress(NamedTuple):
    """How far a task of an operator is: the last event's number, and what else it has to know."""

    place: int
    notes: str


@dataclass(frozen=True, slots=True)
class RejectedDelivery:
    """A delivery that was not accepted: everything but what it held.

    `names` are its headers' names, `digest` the SHA-256 of its body in hex, `causes` what
    `explain` found: key, place and detail of each.
    """

    route: str
    at: float
    reason: str
    place: str
    size: int
    digest: str
    names: tuple[str, ...]
    causes: tuple[tuple[str, str, str], ...] = ()
    seq: int = 0


class Store(Protocol):
    """What an engine has to do."""

    def transaction(self) -> AbstractContextManager[None]:
        """What happens inside happens together: on disk when it ends, or not at all.

        Raises InboxError if the engine refuses, Conflict if doing it again may help. Inside
        another one it does nothing of its own.
        """
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read inside is of one moment, and holds up nobody who writes."""
        ...

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        """Store deliveries in one transaction, deduplicating each event.

        A signed id alone decides. Without one the content does: the same content again is a
        duplicate if it carries the same unsigned id, within `HASH_WINDOW` if it carries none,
        and `quarantined` (stored, never claimed) if it carries a fresh unsigned id.
        """
        ...

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[Stored]:
        """Take events that are due, oldest first, for `lease` seconds; counts an attempt each.

        Of one subject one event at a time, and none before those that came earlier.
        """
        ...

    def settle(
        self,
        seq: int,
        attempt: int,
        state: State,
        *,
        reason: str = "",
        due: float = 0.0,
        burn: bool = True,
    ) -> bool:
        """End an attempt. False if the lease was lost meanwhile: then nothing changes.

        `burn=False` gives the attempt back (it was not the handler's fault).
        """
        ...

    def next_due(self, route: str) -> float | None:
        """When the next event may be claimed; None if none waits but behind one of its subject."""
        ...

    def find(self, query: Query) -> list[Stored]:
        """Events, newest first unless the query says otherwise."""
        ...

    def get(self, seq: int) -> Stored | None: ...

    def requeue(self, due: Mapping[int, float]) -> int:
        """Make events pending again, each due at its time, no attempts counted. Leaves out those
        that a worker holds; returns how many were."""
        ...

    def prune(self, before: float, limit: int = 100_000) -> int:
        """Forget bodies, headers and copies of settled deliveries received before; keep the keys.
        No more than `limit`; returns how many were forgotten."""
        ...

    def uncopied(self, limit: int) -> list[tuple[int, WebhookRequest]]:
        """Deliveries that have no redacted copy yet, by number."""
        ...

    def copy(self, texts: Mapping[int, str]) -> None:
        """Keep the redacted copies of deliveries, to be searched and shown."""
        ...

    def copy_of(self, delivery: int) -> str | None:
        """The redacted copy of a delivery; None if there is none."""
        ...

    def reseal(self, after: int, limit: int) -> int | None:
        """Seal with today's key, of `limit` deliveries after that number, those that are not.

        Returns the number to go on from; None at the end, or if bodies lie open.
        """
        ...

    def arrivals(self, route: str, limit: int) -> list[Arrival]:
        """The last deliveries of a route, newest first."""
        ...

    def known_ids(self, route: str, ids: Sequence[str]) -> set[str]:
        """Which of these ids of events the route has."""
        ...

    def overview(self) -> list[Overview]:
        """One for each route, by name."""
        ...

    def note(self, rejection: RejectedDelivery) -> None:
        """Keep a rejection, and no more than `KEPT_REJECTIONS` of them."""
        ...

    def rejections(self, limit: int) -> list[RejectedDelivery]:
        """Rejections, newest first."""
        ...

    def progress(self, task: str) -> Progress | None:
        """How far a task is; None if it has not begun, or has ended."""
        ...

    def advance(self, task: str, was: int | None, now: Progress) -> bool:
        """Move a task on from the place where it `was`, None where it begins.

        False if it is elsewhere: somebody else moves it. Then nothing changes.
        """
        ...

    def end(self, task: str) -> None:
        """Forget a task."""
        ...

    def close(self) -> None: ...
