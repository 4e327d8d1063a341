"""When deliveries came: do the clocks agree, and is it too quiet?"""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from noctule.webhooks.operations.doctor.check import DAY, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.operations.doctor.check import RouteCheck, RouteHistory, Severity

SKEW = 120.0
"""Seconds that the clocks may differ, in the median of the last deliveries."""
HISTORY = 14 * DAY
"""Of the time before the last delivery, so much is looked at."""
STEP = 300.0
"""Deliveries within so many seconds count as one arrival: a burst says nothing of the gaps."""
QUIET = 3600.0
"""Silence shorter than this is never reported."""
UNUSUAL = 10.0
"""Silence is reported after so many times the median gap,"""
LONGER = 1.5
"""and so many times the longest gap, which covers nights and Sundays if there were any;"""
UNKNOWN = 5.0
"""so many times, if the history has not seen a whole week."""
WEEK = 8 * DAY
FEWEST = 6
"""Gaps that make a habit."""


def check_clock(history: RouteHistory) -> Iterator[RouteCheck]:
    """Deliveries do not arrive before they are signed, nor, in the median, long after."""
    if not history.arrivals:
        return
    last = history.arrivals[:50]
    ages = [a.received_at - a.signed_at for a in last if a.signed_at is not None]
    if not ages:
        yield history.check("good", "clock_unknown")
        return
    skew = median(ages)
    severity: Severity = "bad" if abs(skew) > SKEW else "warning" if skew < -2 else "good"
    key = "clock_skew" if severity != "good" else "clock"
    yield history.check(severity, key, seconds=f"{skew:+.1f}")


def check_silence(history: RouteHistory) -> Iterator[RouteCheck]:
    """Refused deliveries are no silence."""
    if not history.arrivals:
        return
    last = history.arrivals[0].received_at
    times = history.store.pauses(history.route, last - HISTORY, STEP)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    quiet = history.now - max(last, *(r.at for r in history.rejections[:1]), 0.0)
    if len(gaps) >= FEWEST:
        span = times[-1] - times[0]
        patience = LONGER if span >= WEEK else UNKNOWN
        if quiet > max(QUIET, UNUSUAL * median(gaps), patience * max(gaps)):
            values = {"days": f"{max(span / DAY, 0.1):.2g}", "longest": duration(max(gaps))}
            yield history.check("warning", "silence", quiet=duration(quiet), **values)
            return
    yield history.check("good", "heard", quiet=duration(history.now - last))
