"""Clocks: time as an argument, so that tests can replace it.

Policies and drivers never read the machine's clock. Tests use a `VirtualClock`, which does not
wait, or a `FastClock`, on which time runs faster (both in `noctule.runtime.testing`).
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator
    from contextlib import AbstractContextManager

    from noctule.runtime.timer import TimeLimit


class Clock(Protocol):
    """All durations are seconds of this clock."""

    def monotonic(self) -> float:
        """Seconds that only ever grow."""
        ...

    def time(self) -> float:
        """Seconds since the epoch, for comparison with a provider's dates."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    def block(self, seconds: float) -> None:
        """`sleep` for a thread."""
        ...

    def timeout(self, seconds: float) -> AbstractContextManager[object]:
        """Cancel the task's block after `seconds` and raise TimeoutError."""
        ...

    def real(self, seconds: float) -> float:
        """The same duration on the machine's clock, for sockets and locks."""
        ...


@cache
def _time_limit() -> type[TimeLimit]:
    """Imported only when needed: threads need neither it nor asyncio."""
    from noctule.runtime.timer import TimeLimit

    return TimeLimit


class SystemClock:
    """The machine's clock."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def block(self, seconds: float) -> None:
        time.sleep(seconds)

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(seconds)

    def timeout(self, seconds: float) -> AbstractContextManager[object]:
        return _time_limit()(seconds)

    def real(self, seconds: float) -> float:
        return seconds


SYSTEM: Clock = SystemClock()

AMBIENT: ContextVar[tuple[float, Clock] | None] = ContextVar("noctule_deadline", default=None)
"""The surrounding `deadline` block: its end, and its clock."""


@contextmanager
def deadline(seconds: float, *, clock: Clock = SYSTEM) -> Generator[None]:
    """Every call inside the block ends within `seconds`, whatever its own options are.

    A deadline inside another one can only shorten it. Tasks that are started inside the block
    inherit it.
    """
    until = clock.monotonic() + seconds
    outer = AMBIENT.get()
    if outer is not None and outer[1] is clock:
        until = min(until, outer[0])
    token = AMBIENT.set((until, clock))
    try:
        yield
    finally:
        AMBIENT.reset(token)


def ambient_deadline(clock: Clock) -> float | None:
    """When the surrounding `deadline` block ends, on `clock`; None outside of one."""
    block = AMBIENT.get()
    if block is None:
        return None
    until, block_clock = block
    if block_clock is clock:
        return until
    return clock.monotonic() + (until - block_clock.monotonic())
