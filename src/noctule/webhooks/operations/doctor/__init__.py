"""Diagnose the routes of an inbox: refusals, handlers, work, clocks, silence, secrets.

Everything is read from the inbox; nothing is sent. Every query is bounded or led by an index, so
that a million events take less than a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.operations.doctor.arrivals import check_clock, check_silence
from noctule.webhooks.operations.doctor.check import ARRIVALS, RouteCheck, RouteHistory, duration
from noctule.webhooks.operations.doctor.handlers import check_handlers
from noctule.webhooks.operations.doctor.refusals import check_refusals
from noctule.webhooks.operations.doctor.retiring import check_retiring
from noctule.webhooks.operations.doctor.work import check_aside, check_work
from noctule.webhooks.store.base import KEPT_REJECTIONS, RouteOverview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from noctule.webhooks.store.base import InboxStore

__all__ = ["RouteCheck", "check_routes", "duration"]

CHECKS: tuple[Callable[[RouteHistory], Iterable[RouteCheck]], ...] = (
    check_refusals,
    check_handlers,
    check_work,
    check_aside,
    check_clock,
    check_silence,
    check_retiring,
)


def check_routes(store: InboxStore, configured: Iterable[str], now: float) -> Iterator[RouteCheck]:
    """The findings about every route in the inbox or in the configuration."""
    overviews = {overview.route: overview for overview in store.overview(count_done=False)}
    rejections, failures = store.rejections(KEPT_REJECTIONS), store.failures()
    refused = {rejection.route for rejection in rejections}
    for route in sorted({*overviews, *refused, *configured}):
        overview = overviews.get(route) or RouteOverview(route, {}, 0.0, None, {})
        history = RouteHistory(
            store,
            route,
            now,
            overview,
            store.arrivals(route, ARRIVALS, signed=any(overview.keys)),
            [rejection for rejection in rejections if rejection.route == route],
            [failure for failure in failures if failure.route == route],
            store.starts(route),
        )
        if not history.arrivals and not history.rejections:
            yield history.check("warning", "never")
        for check in CHECKS:
            yield from check(history)
