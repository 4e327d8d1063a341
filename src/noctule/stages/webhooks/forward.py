"""Forward events from an inbox to an application in development."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.events import EventSummary
from noctule.stages.webhooks.inbox import open_inbox
from noctule.webhooks.operations.forward import Bookmark, forward
from noctule.webhooks.store.base import EventQuery
from noctule.webhooks.store.open import default_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.stages.webhooks.inbox import EventFilter
    from noctule.webhooks.operations.forward import ForwardOutcome
    from noctule.webhooks.store.base import InboxStore, StoredEvent

PAGE = 100
POLL = 0.3
"""Seconds between looks at an inbox without new events."""
WAITS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between attempts while the target cannot be reached."""
TIMEOUT = 30.0


@dataclass(frozen=True)
class ForwardResult:
    """`last` is the number of the last event tried, `failed` how many the target refused."""

    last: int
    failed: int
    complete: bool
    """Whether every event that was asked for was delivered."""


def forward_events(
    inbox: str | None,
    events: EventFilter,
    target: str,
    *,
    from_start: bool = False,
    retry_failed: bool = False,
    once: bool = False,
    on_event: Callable[[EventSummary, bool], None] = lambda _event, _delivered: None,
    on_unreachable: Callable[[], None] = lambda: None,
) -> ForwardResult:
    """Forward events to the URL `target`: until Ctrl-C, or with `once` until none is left.

    `on_event` gets each event and whether the target accepted it; `on_unreachable` is called when
    the target stops responding. Raises `Problem`.
    """
    query = events.query(PAGE)
    try:
        bookmark = Bookmark.of(Path(".noctule"), inbox or default_place(), target)
    except (ValueError, OSError) as error:
        raise Problem(
            "webhooks.no_bookmark", exit=Exit.OUTSIDE, place=target, cause=str(error)
        ) from error
    with open_inbox(inbox) as store:
        forwarder = _Forwarder(store, bookmark, target, on_event, on_unreachable)
        if not bookmark.path.exists() and not from_start:
            forwarder.skip_existing()
        try:
            if retry_failed:
                forwarder.retry_failed()
            reached = forwarder.run(query, once=once)
        except KeyboardInterrupt:
            reached = True
    complete = reached and not (once and bookmark.failed)
    return ForwardResult(bookmark.last, len(bookmark.failed), complete)


@dataclass
class _Forwarder:
    store: InboxStore
    bookmark: Bookmark
    target: str
    on_event: Callable[[EventSummary, bool], None]
    on_unreachable: Callable[[], None]
    failures: int = 0
    """Attempts in a row that did not reach the target."""

    def skip_existing(self) -> None:
        newest = self.store.find(EventQuery(limit=1))
        self.bookmark.last = max((event.seq for event in newest), default=0)
        self.bookmark.save()

    def retry_failed(self) -> None:
        for seq in list(self.bookmark.failed):
            event = self.store.get(seq)
            if event is not None:
                self._send(event)

    def run(self, query: EventQuery, *, once: bool) -> bool:
        """Forward what arrives. With `once`, returns whether the target could be reached."""
        while True:
            page = self.store.find(replace(query, after=self.bookmark.last, oldest_first=True))
            reached = all(self._send(event) != "unreachable" for event in page)
            if once and (not page or not reached):
                return reached
            if not reached:
                time.sleep(WAITS[min(self.failures, len(WAITS)) - 1])
            elif not page:
                time.sleep(POLL)

    def _send(self, event: StoredEvent) -> ForwardOutcome:
        outcome = forward(event, self.target, _post)
        if outcome == "unreachable":
            self.failures += 1
            if self.failures == 1:
                self.on_unreachable()
            return outcome
        self.failures = 0
        self.bookmark.record(event.seq, outcome)
        self.on_event(EventSummary.of(event), outcome == "delivered")
        return outcome


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    try:
        return httpx2.post(url, headers=dict(headers), content=body, timeout=TIMEOUT).status_code
    except httpx2.HTTPError as error:
        raise OSError(type(error).__name__) from error
