"""The bulkhead: a limit on concurrent calls, so that a slow provider cannot take all connections.

    try_acquire() ──True────────────────────────────────────> the call has a permit ──> release()
          │                                                               ^
          └─False─> enqueue() ─> waiter ──grant_next(): waiter.granted────┘
                                   └────cancel(waiter): it gave up waiting

Permits are granted in the order of arrival, until the oldest waiter has used up half of its time.
From then on the newest one goes first: in an overload it has time left to use the permit, while
the oldest would get it just before it gives up.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Waiter:
    """A call that waits for a permit, `max_wait` seconds at most."""

    __slots__ = ("cancelled", "granted", "half_time", "max_wait", "wake")

    def __init__(self, now: float = 0.0, max_wait: float = 0.0) -> None:
        self.max_wait = max_wait
        self.half_time = now + max_wait / 2
        """When half of the wait is over."""
        self.granted = False
        self.cancelled = False
        self.wake: Callable[[], None] | None = None
        """Called when the permit is granted."""


class Bulkhead:
    """`max_concurrency` permits, each for one call.

    `try_acquire` and `release` are each one step on a list, so that threads need no lock for
    them; the other methods need one. A permit may be released between a failed `try_acquire` and
    the `enqueue` after it, so whoever enqueues calls `grant_next`, as does whoever releases a
    permit while others wait.
    """

    __slots__ = ("_permits", "max_concurrency", "queue", "release")

    def __init__(self, max_concurrency: int) -> None:
        self.max_concurrency = max_concurrency
        self._permits: list[None] = [None] * max_concurrency
        self.release: Callable[[], None] = partial(self._permits.append, None)
        """Return a permit."""
        self.queue: deque[Waiter] = deque()

    def try_acquire(self) -> bool:
        """Take a permit if one is free and nobody waits for it."""
        if self.queue:
            return False
        try:
            self._permits.pop()
        except IndexError:
            return False
        return True

    def enqueue(self, now: float, max_wait: float) -> Waiter:
        """Wait for a permit; `grant_next` grants it."""
        waiter = Waiter(now, max_wait)
        self.queue.append(waiter)
        return waiter

    def cancel(self, waiter: Waiter) -> None:
        """Give up waiting, or return the permit if it was granted."""
        if waiter.granted:
            self.release()
        waiter.cancelled = True

    def grant_next(self, now: float) -> Waiter | None:
        """Grant a free permit to the next waiter; returns it, to be woken."""
        queue = self.queue
        while queue and queue[0].cancelled:
            queue.popleft()
        newest_first = bool(queue) and queue[0].half_time < now
        while newest_first and queue[-1].cancelled:
            queue.pop()
        if not queue:
            return None
        try:
            self._permits.pop()
        except IndexError:
            return None
        waiter = queue.pop() if newest_first else queue.popleft()
        waiter.granted = True
        return waiter

    @property
    def active_calls(self) -> int:
        """Calls that have a permit."""
        return self.max_concurrency - len(self._permits)
