"""How many deliveries may be inside at once so that each has its answer in time.

What a machine and its disk can take is not known beforehand, so the limit is learned. Those inside
and the time that each takes go together (Little's law): a delivery that was slow says how many
would not have been, one that was quick adds a little. Who comes when the limit is reached is told
so at once, before anything is worked out. A body that is still on its way does not count: its
sender alone decides how long that takes. Nor does the time in which a delivery waits for a key that
its provider publishes: it says nothing of this machine.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

FIRST = 256.0
LEAST, MOST = 32.0, 2048.0
SLOW = 0.1
"""Seconds. The slowest answer may take 0.4; the server, the network and what is not foreseen need
some of that."""


_ELSEWHERE: ContextVar[float] = ContextVar("noctule_webhooks_elsewhere", default=0.0)


def elsewhere() -> float:
    """Seconds that this task has waited for somebody else's server."""
    return _ELSEWHERE.get()


@contextmanager
def waiting_elsewhere() -> Generator[None]:
    """Count the time inside as spent elsewhere."""
    began = time.monotonic()
    try:
        yield
    finally:
        _ELSEWHERE.set(_ELSEWHERE.get() + time.monotonic() - began)


class ConcurrencyLimit:
    """The deliveries that are inside now, and how many may be."""

    def __init__(self) -> None:
        self.inside = 0
        self.limit = FIRST
        self._cut_at = float("-inf")

    @property
    def is_full(self) -> bool:
        return self.inside >= self.limit

    def left(self, now: float, took: float) -> None:
        """One went out at `now`, after so many seconds. The limit is cut once for all that were
        inside together, and grows only where it was needed."""
        if took > SLOW:
            if now - took >= self._cut_at:
                self._cut_at = now
                self.limit = max(LEAST, min(self.limit, self.inside * SLOW / took))
        elif self.inside * 2 > self.limit:
            self.limit = min(MOST, self.limit + 1 / self.limit)
        self.inside -= 1
