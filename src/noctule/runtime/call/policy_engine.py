"""The policy engine: one call under all policies, as a state machine that does no I/O.

    engine.start() ──> effect ──> driver ──Attempt──────> engine.after_attempt(outcome) ──> effect
                                     └────Sleep or Wait─> engine.resume() ──> effect

A `Wait` is for a permit, or in line for a provider that is down; there, a call holds no permit.
`start`, `resume` and `after_attempt` return the next effect (`noctule.runtime.effects`), which a
driver carries out; `after_attempt` returns None when the call has succeeded. A call that fails
raises a `ServiceError`. In any case, cancellation included, `close` returns the call's permit
and releases its trial call.

A write that may have happened leaves a doubt. Until an answer settles it, the call can end in one
error only: `OutcomeUnknown`, whatever prevented the next attempt.

Order of the policies, outermost first: deadline, bulkhead, retry (paid by the retry budget),
circuit breaker and cooldown, attempt.

It is a class because a generator, though half as long, costs half as much again as all the
policies together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.clock import AMBIENT, ambient_deadline
from noctule.runtime.effects import Attempt, Sleep
from noctule.runtime.policy.backoff import with_jitter
from noctule.runtime.policy.breaker import CLOSED, SHORT_TRIAL, State
from noctule.runtime.policy.bulkhead import Waiter
from noctule.runtime.policy.classify import classify_failure
from noctule.runtime.policy.deadline import attempt_time
from noctule.runtime.policy.hedge import hedge_after
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.policy.retry import can_replay, settles, wait_before_retry
from noctule.runtime.policy.waiting_line import WaitingCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.call.circuits import Circuit
    from noctule.runtime.call.config import Policies
    from noctule.runtime.call.provider_state import ProviderState
    from noctule.runtime.call.telemetry import Telemetry
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import Wait
    from noctule.runtime.operation import RetryMode
    from noctule.runtime.policy.bulkhead import Bulkhead

NO_GENERATION = -1
"""No attempt is admitted at present."""
NO_WAITER = Waiter()
"""The call has no permit and does not wait for one."""
RESTING = Waiter()
"""The call gave its permit back for a cooldown."""


@dataclass(slots=True)
class EngineConfig:
    """What all calls of one operation under the same options share. `method` decides whether a
    call may be hedged."""

    policies: Policies
    state: ProviderState
    clock: Clock
    retry_mode: RetryMode = "idempotent"
    method: str = ""
    writes: bool = False
    """Whether an attempt may have an effect at the provider."""
    operation: str = ""
    telemetry: Telemetry | None = None
    full_attempt: Attempt = field(init=False)
    """An attempt that no deadline shortens: nearly all are the same."""
    monotonic: Callable[[], float] = field(init=False, repr=False)
    """The clock's: looked up once, since each call reads it twice."""
    max_outage_wait: float | None = field(init=False)
    """That of the policies; 0 for calls that are not retried."""

    def __post_init__(self) -> None:
        self.monotonic = self.clock.monotonic
        wait = self.policies.max_outage_wait
        self.max_outage_wait = wait and (wait if self.policies.retry.attempts > 1 else 0.0)
        self.full_attempt = Attempt(self.policies.timeout)


class PolicyEngine:
    """The policies around one call."""

    _circuit: Circuit | None
    """The circuit that decides about the present attempt, or the last one."""

    __slots__ = (
        "_attempt_start",
        "_circuit",
        "_cut_by_deadline",
        "_doubt",
        "_generation",
        "_line_call",
        "_line_circuit",
        "_retry_cost",
        "_until",
        "_waiter",
        "attempts",
        "config",
        "renewing",
        "start_time",
    )

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.attempts = 0
        self._retry_cost = 0
        self._generation = NO_GENERATION
        self._waiter: Waiter | None = NO_WAITER
        """None: the call has a permit."""
        self.renewing = False
        """The attempt is getting a token: the request itself has not been sent."""
        self._line_call: WaitingCall | None = None
        """The call in the line of `_line_circuit`, once it has found that open."""
        self.start_time = start_time = config.monotonic()
        until = None if AMBIENT.get() is None else ambient_deadline(config.clock)
        deadline = config.policies.deadline
        if deadline is not None and (until is None or start_time + deadline < until):
            until = start_time + deadline
        self._until = until

    def start(self) -> Attempt | Sleep | Wait:
        """Begin, or begin again, with the attempts and the time that are left. A call begins again
        when the application found out that the write did not happen."""
        self._doubt: errors.ServiceError | None = None
        """The failure after which the write may have happened, until an answer settles it."""
        config = self.config
        now = config.monotonic() if self.attempts else self.start_time
        bulkhead = config.state.bulkhead
        if bulkhead is None or bulkhead.try_acquire():
            self._waiter = None
            return self._next_attempt(now)
        circuit = self._find_circuit(now)
        if circuit is not None and not circuit.is_closed:
            call = self._waiting_call(circuit, now)
            if circuit.can_wait(call, now) and self._joins_line(circuit, call, now, now):
                return self._in_line(circuit, call, now)
        return self._wait_for_permit(bulkhead, now, config.policies.concurrency_timeout)

    def resume(self) -> Attempt | Sleep | Wait:
        """The wait is over: make the next attempt, if nothing prevents it now."""
        waiter = self._waiter
        if waiter is NO_WAITER and self._line_call is not None:
            return self._in_line(self._line_circuit, self._line_call, self.config.monotonic())
        if waiter is RESTING:
            self._waiter = NO_WAITER
            self.config.state.stop_resting()
            return self._acquire(self.config.monotonic())
        if waiter is not None and not waiter.granted:
            raise self._stop(
                errors.DeadlineExceeded()
                if self._cut_by_deadline
                else errors.TooManyConcurrentCalls()
            )
        return self._next_attempt(self.config.monotonic())

    def after_attempt(self, outcome: AttemptOutcome) -> Attempt | Sleep | Wait | None:
        """The attempt ended: what comes before the next one, or None when the call succeeded.

        Raises the `ServiceError` of the call when there is no further attempt.
        """
        config = self.config
        state, now = config.state, config.monotonic()
        seconds = now - self._attempt_start
        generation, self._generation = self._generation, NO_GENERATION
        error, circuit, changed = outcome.error, self._circuit, None
        if (
            error is not None
            or outcome.cooldown
            or (
                circuit is not None
                and (
                    circuit.tracked
                    or not circuit.breaker.record_clean_success(generation, now, seconds)
                )
            )
        ):
            outcome = self._adjusted(outcome)
            error = outcome.error
            if outcome.cooldown:
                state.cool_down(now, outcome, config.operation)
            if circuit is not None:
                changed = circuit.end(generation, outcome, now, seconds, config.operation)
        telemetry = config.telemetry
        if changed is not None or (telemetry is not None and telemetry.is_enabled("attempt")):
            self._report(outcome, changed, seconds)
        if error is None:
            tokens = state.retry_tokens
            if tokens is not None and tokens.tokens < tokens.capacity:
                state.deposit(tokens, self._retry_cost or 1)
            return None
        if config.writes:
            self._weigh(outcome, error)
        wait = self._retry_wait(outcome, error)
        if wait is not None:
            return self._pause(wait)
        failure = self._end(error, safe=can_replay(config.retry_mode, outcome))
        try:
            raise failure
        finally:
            del failure, outcome, error

    def _weigh(self, outcome: AttemptOutcome, error: errors.ServiceError) -> None:
        """What the attempt says about whether the write has happened."""
        if outcome.delivery is DeliveryStatus.UNKNOWN:
            self._doubt = error
        elif settles(self.config.retry_mode, self.config.method, outcome):
            self._doubt = None
        elif self._doubt is not None and self.config.retry_mode == "with_key":
            # The earlier attempt may still hold the key.
            outcome.retry_kind = "transient" if error.status == 409 else outcome.retry_kind

    def _adjusted(self, outcome: AttemptOutcome) -> AttemptOutcome:
        """The outcome as it counts for the provider: not at all where our own deadline ended the
        attempt, and with no longer cooldown than we accept."""
        if self._cut_by_deadline and isinstance(outcome.error, errors.TimedOut):
            outcome = _deadline_exceeded(outcome)
        if outcome.cooldown:
            outcome.cooldown = min(outcome.cooldown, self.config.policies.max_cooldown)
        return outcome

    def close(self) -> None:
        """The call is over, however it ended."""
        try:
            if self._generation != NO_GENERATION:
                if self.config.writes and not self.renewing:
                    self._doubt = self._doubt or errors.TimedOut()
                if self._circuit is not None:
                    self._circuit.release(self._generation, self.config.monotonic())
                self._generation = NO_GENERATION
            if self._line_call is not None:
                self._line_circuit.leave_line(self._line_call, self.config.monotonic())
        finally:
            waiter, self._waiter = self._waiter, NO_WAITER
            state = self.config.state
            bulkhead = state.bulkhead
            if bulkhead is not None and waiter is not NO_WAITER:
                if waiter is None:
                    bulkhead.release()
                elif waiter is RESTING:
                    state.stop_resting()
                else:
                    state.cancel(bulkhead, waiter)
                if bulkhead.queue:
                    state.grant_next(bulkhead, self.config.monotonic())

    def timed_out(self) -> AttemptOutcome:
        """The outcome of an attempt that took too long."""
        error = errors.TimedOut(f"{self.config.state.origin}: no answer in time")
        error.sent = not self.renewing
        return classify_failure(error)

    def try_hedge(self) -> bool:
        """Whether a slow read may be sent a second time now; if so, it counts and is paid for."""
        state, budget = self.config.state, self.config.policies.retry_budget
        circuit = self._circuit
        if circuit is not None and not circuit.is_closed:
            return False
        if budget is not None and not state.withdraw(budget.transient_cost):
            return False
        self.attempts += 1
        return True

    @property
    def in_doubt(self) -> bool:
        """Whether the write may have happened; after `close`, that includes an attempt that was
        cancelled."""
        return self._doubt is not None

    @property
    def exhausted(self) -> bool:
        """Whether no attempt is left."""
        return self.attempts >= self.config.policies.retry.attempts

    def report_doubt(self, **data: object) -> None:
        """Tell the telemetry that the write may have happened."""
        seconds = self.config.monotonic() - self.start_time
        self._emit("outcome_unknown", attempts=self.attempts, seconds=seconds, **data)

    def annotate(self, error: errors.ServiceError, *, safe: bool) -> errors.ServiceError:
        """Write into the error how far the call got and whether it may be made again."""
        error.safe_to_retry = safe
        error.attempts = self.attempts
        error.elapsed = self.config.monotonic() - self.start_time
        return error

    def _next_attempt(self, now: float) -> Attempt | Sleep | Wait:
        config = self.config
        state, attempt, until = config.state, config.full_attempt, self._until
        if state.cooldown.not_before > now:
            wait = state.cooldown.wait(now, config.operation)
            if wait:
                return self._wait_for_cooldown(now, wait)
        self._attempt_start = now
        self._cut_by_deadline = False
        if until is not None and (attempt.seconds is None or now + attempt.seconds > until):
            attempt = self._shortened(now)
        circuits = state.circuits
        if circuits is None:
            self._circuit, self._generation = None, 0
        else:
            circuit = self._circuit = circuits.provider
            breaker = circuit.breaker
            if breaker.state is CLOSED and not circuits.divided:
                self._generation = breaker.generation
            else:
                admitted = self._admit(now, attempt)
                if not isinstance(admitted, Attempt):
                    return admitted
                attempt = admitted
        self.attempts += 1
        return attempt if config.policies.hedge_after is None else self._hedged(attempt)

    def _shortened(self, now: float) -> Attempt:
        """An attempt that ends at the deadline; raises when no time is left."""
        seconds, self._cut_by_deadline = attempt_time(
            self.config.policies.timeout, self._until, now
        )
        if seconds == 0.0:
            raise self._stop(errors.DeadlineExceeded())
        return Attempt(seconds)

    def _wait_for_cooldown(self, now: float, wait: float) -> Sleep:
        if wait > self.config.policies.retry.max_retry_after or self._beyond_deadline(wait):
            raise self._stop(errors.RateLimited(), retry_after=wait)
        return self._sleep(now, with_jitter(wait, self.config.state.random))

    def _sleep(self, now: float, seconds: float) -> Sleep:
        """Wait without a permit, unless it takes so long that others should not wait as well."""
        state, bulkhead = self.config.state, self.config.state.bulkhead
        short = seconds <= 1.25 * (self.config.max_outage_wait or 0.0)
        if bulkhead is not None and short and state.rest():
            state.return_permit(bulkhead, self._waiter, now)
            self._waiter = RESTING
        return Sleep(seconds)

    def _find_circuit(self, now: float) -> Circuit | None:
        """The circuit that decides about this call at present; it leaves the line of another."""
        circuit = self.config.state.circuit_for(self.config.operation)
        self._circuit = circuit
        call = self._line_call
        if call is not None and circuit is not self._line_circuit:
            self._line_call = None
            self._line_circuit.leave_line(call, now)
        return circuit

    def _admit(self, now: float, attempt: Attempt) -> Attempt | Sleep | Wait:
        """The attempt that the circuit admits, or a wait; raises when the call is refused."""
        self._open_with_peer(now)
        circuit = self._find_circuit(now)
        if circuit is None:
            return attempt
        call = self._waiting_call(circuit, now)
        generation = circuit.admit(now, call)
        if generation is None and (seconds := circuit.admit_short_trial(now, call)):
            generation = SHORT_TRIAL
            attempt = Attempt(seconds if attempt.seconds is None else min(seconds, attempt.seconds))
        elif generation is None:
            if self._joins_line(circuit, call, now, now):
                return self._in_line(circuit, call, now)
            # Another thread may have closed the circuit in the meantime.
            generation = circuit.admit(now, call) if circuit.lets_calls_pass else None
            if generation is None:
                raise self._circuit_open(now)
        self._generation = generation
        if not circuit.lets_calls_pass:
            self._emit_breaker("trial_call", circuit, State.HALF_OPEN)
        return attempt

    def _open_with_peer(self, now: float) -> None:
        circuits, config = self.config.state.circuits, self.config
        if circuits is not None and circuits.shared_breakers is not None:
            opened = circuits.open_with_peer(config.operation, now, config.clock.time())
            if opened is not None:
                self._emit_breaker("breaker", opened, State.OPEN)

    def _waiting_call(self, circuit: Circuit, now: float) -> WaitingCall:
        call, config = self._line_call, self.config
        if call is None:
            self._line_circuit = circuit
            call = self._line_call = WaitingCall(
                now,
                config.max_outage_wait,
                may_repeat=config.retry_mode != "never",
                operation=config.operation,
            )
        return call

    def _joins_line(
        self, circuit: Circuit, call: WaitingCall, now: float, not_before: float
    ) -> bool:
        """Take a place in line, and give the permit back. False: the call cannot wait there."""
        state = self.config.state
        if not circuit.join_line(call, now, not_before):
            return False
        waiter, self._waiter = self._waiter, NO_WAITER
        if state.bulkhead is not None and waiter is not NO_WAITER:
            state.return_permit(state.bulkhead, waiter, now)
        return True

    def _in_line(self, circuit: Circuit, call: WaitingCall, now: float) -> Attempt | Sleep | Wait:
        """Wait for the call's turn in line, or make its attempt."""
        until = self._until
        wait = circuit.wait_in_line(call, now)
        if wait is not None:
            if until is not None:
                wait.seconds = min(wait.seconds, until - now)
            if wait.seconds <= 0.0:
                raise self._circuit_open(now)
            return wait
        return self._acquire(now)

    def _acquire(self, now: float) -> Attempt | Sleep | Wait:
        """Take a permit again after a wait, and go on. Many may have waited, so it takes longer."""
        config = self.config
        bulkhead = config.state.bulkhead
        if bulkhead is None or bulkhead.try_acquire():
            self._waiter = None
            return self._next_attempt(now)
        longest = max(config.policies.concurrency_timeout, config.max_outage_wait or 0.0)
        return self._wait_for_permit(bulkhead, now, longest)

    def _wait_for_permit(
        self, bulkhead: Bulkhead, now: float, max_wait: float
    ) -> Attempt | Sleep | Wait:
        state = self.config.state
        seconds, self._cut_by_deadline = attempt_time(max_wait, self._until, now)
        waiter = self._waiter = state.enqueue(bulkhead, now, seconds or 0.0)
        if waiter.granted:
            return self._next_attempt(now)
        return state.wait_for_permit(waiter)

    def _pause(self, wait: float) -> Attempt | Sleep | Wait:
        """The wait before a retry: in line if the circuit is open, since the provider may be back
        sooner, and since a call in line holds no permit."""
        now = self.config.monotonic()
        circuit = self._find_circuit(now)
        if circuit is not None and not circuit.lets_calls_pass:
            call = self._waiting_call(circuit, now)
            may_wait = circuit.can_wait(call, now + wait)
            if may_wait and self._joins_line(circuit, call, now, now + wait):
                return self._in_line(circuit, call, now)
        return self._sleep(now, wait)

    def _circuit_open(self, now: float) -> errors.ServiceError:
        circuit = self._circuit
        error = errors.CircuitOpen()
        if circuit is not None and circuit.operation:
            error = errors.CircuitOpen("this operation only, the others are called")
        return self._stop(error, retry_after=circuit.seconds_until_trial(now) if circuit else 0.0)

    def _hedged(self, attempt: Attempt) -> Attempt:
        after, seconds = self.config.policies.hedge_after, attempt.seconds
        if after is None or self.attempts > 1:
            return attempt
        return Attempt(seconds, hedge_after(after, self.config.method, seconds))

    def _retry_wait(self, outcome: AttemptOutcome, error: errors.ServiceError) -> float | None:
        """Seconds to wait before the next attempt; None when there must be none."""
        config = self.config
        wait = wait_before_retry(
            config.policies.retry,
            outcome,
            attempts=self.attempts,
            retry_mode=config.retry_mode,
            random=config.state.random,
        )
        if (
            wait is None
            or self._beyond_deadline(wait)
            or self._refused_after(wait)
            or not self._pay_for_retry(outcome)
        ):
            return None
        self._emit(
            "retry",
            failed=self.attempts,
            wait=wait,
            error=type(error).__name__,
            status=error.status,
        )
        return wait

    def _refused_after(self, wait: float) -> bool:
        """Whether the breaker would refuse a retry after `wait`."""
        now = self.config.monotonic()
        circuit = self._find_circuit(now)
        return (
            circuit is not None
            and circuit.seconds_until_trial(now) > wait
            and not circuit.can_wait(self._waiting_call(circuit, now), now + wait)
        )

    def _pay_for_retry(self, outcome: AttemptOutcome) -> bool:
        budget = self.config.policies.retry_budget
        if budget is None:
            return True
        throttled = outcome.retry_kind == "throttled"
        self._retry_cost = budget.throttled_cost if throttled else budget.transient_cost
        return self.config.state.withdraw(self._retry_cost)

    def _beyond_deadline(self, wait: float) -> bool:
        return self._until is not None and self.config.monotonic() + wait >= self._until

    def _stop(
        self, error: errors.Unavailable, *, retry_after: float | None = None
    ) -> errors.ServiceError:
        """The error of a call that the engine ends itself."""
        error.retry_after = retry_after
        return self._end(error, safe=True)

    def _end(self, error: errors.ServiceError, *, safe: bool) -> errors.ServiceError:
        """The error that the caller gets for the one that ended the call."""
        self.annotate(error, safe=safe)
        doubt = self._doubt
        if doubt is None:
            return error
        if error is not doubt and error.__cause__ is None:
            error.__cause__ = doubt
        unknown = errors.OutcomeUnknown.because(error, doubt)
        return self.annotate(unknown, safe=self.config.retry_mode != "never")

    def _report(self, outcome: AttemptOutcome, changed: Circuit | None, seconds: float) -> None:
        config = self.config
        if changed is not None:
            state = changed.breaker.state
            if state is State.OPEN:
                changed.publish_open(config.monotonic(), config.clock.time())
            # The result of a trial call is an event of the breaker only if it ends the outage.
            reopened = state is State.OPEN and changed.breaker.trips > 1
            event = "trial_call" if reopened else "breaker"
            self._emit_breaker(event, changed, state, outcome.error)
        response = outcome.response or (outcome.error and outcome.error.response)
        self._emit(
            "attempt",
            number=self.attempts,
            seconds=seconds,
            status=response.status if response else None,
            error=type(outcome.error).__name__ if outcome.error else None,
        )

    def _emit_breaker(
        self,
        event: str,
        circuit: Circuit,
        state: State,
        error: errors.ServiceError | None = None,
    ) -> None:
        origin, telemetry = self.config.state.origin, self.config.telemetry
        if event == "breaker" and telemetry is not None and telemetry.recorder is not None:
            telemetry.recorder.circuit(origin, state.value, error, circuit.operation)
        only = {"only": circuit.operation} if circuit.operation else {}
        self._emit(event, state=state.value, origin=origin, **only)

    def _emit(self, event: str, /, **data: object) -> None:
        if self.config.telemetry is not None:
            self.config.telemetry.emit(event, self.config.operation, **data)


def _deadline_exceeded(outcome: AttemptOutcome) -> AttemptOutcome:
    """Our own deadline ended the attempt, which is no fault of the provider."""
    error = errors.DeadlineExceeded(*(outcome.error.args if outcome.error else ()))
    error.__cause__ = outcome.error
    return AttemptOutcome(error=error, delivery=outcome.delivery, healthy=None)
