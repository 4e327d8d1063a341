"""Replay everything that a query finds, at a limited rate, across interruptions.

The progress is in the inbox, and commits in the transaction that queues the events. A replay that
is killed continues where it was: no event is queued twice, and none is left out.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from noctule.webhooks.errors import EventConflict
from noctule.webhooks.operations.admin import ReplayOutcome, replay_outcome
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.store.base import EventQuery, TaskProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import InboxStore, StoredEvent

PAGE = 100
"""Events in memory at once: a body may have a MiB."""


@dataclass(frozen=True)
class BulkReplay:
    """How far a bulk replay is.

    `query` stays as it was at the start: "two hours ago" does not move, and new events are not part
    of it. `last` is the number of the last event examined, `outcomes` counts those so far.
    `next_at` is when the rate allows the next event, in seconds since the epoch.
    """

    query: EventQuery
    last: int = 0
    outcomes: Counter[ReplayOutcome] = field(default_factory=Counter[ReplayOutcome])
    next_at: float = 0.0

    @property
    def done(self) -> int:
        """The number of events examined."""
        return self.outcomes.total()

    def next_page(self, store: InboxStore, size: int) -> list[StoredEvent]:
        """The next events, at most `size`."""
        limit = min(size, self.query.limit - self.done)
        query = replace(
            self.query, after=max(self.last, self.query.after), limit=limit, oldest_first=True
        )
        return store.find(query) if limit > 0 else []

    def after(self, outcomes: Mapping[int, ReplayOutcome], next_at: float) -> BulkReplay:
        """The progress after these events."""
        return replace(
            self,
            last=max(outcomes),
            outcomes=self.outcomes + Counter(outcomes.values()),
            next_at=next_at,
        )

    @property
    def progress(self) -> TaskProgress:
        """The same as the store keeps it."""
        details = {"query": asdict(self.query), "outcomes": self.outcomes, "next_at": self.next_at}
        return TaskProgress(self.last, json.dumps(details))


def interrupted(store: InboxStore, name: str) -> BulkReplay | None:
    """The unfinished replay of that name, if there is one."""
    progress = store.progress(name)
    if progress is None:
        return None
    details = json.loads(progress.details)
    outcomes = Counter[ReplayOutcome](details["outcomes"])
    return BulkReplay(
        EventQuery(**details["query"]), progress.position, outcomes, details["next_at"]
    )


def replay_all(
    store: InboxStore,
    query: EventQuery,
    *,
    name: str,
    per_second: float = 0.0,
    dry_run: bool = False,
    scheme: Callable[[str], Scheme] = scheme_of,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[BulkReplay]:
    """Replay every event that a query finds now, the oldest first.

    An interrupted replay of the same `name` continues with its own query. Yields the progress at
    the start and after each page. `per_second` limits the rate; at most one second's worth is
    queued ahead. Raises InboxError; EventConflict if another process runs the same replay.
    """
    bulk = _start(store, query, None if dry_run else name)
    schemes = cache(scheme)
    interval = 1 / per_second if per_second else 0.0
    size = max(1, min(PAGE, int(per_second))) if per_second else PAGE
    yield bulk
    while page := bulk.next_page(store, size):
        outcomes: dict[int, ReplayOutcome] = {
            event.seq: _outcome(event, bulk.query, schemes) for event in page
        }
        queued = [seq for seq, outcome in outcomes.items() if outcome == "queued"]
        # At most as long as a page takes, in case the clock was set back or the rate has changed.
        wait = min(max(0.0, bulk.next_at - now()), size * interval) if queued and not dry_run else 0
        start = now() + wait
        next_at = start + len(queued) * interval if queued else bulk.next_at
        advanced = bulk.after(outcomes, next_at)
        if not dry_run:
            sleep(wait)
            due = {seq: start + index * interval for index, seq in enumerate(queued)}
            _commit(store, name, bulk, advanced, due)
        bulk = advanced
        yield bulk
    if not dry_run:
        store.end(name)


def _outcome(
    event: StoredEvent, query: EventQuery, scheme: Callable[[str], Scheme]
) -> ReplayOutcome:
    """Quarantined and dropped events may be replays, so they are replayed only if asked for."""
    if event.state != query.state and event.state in ("quarantined", "dropped"):
        return event.state
    return replay_outcome(event, scheme)


def _start(store: InboxStore, query: EventQuery, name: str | None) -> BulkReplay:
    if name and (unfinished := interrupted(store, name)):
        return unfinished
    newest: Sequence[StoredEvent] = store.find(EventQuery(limit=1))
    end = max((event.seq for event in newest), default=0) + 1
    bulk = BulkReplay(replace(query, before=min(end, query.before or end)), query.after)
    if name and not store.advance(name, None, bulk.progress):
        raise EventConflict("another process runs the same replay")
    return bulk


def _commit(
    store: InboxStore,
    name: str,
    bulk: BulkReplay,
    advanced: BulkReplay,
    due: Mapping[int, float],
) -> None:
    """Queue the events and store the progress, both or neither."""
    with store.transaction():
        if not store.advance(name, bulk.last, advanced.progress):
            raise EventConflict("another process runs the same replay")
        store.requeue(due)
