"""Clocks for tests."""

from __future__ import annotations

import asyncio
import heapq
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime.timer import TimeLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

START = 1_800_000_000.0
"""The first `time()` of a VirtualClock: 15 January 2027, 08:00 UTC."""

IDLE_ROUNDS = 25
"""Turns of the event loop without a new alarm, after which all tasks are taken to be waiting."""


@dataclass(order=True)
class _Alarm:
    time: float
    number: int
    ring: Callable[[], object] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)


class VirtualClock:
    """A clock that jumps: no test waits, and every wait takes exactly its time.

    When all tasks sleep, it jumps to the time at which the first one wakes. It only knows of tasks
    that wait on it, so use it with `MockProvider`, and a `FastClock` with real sockets.
    """

    def __init__(self, start: float = START) -> None:
        self._start = start
        self._now = 0.0
        self._alarms: list[_Alarm] = []
        self._count = 0
        self._rounds = 0
        self._loop: asyncio.AbstractEventLoop | None = None

    def monotonic(self) -> float:
        return self._now

    def time(self) -> float:
        return self._start + self._now

    def real(self, seconds: float) -> float:
        """0: nothing waits on the machine's clock."""
        return min(seconds, 0.0)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and wake the tasks that are due."""
        self.block(seconds)
        self._ring()

    def block(self, seconds: float) -> None:
        self._now += max(0.0, seconds)

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.Event()
        alarm = self._set(seconds, woken.set)
        try:
            await woken.wait()
        finally:
            alarm.cancelled = True

    @contextmanager
    def timeout(self, seconds: float) -> Generator[None]:
        with TimeLimit(None) as limit:
            alarm = self._set(seconds, limit.expire)
            try:
                yield
            finally:
                alarm.cancelled = True

    def _set(self, seconds: float, ring: Callable[[], object]) -> _Alarm:
        self._count += 1
        alarm = _Alarm(self._now + max(0.0, seconds), self._count, ring)
        heapq.heappush(self._alarms, alarm)
        self._rounds = IDLE_ROUNDS
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._watch, loop)
        return alarm

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._alarms and self._alarms[0].cancelled:
            heapq.heappop(self._alarms)
        if not self._alarms:
            self._loop = None
            return
        self._rounds -= 1
        if self._rounds <= 0:
            self._now = max(self._now, self._alarms[0].time)
            self._ring()
        loop.call_soon(self._watch, loop)

    def _ring(self) -> None:
        while self._alarms and self._alarms[0].time <= self._now:
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.ring()
        self._rounds = IDLE_ROUNDS


class FastClock:
    """The machine's clock, `speed` times faster: sleeps, timeouts and deadlines all shrink."""

    def __init__(self, speed: float = 100.0) -> None:
        self.speed = speed
        self._zero = time.monotonic()
        self._start = time.time()

    def monotonic(self) -> float:
        return (time.monotonic() - self._zero) * self.speed

    def time(self) -> float:
        return self._start + self.monotonic()

    def real(self, seconds: float) -> float:
        return seconds / self.speed

    def block(self, seconds: float) -> None:
        time.sleep(self.real(seconds))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.real(seconds))

    def timeout(self, seconds: float) -> AbstractContextManager[object]:
        return TimeLimit(self.real(seconds))
