"""Is a secret that is about to retire still in use?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.operations.doctor.check import DAY, clock_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.webhooks.operations.doctor.check import RouteCheck, RouteHistory

IN_USE = 7 * DAY


def check_retiring(history: RouteHistory) -> Iterator[RouteCheck]:
    keys = history.overview.keys
    if not history.starts:
        return
    for name, until in history.starts[0].retiring.items():
        last = keys.get(name)
        if last is None or last < history.now - IN_USE or until <= history.now:
            continue
        yield history.check(
            "bad" if until < history.now + DAY else "warning",
            "retiring",
            name=name,
            last=clock_time(last),
            until=clock_time(until),
        )
