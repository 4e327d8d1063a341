"""What is wrong, or about to be: secrets, clocks, lag, dead letters, silence.

Everything is read from the inbox and the environment; nothing is sent anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Literal

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.secrets import env

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noctule.webhooks.store.base import Arrival, Overview, Store

Severity = Literal["good", "warning", "bad"]
ARRIVALS = 500
SKEW = 120.0
"""Seconds that a provider's clock and ours may differ, in the median of the last deliveries."""
LAG = 60.0
QUIET = 900.0
"""Silence shorter than this is never told."""
UNUSUAL = 10.0
"""Times the usual gap, in the median, after which silence is told."""
LONGER = 1.5
"""Times the longest gap known, which nights and Sundays make."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `key` names its text in the catalogue."""

    severity: Severity
    key: str
    route: str
    values: Mapping[str, str]


def examine(store: Store, secrets: Mapping[str, Sequence[str]], now: float) -> Iterator[Check]:
    """Everything there is to say about the routes of an inbox and those that are configured.

    `secrets` gives the variables of each configured route.
    """
    overviews = {overview.route: overview for overview in store.overview()}
    for route in sorted({*overviews, *secrets}):
        yield from _secrets(route, secrets.get(route, ()))
        overview = overviews.get(route)
        if overview is None:
            yield Check("warning", "never", route, {})
            continue
        arrivals = store.arrivals(route, ARRIVALS)
        yield _clock(route, arrivals)
        yield _silence(route, arrivals, now)
        yield from _work(overview, now)


def _secrets(route: str, names: Sequence[str]) -> Iterator[Check]:
    for name in names:
        try:
            env(name).read()
        except ConfigurationError:
            yield Check("bad", "secret_missing", route, {"name": name})
        else:
            yield Check("good", "secret_present", route, {"name": name})


def _clock(route: str, arrivals: Sequence[Arrival]) -> Check:
    """A delivery cannot arrive before it was signed, nor, in the median, long after."""
    ages = [a.received_at - a.signed_at for a in arrivals[:50] if a.signed_at is not None]
    if not ages:
        return Check("good", "clock_unknown", route, {})
    skew = median(ages)
    severity: Severity = "bad" if abs(skew) > SKEW else "warning" if skew < -2 else "good"
    return Check(severity, "clock_skew" if severity != "good" else "clock", route,
                 {"seconds": f"{skew:+.1f}"})  # fmt: skip


def _silence(route: str, arrivals: Sequence[Arrival], now: float) -> Check:
    times = sorted(arrival.received_at for arrival in arrivals)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    quiet = now - times[-1] if times else 0.0
    if len(gaps) < 5:
        return Check("good", "heard", route, {"quiet": span(quiet)})
    usual = median(gaps)
    values = {"quiet": span(quiet), "usual": span(usual)}
    if quiet > max(QUIET, UNUSUAL * usual, LONGER * max(gaps)):
        return Check("warning", "silence", route, values)
    return Check("good", "heard", route, values)


def _work(overview: Overview, now: float) -> Iterator[Check]:
    lag = now - overview.oldest_due if overview.oldest_due is not None else 0.0
    states = {str(state): count for state, count in overview.states.items()}
    waiting = states.get("pending", 0) + states.get("leased", 0)
    if lag > LAG:
        yield Check("bad", "lag", overview.route, {"lag": span(lag), "count": str(waiting)})
    else:
        yield Check("good", "no_lag", overview.route, {"count": str(waiting)})
    for state in ("dead", "quarantined", "unhandled"):
        if count := states.get(state, 0):
            yield Check("warning", f"aside_{state}", overview.route, {"count": str(count)})


def span(seconds: float) -> str:
    """A length of time in its two largest units: `6 h 12 min`, `4 min`, `0.3 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{seconds // size:.0f} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds / 60:.0f} min"
