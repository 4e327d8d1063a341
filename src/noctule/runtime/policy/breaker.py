"""The circuit breaker: stops calling a provider that keeps failing, and finds out when it is back.

                      trip(): too many failed or slow calls
             CLOSED ─────────────────────────────────────────> OPEN
               ^                                               │  ^
               │ record(): enough            admit(): a trial  │  │ record(): a call
               │ calls succeeded             call may go       │  │ failed
               │                                               v  │
               └────────────────────────────────────────── HALF_OPEN

`admit` lets a call through or refuses it, `record` takes the result of an admitted call, and
`release` takes back a call that was cancelled. The terms are those of resilience4j and Polly.

**When a trial call goes.** After the open time, which doubles from `open_seconds` up to
`max_open_seconds`: for services that call rarely. Or after enough refused calls
(`trial_call_rate`): for services that call often. So a recovery costs a bounded number of calls,
and an outage a bounded part of the usual load, however long it lasted.

**While a trial call runs**, other calls may wait for its result instead of being refused: see
`recheck_after`. A trial call that hangs has no result for a long time, so the calls refused in
the meantime may earn a *short trial*: a further trial call that is given up early, and of which
only a success counts (`admit_short_trial`).

**Half-open**, one trial call goes alone. If it succeeds, calls pass again, and the first one that
fails opens the circuit. A second single trial call would delay every caller, and only help
against a provider that answers one call and not the next.

Each admission carries a *generation*. Every change of state and every trial call starts a new
one, and results of older generations are ignored: calls sent before an outage neither open nor
close anything.
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


# Looked up for every call: a member of an Enum costs several times a module's global.
CLOSED = State.CLOSED
OPEN = State.OPEN
HALF_OPEN = State.HALF_OPEN

SHORT_TRIAL = -2
"""In place of a generation: the call is a short trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When the breaker opens and closes. Durations in seconds, rates from 0 to 1."""

    window_seconds: float = 60.0
    window_size: int = 50
    """The rates are those of the latest 50 calls, as far as they are within the window."""
    minimum_calls: int = 10
    """With fewer calls in the window, the rates are not looked at."""
    failure_rate: float = 0.5
    slow_call_seconds: float = 8.0
    """A call that took this long is slow, even if it succeeded."""
    slow_call_rate: float = 0.8
    consecutive_failures: int = 7
    """Failures in a row that open it: after 25 successes, the rate alone needs 25."""
    consecutive_connect_failures: int = 5
    """Failures to connect in a row that open it at once: nobody listens there."""
    open_seconds: float = 0.5
    """The first time it is open. Each further time is `open_factor` times longer."""
    open_factor: float = 2.0
    max_open_seconds: float = 5.0
    open_jitter: float = 0.2
    """Part of the open time that is drawn at random, up or down."""
    trial_call_rate: float = 0.023
    """Part of the calls made while it is open that may be trial calls before the open time is
    over. 0: only the open time counts."""
    trial_call_interval: float = 0.1
    """Shortest time between two trial calls, however many calls are refused."""
    short_trial_seconds: float = 1.0
    """Timeout of a short trial, and the longest that a call waits for the result of others."""
    successes_to_close: int = 2
    """Successes in a row that close it: the trial call, and calls admitted after it."""


class Breaker:
    """`admit`, then exactly one of `record` or `release`. `random` returns [0, 1)."""

    __slots__ = (
        "_connect_failures",
        "_limits",
        "_next_trial",
        "_random",
        "_refused",
        "_slow_call_seconds",
        "_successes",
        "_trial_running",
        "_trial_started",
        "_wait_limit",
        "_window",
        "generation",
        "open_until",
        "peer_open_until",
        "state",
        "trips",
    )

    def __init__(self, limits: BreakerLimits, random: Callable[[], float]) -> None:
        self._limits = limits
        self._slow_call_seconds = limits.slow_call_seconds
        self._random = random
        self._window = Window(limits.window_seconds, limits.window_size)
        self.state = CLOSED
        self.generation = 0
        self.open_until = 0.0
        """When a trial call may go in any case. Half-open: when the running one has taken too
        long, and another one may go."""
        self._next_trial = 0.0
        """When enough refused calls may earn a trial call."""
        self._trial_started = 0.0
        """When the latest trial call or short trial was sent."""
        self._wait_limit = 0.0
        """Seconds for which others wait for its result. Fewer for a short trial: it was sent
        because a trial call hangs, so it is likely to hang as well."""
        self._refused = 0
        self.trips = 0
        """How often it opened since it was last closed."""
        self.peer_open_until = 0.0
        """The latest opening that processes shared, in seconds since the epoch."""
        self._trial_running = False
        self._successes = 0
        self._connect_failures = 0

    def admit(self, now: float) -> int | None:
        """The generation, to be handed back with the result. None: the call must not be sent."""
        if self.state is CLOSED:
            return self.generation
        if self.state is OPEN:
            if now < self.open_until and not self._trial_earned(now):
                return None
            self._enter(HALF_OPEN)
            self.open_until = now + self._open_seconds()
        elif self._successes:
            return self.generation
        elif self._trial_running:
            if now < self.open_until:
                return None
            # It hangs. Its result, if it ever comes, says nothing about the present.
            self.generation += 1
            self.open_until = now + self._open_seconds()
        self._trial_running = True
        self._trial_sent(now, self._limits.short_trial_seconds)
        return self.generation

    def recheck_after(self, now: float, age: float) -> float | None:
        """Seconds after which a call that was refused should ask again, since a trial call may
        have a result by then. `age`: seconds since that call began. None: it is refused for good.
        """
        recent = now - self._trial_started < self._wait_limit and age < self._wait_limit
        return self._limits.trial_call_interval if recent and self.state is HALF_OPEN else None

    def admit_short_trial(self, now: float) -> float | None:
        """The timeout of a short trial, for a call that `admit` refused; its generation is
        `SHORT_TRIAL`. None: the call stays refused."""
        if self.state is not HALF_OPEN or not self._trial_earned(now):
            return None
        self._trial_sent(now, self._limits.trial_call_interval)
        return self._limits.short_trial_seconds

    def short_trial_generation(self) -> int:
        """The generation under which to record a short trial that succeeded."""
        return self.generation if self.state is HALF_OPEN else SHORT_TRIAL

    def record_clean_success(self, generation: int, now: float, seconds: float) -> bool:
        """Record a success after successes, for which threads need no lock. False: not that
        case, call `record`."""
        if (
            self.state is not CLOSED
            or generation != self.generation
            or seconds >= self._slow_call_seconds
            or (window := self._window).has_problems
        ):
            return False
        window.times.append(now)
        self._connect_failures = 0
        return True

    def record(
        self,
        generation: int,
        now: float,
        *,
        success: bool,
        seconds: float = 0.0,
        connect_failure: bool = False,
    ) -> None:
        """The admitted call ended after `seconds`. `connect_failure`: there was no connection."""
        if generation != self.generation:
            return
        slow = seconds >= self._slow_call_seconds
        if self.state is HALF_OPEN:
            self._record_half_open(now, success=success and not slow)
            return
        self._window.add(now, not success, slow)
        self._connect_failures = self._connect_failures + 1 if connect_failure else 0
        if (slow or not success) and self._limit_exceeded(now):
            self.trip(now)

    def release(self, generation: int) -> None:
        """The admitted call has no result (it was cancelled): another trial call may go."""
        if generation == self.generation:
            self._trial_running = False

    def trip(self, now: float) -> None:
        """Open it, each time for longer until it is closed."""
        seconds = self._open_seconds()
        self.trips += 1
        self._enter(OPEN)
        jitter = self._limits.open_jitter * (2 * self._random() - 1)
        self.open_until = now + seconds * (1 + jitter)
        self._next_trial = now + self._limits.trial_call_interval

    def open_with_peer(self, now: float, seconds: float, until: float) -> bool:
        """Open because another process did: for `seconds`, which is `until` in seconds since the
        epoch. Once for each opening, and only while closed. Returns whether it opened."""
        if self.state is not CLOSED or until <= self.peer_open_until:
            return False
        self.peer_open_until = until
        self.trip(now)
        self.open_until = now + seconds
        return True

    def _open_seconds(self) -> float:
        limits = self._limits
        seconds = limits.open_seconds * limits.open_factor ** min(self.trips, 32)
        return min(limits.max_open_seconds, seconds)

    def _trial_sent(self, now: float, wait_limit: float) -> None:
        """A trial call is on its way; calls refused from now on earn the next one."""
        self._trial_started, self._wait_limit = now, wait_limit
        self._next_trial = now + self._limits.trial_call_interval
        self._refused = 0

    def _trial_earned(self, now: float) -> bool:
        """Whether enough calls were refused, this one included, for a trial call."""
        self._refused += 1
        return self._refused * self._limits.trial_call_rate >= 1 and now >= self._next_trial

    def _record_half_open(self, now: float, *, success: bool) -> None:
        if not success:
            self.trip(now)
            return
        self._successes += 1
        self._refused = 0
        self.open_until = now
        if self._successes >= self._limits.successes_to_close:
            self.trips = 0
            self._window.clear()
            self._enter(CLOSED)

    def _enter(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self._successes = 0
        self._connect_failures = 0

    def _limit_exceeded(self, now: float) -> bool:
        limits = self._limits
        if self._connect_failures >= limits.consecutive_connect_failures:
            return True
        calls, failed, slow = self._window.totals(now)
        if calls < limits.minimum_calls:
            return False
        return (
            failed >= limits.failure_rate * calls
            or slow >= limits.slow_call_rate * calls
            or self._window.latest_failed(limits.consecutive_failures)
        )
