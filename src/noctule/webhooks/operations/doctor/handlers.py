"""Handlers that fail: how many events, of which types, why, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.operations.doctor.check import DAY
from noctule.webhooks.processing.failure import STOPPED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.webhooks.operations.doctor.check import RouteCheck, RouteHistory, Severity
    from noctule.webhooks.store.base import FailureCount

TYPES = 4
"""That are named."""
PATIENCE = 3
"""Attempts after which a failure is no accident."""


def check_handlers(history: RouteHistory) -> Iterator[RouteCheck]:
    dead = [f for f in history.failures if f.state == "dead"]
    waiting = [f for f in history.failures if f.state in ("pending", "leased")]
    failing = [f for f in waiting if f.reason != STOPPED]
    unhandled = [f for f in history.failures if f.state == "unhandled"]
    if dead:
        yield _failing(history, "bad", "dead", dead, history.overview.states.get("dead", 0))
    if failing:
        often = any(failure.attempts >= PATIENCE for failure in failing)
        yield _failing(history, "bad" if often else "warning", "failing", failing)
    if unhandled:
        newest = history.store.get(max(failure.last for failure in unhandled))
        lately = newest is not None and newest.received_at >= history.now - DAY
        values = {"count": f"{_number(unhandled):,}", "types": _types(unhandled)}
        yield history.check("warning" if lately else "good", "unhandled", **values)


def _failing(
    history: RouteHistory,
    severity: Severity,
    key: str,
    failures: Sequence[FailureCount],
    total: int = 0,
) -> RouteCheck:
    """The most frequent reason is told, with the traceback of its last event."""
    main = max(failures, key=lambda failure: failure.events)
    event = history.store.get(main.last)
    return history.check(
        severity,
        key,
        count=f"{max(total, _number(failures)):,}",
        types=_types(failures),
        reason=main.reason,
        attempts=str(main.attempts),
        event=f"#{main.last}",
        number=str(main.last),
        traceback=event.traceback if event else "",
    )


def _number(failures: Sequence[FailureCount]) -> int:
    return sum(failure.events for failure in failures)


def _types(failures: Sequence[FailureCount]) -> str:
    """The most frequent types first."""
    types = list(dict.fromkeys(f.type or "–" for f in failures))
    return ", ".join(types[:TYPES]) + (" …" if len(types) > TYPES else "")
