"""The circuit breaker: stops calling a provider that keeps failing, and finds out when it is back.

                      trip(): too many failed or slow calls
             CLOSED ─────────────────────────────────────────> OPEN
               ^                                               │  ^
               │ record(): enough            admit(): a trial  │  │ record(): a call failed;
               │ calls succeeded, and        call may go       │  │ later, too many calls
               │ none waits in line                            v  │
               └────────────────────────────────────────── HALF_OPEN

`admit` lets a call through or refuses it, `record` takes the result of an admitted call, and
`release` takes back a call that was cancelled. The terms are those of resilience4j and Polly.

**When a trial call goes.** After the open time, which doubles from `open_seconds` up to
`max_open_seconds`: for services that call rarely. Or after enough refused calls
(`trial_call_rate`): for services that call often. So a recovery costs a bounded number of calls,
and an outage a bounded part of the usual load, however long it lasted.

**While it is open**, the calls of a young outage wait in line instead of being refused
(`noctule.runtime.policy.waiting_line`): `waits_until` says how long. In an old outage they wait
only for the result of a trial call that runs. A trial call that hangs has no result for a long
time, so the calls refused in the meantime may earn a *short trial*: a further trial call that is
given up early, and of which only a success counts (`admit_short_trial`).

**Half-open**, one trial call goes alone. If it succeeds, calls pass again, those in line first,
and the first one that fails opens the circuit. A second single trial call would delay every
caller, and only help against a provider that answers one call and not the next. From
`successes_to_close` on, failures are judged as in a closed circuit, and it closes when the line
is empty.

**Which circuit.** A provider has one circuit, and each of its operations that fails alone has one
of its own (`noctule.runtime.call.circuits`). So `record` takes the operation: when a limit is
exceeded by one operation only, it names that operation instead of opening, and forgets its calls.
Since a provider that is down may be called by one operation first, the next failure of another
one opens the circuit, unless a success has come in between. A trial call that fails says less of
the other operations: one of them goes after half of the open time.

Each admission carries a *generation*. Every change of state and every trial call starts a new
one, and results of older generations are ignored: calls sent before an outage neither open nor
close anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from operator import sub
from typing import TYPE_CHECKING

from noctule.runtime.policy.waiting_line import WaitingLine
from noctule.runtime.policy.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.policy.waiting_line import WaitingCall


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
    """Timeout of a short trial, and the longest that a call of an old outage waits for the result
    of a trial call."""
    successes_to_close: int = 2
    """Successes in a row that close it: the trial call, and calls admitted after it."""
    max_waiting_calls: int = 5000
    """Calls that may wait in line for the provider to come back; all others are refused."""
    waiting_trial_rate: float = 0.05
    """`trial_call_rate` while the outage is young: the sooner it ends, the fewer calls wait."""
    waiting_open_seconds: float = 1.0
    """`max_open_seconds` while the outage is young."""


class Breaker:
    """`admit`, then exactly one of `record` or `release`. `random` returns [0, 1)."""

    __slots__ = (
        "_connect_failures",
        "_doubt",
        "_first_trial",
        "_limits",
        "_next_trial",
        "_open_since",
        "_opened",
        "_random",
        "_recovered",
        "_recovered_by",
        "_refused",
        "_slow_call_seconds",
        "_successes",
        "_trial_running",
        "_trial_started",
        "_wait_limit",
        "_window",
        "failed_trial",
        "generation",
        "line",
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
        """When a trial call may go in any case. Half-open: when the running one, or the calls that
        were let go, have taken too long, and another one may go."""
        self.line = WaitingLine(limits.max_waiting_calls)
        self._opened = 0.0
        """When the outage began."""
        self._open_since = 0.0
        """When it was last opened."""
        self._recovered = 0.0
        """Half-open: when the trial call succeeded."""
        self._recovered_by = ""
        """The operation of that trial call."""
        self.failed_trial = ""
        """The operation of the last trial call, if that failed: others go first."""
        self._doubt = False
        """An operation was set apart, and no other has succeeded since."""
        self._next_trial = 0.0
        """When enough refused calls may earn a trial call."""
        self._first_trial = 0
        """The generation of the first trial call since it was last open."""
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

    def admit(self, now: float, *, first: bool = True, operation: str = "") -> int | None:
        """The generation, to be handed back with the result. None: the call must not be sent.
        `first`: no other call has to be let go before it."""
        if self.state is CLOSED:
            return self.generation
        if first and self.is_recovering:
            return self.generation
        self._refused += 1
        if not first:
            return None
        if self.state is OPEN:
            other = bool(self.failed_trial) and operation != self.failed_trial
            if now < self.trial_due(now, other=other):
                return None
            self._enter(HALF_OPEN)
            self._first_trial = self.generation
        elif self._trial_running:
            if now < self.open_until:
                return None
            # It hangs. If it fails in the end, that says nothing about the present.
            self.generation += 1
        self.open_until = now + self._open_seconds(now)
        self._trial_sent(now, self._limits.short_trial_seconds)
        self._trial_running = True
        return self.generation

    @property
    def is_recovering(self) -> bool:
        """Whether it is half-open and the trial call succeeded."""
        return self._successes > 0 and self.state is HALF_OPEN

    @property
    def is_clean(self) -> bool:
        """Whether it is closed, and no call failed or was slow lately."""
        return self.state is CLOSED and not self._window.has_problems

    def trial_due(self, now: float, *, short: bool = True, other: bool = False) -> float:
        """When the next trial call may go, or the next call of a line that has come to a stop, if
        no more calls are refused until then. `short`: it may be a short trial. `other`: it is of
        another operation than the one that failed."""
        if self.state is HALF_OPEN:
            if self._successes or (self._trial_running and not short):
                return max(now, self.open_until)
            if not self._trial_running:
                return now
        limits = self._limits
        rate = limits.waiting_trial_rate if self._is_young(now) else limits.trial_call_rate
        until = self.open_until
        if other:
            rate, until = 2 * rate, (self._open_since + until) / 2
        earned = self._refused * rate >= 1
        return max(now, min(until, self._next_trial) if earned else until)

    def waits_until(self, call: WaitingCall) -> float:
        """How long that call should wait in line, as things are. 0: not at all."""
        if call.max_wait is None or self.state is CLOSED:
            return 0.0
        if self.is_recovering:
            return self._recovered + call.max_wait
        until = self._opened + call.max_wait
        if self.state is HALF_OPEN:
            result_until = self._trial_started + self._wait_limit
            until = max(until, min(result_until, call.since + self._limits.short_trial_seconds))
        return until

    def join_line(self, call: WaitingCall, now: float) -> bool:
        """Let that call wait in line, or wait on. False: it is refused for good."""
        if self.waits_until(call) <= now or not self.line.join(call, now):
            return False
        self.line.young_until = max(self.line.young_until, self._opened + (call.max_wait or 0.0))
        return True

    def admit_short_trial(self, now: float) -> float | None:
        """The timeout of a short trial, for a call that `admit` refused although it is the first;
        its generation is `SHORT_TRIAL`. None: the call stays refused."""
        if self.state is not HALF_OPEN or now < self.trial_due(now):
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
        operation: str = "",
    ) -> str:
        """The admitted call ended after `seconds`. `connect_failure`: there was no connection,
        which says nothing about its operation. Returns the operation that fails alone, if there is
        one: it is to be given a circuit of its own."""
        slow = seconds >= self._slow_call_seconds
        healthy = success and not slow
        # A trial call that took long is a good sign, too: the provider may always be that slow.
        late = healthy and self.state is HALF_OPEN and generation >= self._first_trial
        alone = ""
        if generation != self.generation and not late:
            return alone
        failed = "" if connect_failure else operation
        if self.state is HALF_OPEN and self._successes < self._limits.successes_to_close:
            if healthy:
                self._record_trial(now, operation)
            elif self._successes and failed != self._recovered_by and not self._doubt:
                alone = failed
            if not (healthy or alone):
                self.trip(now)
                self.failed_trial = failed
        else:
            self._window.add(now, not success, slow, operation)
            self._connect_failures = self._connect_failures + 1 if connect_failure else 0
            if self._doubt and not success:
                self.trip(now)
            elif not healthy and self._limit_exceeded(now):
                alone = failed and self._failing_alone(now)
                if not alone:
                    self.trip(now)
        if healthy:
            self._doubt = False
        if alone:
            self.set_apart(alone)
        if self.is_recovering:
            self._continue_recovery(now)
        return alone

    def set_apart(self, operation: str) -> None:
        """That operation has a circuit of its own from now on."""
        self._window.forget(operation)
        self._doubt = True

    def another_succeeded(self, now: float) -> None:
        """A call of an operation with a circuit of its own succeeded: the provider answers."""
        self._doubt = False
        if self.state is OPEN:
            self.open_until = min(self.open_until, now)

    def release(self, generation: int) -> None:
        """The admitted call has no result (it was cancelled): another trial call may go."""
        if generation == self.generation:
            self._trial_running = False

    def trip(self, now: float) -> None:
        """Open it, each time for longer until it is closed."""
        if not self.trips:
            self._opened = now
        seconds = self._open_seconds(now)
        self.trips += 1
        self._enter(OPEN)
        self._open_since = now
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

    def _is_young(self, now: float) -> bool:
        """Whether the outage is so young that calls may wait in line."""
        return now < self.line.young_until

    def _open_seconds(self, now: float) -> float:
        limits = self._limits
        longest = limits.waiting_open_seconds if self._is_young(now) else limits.max_open_seconds
        return min(longest, limits.open_seconds * limits.open_factor ** min(self.trips, 32))

    def _trial_sent(self, now: float, wait_limit: float) -> None:
        """A trial call is on its way; calls refused from now on earn the next one."""
        self._trial_started, self._wait_limit = now, wait_limit
        self._next_trial = now + self._limits.trial_call_interval
        self._refused = 0

    def _record_trial(self, now: float, operation: str) -> None:
        """A trial call, or one of those that were let go after it, succeeded."""
        self._successes += 1
        self._refused = 0
        self.failed_trial = ""
        if self._successes == 1:
            self._recovered, self._recovered_by = now, operation
            self._window.clear()

    def _continue_recovery(self, now: float) -> None:
        """A result has come since the trial call: close, or let the next calls in line go."""
        self.open_until = now + (self._limits.waiting_open_seconds if self.line.calls else 0.0)
        if self._successes >= self._limits.successes_to_close and not self.line.calls:
            self.trips = 0
            self._enter(CLOSED)

    def _enter(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self._successes = 0
        self._connect_failures = 0
        self._doubt = False

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

    def _failing_alone(self, now: float) -> str:
        """The operation without which no limit would be exceeded; "" when there is none."""
        limits, window = self._limits, self._window
        worst = window.worst_operation()
        if not worst or self._connect_failures >= limits.consecutive_connect_failures:
            return ""
        row = limits.consecutive_failures
        if window.latest_failed(row) and window.latest_operations(row) != {worst}:
            return ""
        calls, failed, slow = map(sub, window.totals(now), window.totals_of(worst))
        others_fail = failed > 0 and failed >= limits.failure_rate * calls
        others_are_slow = slow > 0 and slow >= limits.slow_call_rate * calls
        return "" if others_fail or others_are_slow else worst
