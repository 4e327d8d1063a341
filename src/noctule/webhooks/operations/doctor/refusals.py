"""Deliveries that are refused: how many, since when, why, and what changed then."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from noctule.webhooks.errors import Reason
from noctule.webhooks.operations.admin import replay_outcome
from noctule.webhooks.operations.doctor.check import ARRIVALS, DAY, clock_time
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.store.base import EventQuery

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noctule.webhooks.operations.doctor.check import RouteCheck, RouteHistory, Severity
    from noctule.webhooks.store.base import RejectedDelivery

REMEMBERED = 7 * DAY
"""Refusals after which nothing was accepted are told for so long."""
FEW = 3
MANY = 0.5
"""From this share of refused deliveries on, a route is broken;"""
SOME = 0.05
"""from this share and `FEW` on, it needs attention."""


def check_refusals(history: RouteHistory) -> Iterator[RouteCheck]:
    last = history.arrivals[0].received_at if history.arrivals else 0.0
    refused = [r for r in history.rejections if r.reason != str(Reason.METHOD)]
    streak = [r for r in refused if r.at > max(last, history.now - REMEMBERED)]
    if streak:
        yield _streak(history, streak, last)
        yield from _changed_secret(history)
        if _number(streak) >= FEW or not last:
            return
    yield from _mixed(history, refused)


def _streak(history: RouteHistory, streak: Sequence[RejectedDelivery], last: float) -> RouteCheck:
    """Nothing was accepted since the first of these refusals."""
    first, count = streak[-1].at, _number(streak)
    values = {
        **_what(streak),
        "count": f"{count:,}",
        "since": clock_time(first),
        "accepted": clock_time(last or None),
    }
    severity: Severity = "bad" if count >= FEW or not last else "warning"
    start = max((s.at for s in history.starts if last < s.at <= first), default=None)
    if start is not None and last:  # the last one before it was accepted, none after it
        return history.check(severity, "refused_since_start", **values, start=clock_time(start))
    return history.check(severity, "refused_all", **values)


def _mixed(history: RouteHistory, refused: Sequence[RejectedDelivery]) -> Iterator[RouteCheck]:
    """Some were accepted, within a day and the last `ARRIVALS`."""
    since = history.now - DAY
    if len(history.arrivals) == ARRIVALS:
        since = max(since, history.arrivals[-1].received_at)
    arrivals = [a.received_at for a in history.arrivals if a.received_at >= since]
    lately = [r for r in refused if r.at >= since]
    if not lately or not arrivals:
        return
    count, after = _number(lately), sum(at > lately[0].at for at in arrivals)
    total = count + len(arrivals)
    values = {
        **_what(lately),
        "count": f"{count:,}",
        "total": f"{total:,}",
        "after": f"{after:,}",
        "since": clock_time(lately[-1].at),
        "last": clock_time(lately[0].at),
    }
    if after >= FEW or count < FEW or count < SOME * total:
        yield history.check("good", "accepted_again" if after >= FEW else "refused_few", **values)
    else:
        yield history.check("bad" if count >= MANY * total else "warning", "refused_some", **values)


def _changed_secret(history: RouteHistory) -> Iterator[RouteCheck]:
    """Is the secret here another one than that which verified the last accepted delivery?"""
    for event in history.store.find(EventQuery(route=history.route, limit=1)):
        if replay_outcome(replace(event, state="done"), scheme_of) == "not_genuine":
            yield history.check(
                "bad",
                "secret_changed",
                name=event.key,
                event=f"#{event.seq}",
                at=clock_time(event.received_at),
            )


def _number(rejections: Sequence[RejectedDelivery]) -> int:
    return sum(rejection.deliveries for rejection in rejections)


def _what(rejections: Sequence[RejectedDelivery]) -> dict[str, str]:
    """The most frequent reason, and the last rejection that has it."""
    counts: Counter[str] = Counter()
    for rejection in rejections:
        counts[rejection.reason] += rejection.deliveries
    reason, _ = counts.most_common(1)[0]
    example = next(r for r in rejections if r.reason == reason)
    causes = ", ".join(key for key, _, _ in example.causes)
    return {
        "reason": f"{reason} ({causes})" if causes else reason,
        "example": f"r{example.seq}",
    }
