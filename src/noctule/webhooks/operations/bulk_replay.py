"""A bulk replay: everything that a query finds, at a rate, and whole whatever happens to it.

How far it is lies in the inbox itself, and moves in the transaction that queues the events. Killed
at any moment it goes on where it was: nothing is queued twice, and nothing is left out.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from noctule.webhooks.errors import EventConflict
from noctule.webhooks.operations.admin import Replayed, judged
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.store.base import Progress, Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import Store, Stored

PAGE = 100
"""Events in memory at once: a body may have a MiB."""


@dataclass(frozen=True)
class Bulk:
    """How far a bulk replay is.

    `query` is what it was when it began: "two hours ago" stays where it was, and what comes in
    meanwhile is not part of it. `last` is the number of the last event that was looked at, and
    `outcomes` counts what became of those so far. `free` is when the rate lets the next one out,
    in seconds since the epoch.
    """

    query: Query
    last: int = 0
    outcomes: Counter[Replayed] = field(default_factory=Counter[Replayed])
    free: float = 0.0

    @property
    def done(self) -> int:
        """How many events were looked at."""
        return self.outcomes.total()

    def next(self, store: Store, size: int) -> list[Stored]:
        """The following events, no more than `size`."""
        left = min(size, self.query.limit - self.done)
        query = replace(
            self.query, after=max(self.last, self.query.after), limit=left, oldest_first=True
        )
        return store.find(query) if left > 0 else []

    def after(self, found: Mapping[int, Replayed], free: float) -> Bulk:
        """How far it is after these."""
        return replace(
            self, last=max(found), outcomes=self.outcomes + Counter(found.values()), free=free
        )

    @property
    def progress(self) -> Progress:
        """As the store keeps it."""
        notes = {"query": asdict(self.query), "outcomes": self.outcomes, "free": self.free}
        return Progress(self.last, json.dumps(notes))


def interrupted(store: Store, name: str) -> Bulk | None:
    """The replay of that name that has not ended."""
    known = store.progress(name)
    if known is None:
        return None
    notes = json.loads(known.notes)
    outcomes = Counter[Replayed](notes["outcomes"])
    return Bulk(Query(**notes["query"]), known.place, outcomes, notes["free"])


def replay_all(
    store: Store,
    query: Query,
    *,
    name: str,
    per_second: float = 0.0,
    dry_run: bool = False,
    scheme: Callable[[str], Scheme] = scheme_of,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Bulk]:
    """Replay everything that a query finds and that is there now, the oldest first.

    One that was interrupted under the same `name` goes on with its own query. Yields where it
    begins, then after each page. `per_second` caps the rate: no more than a second's worth is
    queued ahead. Raises InboxError; Conflict if somebody else is at the same replay.
    """
    bulk = _begin(store, query, None if dry_run else name)
    schemes = cache(scheme)
    pace = 1 / per_second if per_second else 0.0
    size = max(1, min(PAGE, int(per_second))) if per_second else PAGE
    yield bulk
    while page := bulk.next(store, size):
        found: dict[int, Replayed] = {
            event.seq: _judged(event, bulk.query, schemes) for event in page
        }
        queued = [seq for seq, outcome in found.items() if outcome == "queued"]
        # No longer than a page takes, should the clock be put back or the rate be another one now.
        wait = min(max(0.0, bulk.free - now()), size * pace) if queued and not dry_run else 0.0
        start = now() + wait
        following = bulk.after(found, start + len(queued) * pace if queued else bulk.free)
        if not dry_run:
            sleep(wait)
            due = {seq: start + place * pace for place, seq in enumerate(queued)}
            _move(store, name, bulk, following, due)
        bulk = following
        yield bulk
    if not dry_run:
        store.end(name)


def _judged(event: Stored, query: Query, scheme: Callable[[str], Scheme]) -> Replayed:
    """A suspect is what a replay attack looks like: only who asks for suspects means it."""
    if event.state == "quarantined" != query.state:
        return "quarantined"
    return judged(event, scheme)


def _begin(store: Store, query: Query, name: str | None) -> Bulk:
    if name and (known := interrupted(store, name)):
        return known
    newest: Sequence[Stored] = store.find(Query(limit=1))
    top = max((event.seq for event in newest), default=0) + 1
    bulk = Bulk(replace(query, before=min(top, query.before or top)), query.after)
    if name and not store.advance(name, None, bulk.progress):
        raise EventConflict("another process is at the same replay")
    return bulk


def _move(store: Store, name: str, bulk: Bulk, following: Bulk, due: Mapping[int, float]) -> None:
    """Queue events and say so, both or neither."""
    with store.transaction():
        if not store.advance(name, bulk.last, following.progress):
            raise EventConflict("another process is at the same replay")
        store.requeue(due)
