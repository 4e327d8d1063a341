"""Time limits of an event loop's calls, for next to nothing.

`asyncio.timeout` makes a timer per call: an entry in the loop's heap that is taken out again,
since almost every call ends in time. Here the calls whose time ends in the same hundredth of a
second share one, and leaving it is a removal from a set.
"""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from threading import local
from typing import Self

RATE = 100
"""Slots per second: a limit is kept to within that part of one, and never too early."""


class Timer:
    """The limits of one loop. A slot's number is its end, in slots of the loop's clock."""

    __slots__ = ("_aimed", "_order", "_slots", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._slots: dict[int, set[TimeLimit]] = {}
        self._order: list[int] = []
        self._aimed: asyncio.TimerHandle | None = None

    def slot(self, seconds: float) -> set[TimeLimit]:
        """Those whose time ends with ours; being in it is being cancelled then."""
        number = int((self.loop.time() + seconds) * RATE) + 1
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = set()
            heappush(self._order, number)
            if self._order[0] == number:
                self._aim()
        return slot

    def _aim(self) -> None:
        if self._aimed is not None:
            self._aimed.cancel()
        self._aimed = self.loop.call_at(self._order[0] / RATE, self._ring)

    def _ring(self) -> None:
        self._aimed = None
        now = self.loop.time() * RATE
        while self._order and self._order[0] <= now:
            for limit in self._slots.pop(heappop(self._order)):
                limit.expire()
        if self._order:
            self._aim()


class _Here(local):
    timer: Timer | None = None


_here = _Here()


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
            timer = _here.timer
            if timer is None or timer.loop is not loop:
                timer = _here.timer = Timer(loop)
            self._slot = timer.slot(self._seconds)
            self._slot.add(self)
        return self

    def expire(self) -> None:
        """Time is over: cancel what is inside."""
        self.expired = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if not self.expired:
            if self._slot is not None:
                self._slot.discard(self)
        # Somebody else may have cancelled the task as well; then it stays cancelled.
        elif self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError
