"""The circuits of one provider: its own, and one for each operation that fails alone.

    provider             every operation, but for those below
    tracked[operation]   an operation that failed lately. While this circuit is not closed, it
                         decides about that operation, and the provider's is not asked

An operation that answers every call with 500 (an unknown id, a bug behind one path) must not stop
the others; a provider that is down must stop at once for all of them. So each failure with an
answer, and each timeout, counts for its operation and for the provider. A failure to connect counts
for the provider only. Which circuit opens is decided in `Breaker.record`.

Both circuits work alike, each with its own line and trial calls. So an outage that begins while an
operation has a circuit of its own gets the trial calls of two.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from noctule.runtime.effects import Wait
from noctule.runtime.policy.breaker import CLOSED, OPEN, SHORT_TRIAL, Breaker
from noctule.runtime.policy.outcome import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Lock

    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.outcome import AttemptOutcome
    from noctule.runtime.policy.waiting_line import WaitingCall

MAX_TRACKED = 64
"""Operations that are tracked; when so many have open circuits, further ones have none."""


class SharedBreakers(Protocol):
    """Open circuits that several processes share, in Redis for instance.

    `key` is the same in all processes: an origin, followed by `#` and the operation for a circuit
    of one operation. Both methods are called in the path of a call and must not block: keep a local
    copy that something else updates.
    """

    def opened(self, key: str, until: float) -> None:
        """The breaker of this process opened, until then (seconds since the epoch)."""
        ...

    def open_until(self, key: str) -> float:
        """When the latest open breaker lets a call through again, in seconds since the epoch; 0
        when none is open."""
        ...


class Result(NamedTuple):
    """What an attempt says about the provider."""

    operation: str
    success: bool
    seconds: float
    connect_failure: bool


class Circuit:
    """A breaker and its line, under the lock of the provider, which is never held while waiting."""

    __slots__ = ("breaker", "circuits", "lock", "operation", "tracked", "used")

    def __init__(
        self, breaker: Breaker, lock: Lock, circuits: ProviderCircuits, operation: str
    ) -> None:
        self.breaker = breaker
        self.lock = lock
        self.circuits = circuits
        self.tracked = circuits.tracked
        self.operation = operation
        """Empty for the circuit of the provider."""
        self.used = 0.0
        """When it last recorded a result."""

    def admit(self, now: float, call: WaitingCall) -> int | None:
        """A generation to hand to `record` or `release`; None when the breaker does not let the
        call through."""
        breaker = self.breaker
        with self.lock:
            first = self._is_first(call, now)
            generation = breaker.admit(now, first=first, operation=call.operation)
            if not breaker.line.calls:
                call.released = False
                return generation
            if generation is not None:
                breaker.line.leave(call)
            woken = self._call_leader(now)
        _wake(woken)
        return generation

    def admit_short_trial(self, now: float, call: WaitingCall) -> float | None:
        """`Breaker.admit_short_trial`, for a call that was not admitted."""
        breaker = self.breaker
        if not call.may_repeat:
            return None
        with self.lock:
            if not self._is_first(call, now):
                return None
            seconds = breaker.admit_short_trial(now)
            if seconds is None:
                return None
            breaker.line.leave(call)
            woken = self._call_leader(now)
        _wake(woken)
        return seconds

    def _is_first(self, call: WaitingCall, now: float) -> bool:
        """Whether no call in line goes before it: they do not if it cannot wait."""
        breaker = self.breaker
        leader = breaker.line.leader(now, now, breaker.failed_trial)
        return (
            call.released
            or leader is None
            or leader is call
            or call.max_wait is None
            or (breaker.is_recovering and breaker.waits_until(call) <= now)
        )

    def can_wait(self, call: WaitingCall, until: float) -> bool:
        """Whether that call may wait in line, until then at least."""
        breaker = self.breaker
        if breaker.is_recovering and not breaker.line.calls:
            return False
        return breaker.waits_until(call) > until and not breaker.line.is_full

    def join_line(self, call: WaitingCall, now: float, not_before: float) -> bool:
        """`Breaker.join_line`; the call may lead from `not_before` on."""
        with self.lock:
            call.not_before = not_before
            return self.breaker.join_line(call, now)

    def wait_in_line(self, call: WaitingCall, now: float) -> Wait | None:
        """The effect that waits for the call's turn, for 0 s when its wait is over. None: it is
        its turn."""
        breaker = self.breaker
        if breaker.state is CLOSED or call.released:
            return None
        with self.lock:
            until, line = breaker.waits_until(call), breaker.line
            if until <= now and breaker.is_recovering:
                line.leave(call)
                call.released = True
                return None
            if not (call.in_line or breaker.join_line(call, now)):
                until = now
            # Not in the past, or it would be taken to be lost before it can give up.
            call.wakes_at, call.woken = max(until, now), False
            due = breaker.trial_due(now)
            woken: list[WaitingCall] = []
            if line.leader(due, now, breaker.failed_trial) is call:
                due = max(breaker.trial_due(now, short=call.may_repeat), call.not_before)
                if due <= now:
                    return None
                call.wakes_at = min(call.wakes_at, due)
            else:
                # It may have led until now, or the one that did was lost.
                woken = self._call_leader(now)
            wait = Wait(call.wakes_at - now, partial(self._subscribe_in_line, call))
        _wake(woken)
        return wait

    def _subscribe_in_line(self, call: WaitingCall, wake: Callable[[], None]) -> bool:
        with self.lock:
            call.wake = wake
            return call.woken

    def leave_line(self, call: WaitingCall, now: float) -> None:
        """The call is over, wherever it is; call it before `ProviderState.grant_next`."""
        if call.in_line or call.released:
            with self.lock:
                unused = int(call.released)
                self.breaker.line.leave(call)
                woken = self._next_in_line(now, unused)
            _wake(woken)

    def _next_in_line(self, now: float, count: int) -> list[WaitingCall]:
        """Let so many calls go if the provider is back. Returns the calls to be woken."""
        breaker = self.breaker
        woken = breaker.line.release(count) if breaker.is_recovering else []
        return woken + self._call_leader(now)

    def _call_leader(self, now: float) -> list[WaitingCall]:
        breaker = self.breaker
        return breaker.line.call_leader(breaker.trial_due(now), now, breaker.failed_trial)

    def publish_open(self, now: float, epoch_now: float) -> None:
        """Share with the other processes that the breaker opened."""
        shared = self.circuits.shared_breakers
        if shared is not None:
            until = epoch_now + self.seconds_until_trial(now)
            self.breaker.peer_open_until = until
            shared.opened(self.circuits.key_of(self.operation), until)

    def end(
        self,
        generation: int,
        outcome: AttemptOutcome,
        now: float,
        seconds: float,
        operation: str = "",
    ) -> Circuit | None:
        """An attempt of `operation` that this circuit admitted ended after `seconds`. Returns the
        circuit whose state changed, if one did."""
        breaker, healthy = self.breaker, outcome.healthy
        with self.lock:
            before, changed = breaker.state, None
            if generation == SHORT_TRIAL and outcome.error is None:
                generation = breaker.short_trial_generation()
            if healthy is None:
                breaker.release(generation)
            else:
                not_sent = outcome.delivery is DeliveryStatus.NOT_SENT
                result = Result(operation, healthy, seconds, not_sent)
                changed = self.circuits.count(self, generation, now, result)
            if breaker.state is not before:
                changed = self
            woken = self._after(healthy, now)
        _wake(woken)
        return changed

    def record(self, generation: int, now: float, result: Result, operation: str = "") -> str:
        """`Breaker.record`. The caller holds the lock."""
        self.used = now
        return self.breaker.record(
            generation,
            now,
            success=result.success,
            seconds=result.seconds,
            connect_failure=result.connect_failure,
            operation=operation,
        )

    def _after(self, healthy: bool | None, now: float) -> list[WaitingCall]:
        """The calls to be woken after a result."""
        breaker, line = self.breaker, self.breaker.line
        woken = self.circuits.provider._call_leader(now) if self.operation and healthy else []
        if line.calls:
            if breaker.state is OPEN:
                woken += line.wake_beyond(breaker.waits_until, now)
            woken += self._next_in_line(now, 2 if healthy else 1)
        return woken

    def release(self, generation: int, now: float) -> None:
        """An attempt was cancelled."""
        with self.lock:
            self.breaker.release(generation)
            woken = self._next_in_line(now, 1) if self.breaker.line.calls else []
        _wake(woken)

    @property
    def is_closed(self) -> bool:
        return self.breaker.state is CLOSED

    @property
    def lets_calls_pass(self) -> bool:
        """Whether it is closed, or half-open after a trial call that succeeded."""
        return self.breaker.state is CLOSED or self.breaker.is_recovering

    def seconds_until_trial(self, now: float) -> float:
        """Seconds until the breaker admits a trial call at the latest; 0 when it lets calls
        pass."""
        return 0.0 if self.lets_calls_pass else max(0.0, self.breaker.open_until - now)


class ProviderCircuits:
    """All circuits of one provider and credential under the same limits."""

    __slots__ = (
        "_limits",
        "_next_drop",
        "_random",
        "divided",
        "lock",
        "origin",
        "provider",
        "shared_breakers",
        "tracked",
    )

    def __init__(
        self,
        limits: BreakerLimits,
        lock: Lock,
        random: Callable[[], float],
        *,
        origin: str = "",
        shared_breakers: SharedBreakers | None = None,
    ) -> None:
        self._limits = limits
        self._random = random
        self.lock = lock
        self.origin = origin
        self.shared_breakers = shared_breakers
        self.divided = shared_breakers is not None
        """Whether there is more to ask than the circuit of the provider."""
        self.tracked: OrderedDict[str, Circuit] = OrderedDict()
        """Operation -> its circuit; the one that failed least recently comes first."""
        self._next_drop = 0.0
        self.provider = self._circuit("")

    def _circuit(self, operation: str) -> Circuit:
        return Circuit(Breaker(self._limits, self._random), self.lock, self, operation)

    def circuit_for(self, operation: str) -> Circuit:
        """The circuit that decides about a call of that operation."""
        circuit = self.tracked.get(operation)
        return self.provider if circuit is None or circuit.is_closed else circuit

    def open_with_peer(self, operation: str, now: float, epoch_now: float) -> Circuit | None:
        """Open the circuit of the provider, or of that operation, if that of another process is
        open; returns the one that opened. `epoch_now` is `now` in seconds since the epoch, which
        processes have in common."""
        shared = self.shared_breakers
        if shared is None:
            return None
        for name in dict.fromkeys(("", operation)):
            until = shared.open_until(self.key_of(name))
            if until <= epoch_now:
                continue
            with self.lock:
                circuit = self._track(name, now) if name else self.provider
                if circuit and circuit.breaker.open_with_peer(now, until - epoch_now, until):
                    if name:
                        self.provider.breaker.set_apart(name)
                    return circuit
        return None

    def key_of(self, operation: str) -> str:
        """The name of a circuit among those that processes share."""
        return f"{self.origin}#{operation}" if operation else self.origin

    def count(
        self, circuit: Circuit, generation: int, now: float, result: Result
    ) -> Circuit | None:
        """Record a result that `circuit` admitted, wherever it counts. Returns the circuit of an
        operation that opened. The caller holds the lock."""
        self._drop_idle(now)
        if circuit.operation:
            circuit.record(generation, now, result)
            if result.success:
                self.provider.breaker.another_succeeded(now)
            self._drop_clean(circuit)
            return None
        own = self._own(now, result)
        if own and not own.is_closed:
            # It was under way when its operation got a circuit of its own.
            circuit.breaker.release(generation)
            return None
        passes, before = circuit.lets_calls_pass, circuit.breaker.state
        alone = circuit.record(generation, now, result, result.operation if own else "")
        if circuit.breaker.state is OPEN and before is not OPEN:
            self._drop_closed()
            return None
        if own and passes:
            own.record(own.breaker.generation, now, result)
            if not own.is_closed:
                circuit.breaker.set_apart(own.operation)
                return own
            self._drop_clean(own)
        apart = self._track(alone, now) if alone else None
        if apart is None or not apart.is_closed:
            return None
        apart.breaker.trip(now)
        return apart

    def _own(self, now: float, result: Result) -> Circuit | None:
        """The circuit of its operation, from its first failure on."""
        failed = not (result.success or result.connect_failure)
        if failed and result.operation:
            return self._track(result.operation, now)
        return self.tracked.get(result.operation)

    def _track(self, operation: str, now: float) -> Circuit | None:
        """The circuit of that operation, new if need be; None when there are too many."""
        circuit = self.tracked.get(operation)
        if circuit is None:
            if len(self.tracked) >= MAX_TRACKED:
                closed = [name for name, other in self.tracked.items() if other.is_closed]
                if not closed:
                    return None
                self._drop(closed[0])
            circuit = self.tracked[operation] = self._circuit(operation)
            self.divided = True
        circuit.used = now
        self.tracked.move_to_end(operation)
        return circuit

    def _drop_idle(self, now: float) -> None:
        """Forget the operations whose last failures are too old to count."""
        seconds = self._limits.window_seconds
        if self.tracked and now >= self._next_drop:
            self._next_drop = now + seconds / 4
            for circuit in list(self.tracked.values()):
                if circuit.is_closed and circuit.used <= now - seconds:
                    self._drop(circuit.operation)

    def _drop_clean(self, circuit: Circuit) -> None:
        if circuit.breaker.is_clean and self.tracked.get(circuit.operation) is circuit:
            self._drop(circuit.operation)

    def _drop_closed(self) -> None:
        """The circuit of the provider opened: what it is open for needs no other."""
        for operation in [name for name, circuit in self.tracked.items() if circuit.is_closed]:
            self._drop(operation)

    def _drop(self, operation: str) -> None:
        del self.tracked[operation]
        self.divided = bool(self.tracked) or self.shared_breakers is not None


def _wake(calls: list[WaitingCall]) -> None:
    for call in calls:
        if call.wake is not None:
            call.wake()
