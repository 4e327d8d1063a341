"""The circuit breaker: leaves a failing provider alone, and finds out when it is back.

    closed ──(too many failures in the window)──> open ──(open time over)──> half-open
       ^                                           ^                            │
       └──────(enough probes in a row succeed)─────┼────────────────────────────┤
                                                   └──────(a probe fails)───────┘

An admission carries the generation in which it was given; every change of state starts a new
one, and results of older generations are ignored, so that answers of calls sent before the
outage neither open nor close anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from noctule.runtime.policy.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When it opens and closes. Durations in seconds, shares from 0 to 1."""

    window: float = 60.0
    calls: int = 50
    """Judged are the calls of the window, and of those the latest fifty."""
    minimum: int = 10
    """Calls in the window below which shares mean nothing."""
    failure_share: float = 0.5
    slow: float = 8.0
    """A call that took this long is slow, whatever it answered."""
    slow_share: float = 0.8
    connect_failures: int = 5
    """That many in a row open it at once: nobody is at home."""
    open_time: float = 5.0
    open_factor: float = 2.0
    open_cap: float = 60.0
    open_jitter: float = 0.2
    probes: int = 2
    """Successful probes in a row that close it."""


class Breaker:
    """`admit`, then exactly one of `record` or `abandon`. `random` gives [0, 1)."""

    __slots__ = (
        "_connect_failures",
        "_limits",
        "_probes",
        "_probing",
        "_random",
        "_trips",
        "_window",
        "generation",
        "open_until",
        "state",
    )

    def __init__(self, limits: BreakerLimits, random: Callable[[], float]) -> None:
        self._limits = limits
        self._random = random
        self._window = Window(limits.window, limits.calls)
        self.state = State.CLOSED
        self.generation = 0
        self.open_until = 0.0
        self._trips = 0
        self._probing = False
        self._probes = 0
        self._connect_failures = 0

    def admit(self, now: float) -> int | None:
        """The generation to hand back with the result; None when the call must not be sent."""
        if self.state is State.CLOSED:
            return self.generation
        if self.state is State.OPEN:
            if now < self.open_until:
                return None
            self._enter(State.HALF_OPEN)
        if self._probing:
            return None
        self._probing = True
        return self.generation

    def record(
        self, generation: int, now: float, *, ok: bool, took: float = 0.0, connect: bool = False
    ) -> None:
        """The admitted call ended after `took` seconds. `connect`: no connection was made."""
        if generation != self.generation:
            return
        slow = took >= self._limits.slow
        if self.state is State.HALF_OPEN:
            self._probing = False
            self._probed(now, ok=ok and not slow)
            return
        self._connect_failures = self._connect_failures + 1 if connect else 0
        self._window.add(now, not ok, slow)
        if (slow or not ok) and self._too_much(now):
            self.trip(now)

    def abandon(self, generation: int) -> None:
        """The admitted call was cancelled: it says nothing, and frees the probe's place."""
        if generation == self.generation:
            self._probing = False

    def trip(self, now: float) -> None:
        """Open it, for longer each time until it closes again."""
        limits = self._limits
        length = min(limits.open_cap, limits.open_time * limits.open_factor ** min(self._trips, 32))
        self._trips += 1
        self._enter(State.OPEN)
        self.open_until = now + length * (1 + limits.open_jitter * (2 * self._random() - 1))

    def _probed(self, now: float, *, ok: bool) -> None:
        if not ok:
            self.trip(now)
            return
        self._probes += 1
        if self._probes >= self._limits.probes:
            self._trips = 0
            self._window.clear()
            self._enter(State.CLOSED)

    def _enter(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self._probing = False
        self._probes = 0
        self._connect_failures = 0

    def _too_much(self, now: float) -> bool:
        limits = self._limits
        if self._connect_failures >= limits.connect_failures:
            return True
        calls, failed, slow = self._window.totals(now)
        if calls < limits.minimum:
            return False
        return failed >= limits.failure_share * calls or slow >= limits.slow_share * calls
