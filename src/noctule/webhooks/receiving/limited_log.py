"""Log lines that a stranger causes: one per kind and interval, with the number left out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock

INTERVAL = 10.0
"""Seconds between two lines of one kind."""

log = logging.getLogger("noctule.webhooks")


class LimitedLog:
    """Logs for one route. Kinds come from code, never from a sender, so there are few."""

    def __init__(self, route: str, clock: Clock) -> None:
        self._route = route
        self._clock = clock
        self._next_at: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def add(self, kind: str, text: str, level: int = logging.WARNING) -> None:
        """Log the kind and a text, unless a line of this kind was logged within the interval."""
        now = self._clock.monotonic()
        if now < self._next_at.get(kind, now):
            self._left_out[kind] = self._left_out.get(kind, 0) + 1
            return
        self._next_at[kind] = now + INTERVAL
        count = self._left_out.pop(kind, 0)
        more = f" ({count} more since the last such line)" if count else ""
        log.log(level, "webhooks %s: %s%s", self._route, f"{kind}: {text}" if text else kind, more)

    def flush(self) -> None:
        """Log the numbers that are left."""
        for kind, count in self._left_out.items():
            log.warning("webhooks %s: %s: %s more", self._route, kind, count)
        self._left_out.clear()
