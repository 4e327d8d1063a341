"""Look at an inbox: list events and rejections, show one event, follow what arrives."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from noctule.stages.webhooks.inbox import find_event, format_time, open_inbox
from noctule.webhooks.operations.admin import show
from noctule.webhooks.store.base import KEPT_REJECTIONS

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.stages.webhooks.inbox import EventFilter
    from noctule.webhooks.store.base import EventQuery, InboxStore, RejectedDelivery, StoredEvent

RECENT = 20
"""Rejections that are read again at each step: at most one a second is stored for each process."""
OVERLAP = 200
"""How many numbers before the last one are read again: with several receiving hosts, an event with
a smaller number can become visible after one with a greater number."""


@dataclass(frozen=True)
class EventSummary:
    """A stored event without its body. Times are seconds since 1970."""

    seq: int
    route: str
    provider: str
    id: str | None
    type: str
    state: str
    reason: str
    attempts: int
    copies: int
    """Duplicates that arrived after it."""
    subject: str | None
    superseded: bool
    received_at: float
    due: float
    coverage: str
    signed_with: str
    """The variable whose secret verified it."""
    size: int | None
    """Bytes of the body; None once it was pruned."""

    @classmethod
    def of(cls, event: StoredEvent) -> EventSummary:
        return cls(
            seq=event.seq,
            route=event.route,
            provider=event.provider,
            id=event.id,
            type=event.type,
            state=event.state,
            reason=event.reason,
            attempts=event.attempts,
            copies=event.copies,
            subject=event.subject,
            superseded=event.superseded,
            received_at=event.received_at,
            due=event.due,
            coverage=event.coverage,
            signed_with=event.key,
            size=len(event.request.body) if event.request else None,
        )

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {
            "received_at": format_time(self.received_at),
            "due": format_time(self.due) if self.due else None,
        }


@dataclass(frozen=True)
class RejectionSummary:
    """A delivery that was not accepted; its body is never kept."""

    seq: int
    at: float
    """Seconds since 1970."""
    route: str
    reason: str
    place: str
    size: int
    sha256: str
    headers: tuple[str, ...]
    """Names only."""
    causes: tuple[tuple[str, str, str], ...]
    """Key, place and detail of each."""

    @classmethod
    def of(cls, rejection: RejectedDelivery) -> RejectionSummary:
        return cls(
            rejection.seq,
            rejection.at,
            rejection.route,
            rejection.reason,
            rejection.place,
            rejection.size,
            rejection.digest,
            rejection.names,
            rejection.causes,
        )

    @property
    def name(self) -> str:
        return f"r{self.seq}"

    def as_json(self) -> dict[str, Any]:
        return {
            "rejection": self.name,
            "at": format_time(self.at),
            "route": self.route,
            "reason": self.reason,
            "place": self.place,
            "size": self.size,
            "sha256": self.sha256,
            "headers": list(self.headers),
            "causes": [
                {"cause": key, "place": place, "detail": detail}
                for key, place, detail in self.causes
            ],
        }


@dataclass(frozen=True)
class EventPage:
    """One page, newest first. `before` asks for the next one; None on the last."""

    events: tuple[EventSummary, ...]
    before: int | None

    def as_json(self) -> dict[str, Any]:
        return {"events": [event.as_json() for event in self.events], "before": self.before}


@dataclass(frozen=True)
class EventDetails:
    """An event with its headers and body, credentials and card numbers masked."""

    event: EventSummary
    headers: tuple[tuple[str, str], ...]
    body: str
    """"" once it was pruned."""
    pruned: bool
    traceback: str
    """Of the last attempt that failed, without values; "" for none."""

    def as_json(self) -> dict[str, Any]:
        headers = [list(pair) for pair in self.headers]
        details = {"headers": headers, "body": self.body, "traceback": self.traceback}
        return self.event.as_json() | details


def list_events(
    inbox: str | None, events: EventFilter, *, limit: int, before: int = 0
) -> EventPage:
    """At most `limit` events, newest first, with numbers below `before`. Raises `Problem`."""
    query = replace(events.query(limit), before=before)
    with open_inbox(inbox) as store:
        page = store.find(query)
    following = page[-1].seq if len(page) == limit else None
    return EventPage(tuple(map(EventSummary.of, page)), following)


def list_rejections(
    inbox: str | None, *, route: str = "", limit: int
) -> tuple[RejectionSummary, ...]:
    """The last `limit` rejections, newest first, of one route or of all. Raises `Problem`."""
    with open_inbox(inbox) as store:
        rejections = store.rejections(limit)
    return tuple(RejectionSummary.of(item) for item in rejections if route in ("", item.route))


def show_event(inbox: str | None, reference: str) -> EventDetails:
    """The event with a number or a provider's id; the last one for "". Raises `Problem`."""
    with open_inbox(inbox) as store:
        masked = show(find_event(store, reference))
    event = masked.event
    summary, pruned = EventSummary.of(event), event.request is None
    return EventDetails(summary, masked.headers, masked.body, pruned, event.traceback)


@contextmanager
def follow_events(inbox: str | None, events: EventFilter) -> Generator[EventFeed]:
    """A feed of what arrives in an inbox, for as long as the context lasts. Raises `Problem`."""
    query = events.query(limit=0)
    with open_inbox(inbox) as store:
        yield EventFeed(store, query)


class EventFeed:
    """Events, each once per state, and rejections, in the order in which they arrive."""

    def __init__(self, store: InboxStore, query: EventQuery) -> None:
        self._store = store
        self._query = query
        self._states: dict[int, str] = {}
        self._last_rejection = 0

    def latest(self, count: int) -> list[EventSummary | RejectionSummary]:
        """The last `count` events and rejections together, by the time of their arrival."""
        events = self._changed(replace(self._query, limit=count)) if count else []
        both: list[EventSummary | RejectionSummary] = [*events, *self._rejections(KEPT_REJECTIONS)]
        both.sort(key=_arrived_at)
        return both[-count:] if count else []

    def updates(self) -> list[EventSummary | RejectionSummary]:
        """What arrived, or changed its state, since the last call."""
        after = max(0, max(self._states, default=0) - OVERLAP)
        events = self._changed(replace(self._query, after=after, limit=1000))
        return [*events, *self._rejections(RECENT)]

    def _changed(self, query: EventQuery) -> list[EventSummary]:
        changed: list[EventSummary] = []
        for event in reversed(self._store.find(query)):
            if self._states.get(event.seq) != event.state:
                self._states[event.seq] = event.state
                changed.append(EventSummary.of(event))
        for seq in sorted(self._states)[: -2 * OVERLAP]:
            del self._states[seq]
        return changed

    def _rejections(self, limit: int) -> list[RejectionSummary]:
        """Those among the last `limit` that were not returned before."""
        query = self._query
        if query.state or query.type or query.text or query.id:
            return []
        fresh = [
            RejectionSummary.of(item)
            for item in reversed(self._store.rejections(limit))
            if item.seq > self._last_rejection and query.route in ("", item.route)
        ]
        if fresh:
            self._last_rejection = fresh[-1].seq
        return fresh


def _arrived_at(item: EventSummary | RejectionSummary) -> float:
    return item.received_at if isinstance(item, EventSummary) else item.at
