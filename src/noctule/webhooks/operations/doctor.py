"""Diagnose the routes of an inbox: clocks, lag, dead events, silence.

Everything is read from the inbox; nothing is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from noctule.webhooks.store.base import Arrival, InboxStore, RouteOverview

Severity = Literal["good", "warning", "bad"]
ARRIVALS = 500
SKEW = 120.0
"""Seconds that the clocks may differ, in the median of the last deliveries."""
LAG = 60.0
QUIET = 900.0
"""Silence shorter than this is never reported."""
UNUSUAL = 10.0
"""Silence is reported after so many times the median gap,"""
LONGER = 1.5
"""and so many times the longest gap, which covers nights and Sundays."""


@dataclass(frozen=True)
class RouteCheck:
    """The result of one check. `key` names its text in the catalogue."""

    severity: Severity
    key: str
    route: str
    values: Mapping[str, str]


def check_routes(store: InboxStore, configured: Iterable[str], now: float) -> Iterator[RouteCheck]:
    """The findings about every route in the inbox or in the configuration."""
    overviews = {overview.route: overview for overview in store.overview()}
    for route in sorted({*overviews, *configured}):
        overview = overviews.get(route)
        if overview is None:
            yield RouteCheck("warning", "never", route, {})
            continue
        arrivals = store.arrivals(route, ARRIVALS)
        yield _clock(route, arrivals)
        yield _silence(route, arrivals, now)
        yield from _work(overview, now)


def _clock(route: str, arrivals: Sequence[Arrival]) -> RouteCheck:
    """Deliveries do not arrive before they are signed, nor, in the median, long after."""
    ages = [a.received_at - a.signed_at for a in arrivals[:50] if a.signed_at is not None]
    if not ages:
        return RouteCheck("good", "clock_unknown", route, {})
    skew = median(ages)
    severity: Severity = "bad" if abs(skew) > SKEW else "warning" if skew < -2 else "good"
    return RouteCheck(severity, "clock_skew" if severity != "good" else "clock", route,
                 {"seconds": f"{skew:+.1f}"})  # fmt: skip


def _silence(route: str, arrivals: Sequence[Arrival], now: float) -> RouteCheck:
    times = sorted(arrival.received_at for arrival in arrivals)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    quiet = now - times[-1] if times else 0.0
    if len(gaps) < 5:
        return RouteCheck("good", "heard", route, {"quiet": duration(quiet)})
    usual = median(gaps)
    values = {"quiet": duration(quiet), "usual": duration(usual)}
    if quiet > max(QUIET, UNUSUAL * usual, LONGER * max(gaps)):
        return RouteCheck("warning", "silence", route, values)
    return RouteCheck("good", "heard", route, values)


def _work(overview: RouteOverview, now: float) -> Iterator[RouteCheck]:
    lag = now - overview.oldest_due if overview.oldest_due is not None else 0.0
    states = {str(state): count for state, count in overview.states.items()}
    waiting = states.get("pending", 0) + states.get("leased", 0)
    if lag > LAG:
        yield RouteCheck(
            "bad", "lag", overview.route, {"lag": duration(lag), "count": str(waiting)}
        )
    else:
        yield RouteCheck("good", "no_lag", overview.route, {"count": str(waiting)})
    for state in ("dead", "quarantined", "unhandled", "dropped"):
        if count := states.get(state, 0):
            severity: Severity = "good" if state == "dropped" else "warning"
            yield RouteCheck(severity, f"aside_{state}", overview.route, {"count": str(count)})


def duration(seconds: float) -> str:
    """A duration in its two largest units: `6 h 12 min`, `4 min`, `0.3 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{seconds // size:.0f} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds / 60:.0f} min"
