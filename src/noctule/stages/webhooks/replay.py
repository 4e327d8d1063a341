"""Process stored events again: those named, or all that a filter matches."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from noctule.problem import Exit, Problem
from noctule.stages.webhooks.inbox import as_problem, find_event, open_inbox
from noctule.webhooks.errors import EventConflict, InboxError
from noctule.webhooks.operations.admin import replay
from noctule.webhooks.operations.bulk_replay import interrupted, replay_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noctule.stages.webhooks.inbox import EventFilter
    from noctule.webhooks.operations.bulk_replay import BulkReplay
    from noctule.webhooks.store.base import InboxStore

HARMLESS = frozenset({"queued", "waiting", "quarantined", "dropped"})
"""Outcomes that need nobody's attention."""


@dataclass(frozen=True)
class ReplayProgress:
    """Where a replay is: `count` events examined, up to number `last` of `newest`."""

    count: int
    last: int
    newest: int
    resumed: bool = False
    """Whether it continues a replay that was interrupted."""


@dataclass(frozen=True)
class ReplayResult:
    """How many events had which outcome, the most frequent first."""

    outcomes: Mapping[str, int]
    dry_run: bool
    interrupted_after: int | None = None
    """Events examined before it was interrupted; None if it ran to its end."""

    @property
    def good(self) -> bool:
        return set(self.outcomes) <= HARMLESS

    def as_json(self) -> dict[str, Any]:
        return {"outcomes": dict(self.outcomes), "dry_run": self.dry_run}


def replay_events(
    inbox: str | None, references: Sequence[str], *, per_second: float = 0.0, dry_run: bool = False
) -> ReplayResult:
    """Queue the events with these numbers or provider's ids. Raises `Problem`."""
    with open_inbox(inbox) as store:
        events = [find_event(store, reference) for reference in references]
        outcomes = replay(store, events, now=time.time(), per_second=per_second, dry_run=dry_run)
    return _result(Counter(outcomes.values()), dry_run=dry_run)


def replay_matching(
    inbox: str | None,
    events: EventFilter,
    *,
    limit: int | None = None,
    per_second: float = 0.0,
    dry_run: bool = False,
    restart: bool = False,
    on_progress: Callable[[ReplayProgress], None] = lambda _: None,
) -> ReplayResult:
    """Queue what a filter matches, the oldest first, at most `limit` events.

    The progress is kept in the inbox: after an interruption, the same filter and limit resume
    there, unless `restart`. Raises `Problem`.
    """
    query = events.query(limit or sys.maxsize)
    name = _name(events, limit)
    with open_inbox(inbox) as store:
        if restart:
            store.end(name)
        try:
            progress = replay_all(store, query, name=name, per_second=per_second, dry_run=dry_run)
            bulk = next(progress)
            if bulk.done:
                on_progress(_progress(bulk, resumed=True))
            for bulk in progress:
                on_progress(_progress(bulk))
        except EventConflict:
            raise
        except InboxError as error:
            if dry_run:
                raise
            raise Problem("webhooks.replay_cut", exit=Exit.OUTSIDE, cause=str(error)) from error
        except KeyboardInterrupt:
            if dry_run:
                raise
            return _interrupted(store, name)
    return _result(bulk.outcomes, dry_run=dry_run)


def _name(events: EventFilter, limit: int | None) -> str:
    """A name made of what was typed, so that the same command finds its replay again."""
    typed = json.dumps(asdict(events) | {"limit": limit}, sort_keys=True)
    return "replay " + hashlib.sha256(typed.encode()).hexdigest()[:16]


def _progress(bulk: BulkReplay, *, resumed: bool = False) -> ReplayProgress:
    return ReplayProgress(bulk.done, bulk.last, bulk.query.before - 1, resumed)


def _interrupted(store: InboxStore, name: str) -> ReplayResult:
    with as_problem():
        bulk = interrupted(store, name)
    if bulk is None:
        return ReplayResult({}, dry_run=False, interrupted_after=0)
    result = _result(bulk.outcomes, dry_run=False)
    return replace(result, interrupted_after=bulk.done)


def _result(outcomes: Counter[Any], *, dry_run: bool) -> ReplayResult:
    return ReplayResult(dict(outcomes.most_common()), dry_run)
