"""Events that wait, and events that nobody will process unless somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.operations.doctor.check import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.operations.doctor.check import RouteCheck, RouteHistory, Severity

LAG = 60.0


def check_work(history: RouteHistory) -> Iterator[RouteCheck]:
    """Is the oldest due event too old, and does a worker hold any?"""
    overview = history.overview
    if not history.arrivals:
        return
    lag = history.now - overview.oldest_due if overview.oldest_due is not None else 0.0
    waiting = overview.states.get("pending", 0) + overview.states.get("leased", 0)
    count = f"{waiting:,}"
    if lag <= LAG:
        yield history.check("good", "no_lag", count=count)
        return
    held = history.store.held(history.route, history.now)
    key = "lag" if held else "unclaimed"
    yield history.check("bad", key, lag=duration(lag), count=count, held=str(held))


def check_aside(history: RouteHistory) -> Iterator[RouteCheck]:
    """Repeats that may be events: dropping them was asked for, quarantine was not."""
    states = history.overview.states
    if count := states.get("quarantined", 0):
        yield _aside(history, "warning", "aside_quarantined", count)
    if count := states.get("dropped", 0):
        yield _aside(history, "good", "aside_dropped", count)


def _aside(history: RouteHistory, severity: Severity, key: str, count: int) -> RouteCheck:
    return history.check(severity, key, count=f"{count:,}")
