"""The result of one check of a route, and how its values are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.webhooks.store.base import (
        Arrival,
        FailureCount,
        InboxStore,
        ReceiverStart,
        RejectedDelivery,
        RouteOverview,
    )

Severity = Literal["good", "warning", "bad"]
DAY = 86400.0
ARRIVALS = 500
"""Accepted deliveries of a route that are looked at."""


@dataclass(frozen=True)
class RouteCheck:
    """The result of one check. `key` names its text in the catalogue."""

    severity: Severity
    key: str
    route: str
    values: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class RouteHistory:
    """What the inbox knows of one route. `now` is in seconds since the epoch, like every time."""

    store: InboxStore
    route: str
    now: float
    overview: RouteOverview
    arrivals: list[Arrival]
    """The last accepted deliveries, newest first."""
    rejections: list[RejectedDelivery]
    """Newest first."""
    failures: list[FailureCount]
    starts: list[ReceiverStart]
    """Newest first."""

    def check(self, severity: Severity, key: str, **values: str) -> RouteCheck:
        return RouteCheck(severity, key, self.route, values)


def duration(seconds: float) -> str:
    """A duration in its two largest units: `6 h 12 min`, `4 min`, `0.3 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{seconds // size:.0f} {unit}" + (f" {rest} {name}" if rest else "")
    return f"{seconds / 60:.0f} min"


def clock_time(moment: float | None) -> str:
    """As an operator reads it: date and time of this machine; – for none."""
    if moment is None:
        return "–"
    return datetime.fromtimestamp(moment).astimezone().strftime("%Y-%m-%d %H:%M")
