"""Cheap time limits for the calls of an event loop.

`asyncio.timeout` creates a timer per call: an entry in the loop's heap that is nearly always
removed again, since almost every call ends in time. Here, all calls whose time ends in the same
hundredth of a second share one timer, and a call that ends is removed from a set.
"""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from threading import local
from typing import Self

RATE = 100
"""Slots per second: a limit ends at most one slot late, and never early."""


class Timer:
    """The time limits of one loop. The number of a slot is the time of its end, in slots."""

    __slots__ = ("_handle", "_order", "_slots", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._slots: dict[int, set[TimeLimit]] = {}
        self._order: list[int] = []
        self._handle: asyncio.TimerHandle | None = None

    def slot(self, seconds: float) -> set[TimeLimit]:
        """The slot that ends in `seconds`; the limits in it expire then."""
        number = int((self.loop.time() + seconds) * RATE) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            heappush(self._order, number)
            if self._order[0] == number:
                self._schedule()
        return slot

    def _schedule(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self.loop.call_at(self._order[0] / RATE, self._expire_due)

    def _expire_due(self) -> None:
        self._handle = None
        now = self.loop.time() * RATE
        while self._order and self._order[0] <= now:
            for limit in self._slots.pop(heappop(self._order)):
                limit.expire()
        if self._order:
            self._schedule()


class _ThreadTimer(local):
    timer: Timer | None = None


_thread = _ThreadTimer()


class TimeLimit:
    """`with TimeLimit(seconds)`: `asyncio.timeout`, within a hundredth of a second; with None,
    `expire` alone ends it."""

    __slots__ = ("_cancelling", "_seconds", "_slot", "_task", "expired")

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self.expired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a time limit needs a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._slot: set[TimeLimit] | None = None
        if self._seconds is not None:
            loop = task.get_loop()
            timer = _thread.timer
            if timer is None or timer.loop is not loop:
                timer = _thread.timer = Timer(loop)
            self._slot = timer.slot(self._seconds)
            self._slot.add(self)
        return self

    def expire(self) -> None:
        """The time is over: cancel the block."""
        self.expired = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if not self.expired:
            if self._slot is not None:
                self._slot.discard(self)
        # The task may have been cancelled for another reason as well; then it stays cancelled.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError
