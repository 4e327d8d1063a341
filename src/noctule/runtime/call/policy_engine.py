"""One call under all policies, as a state machine that does nothing itself.

`first`, then `answered` or `resume`, say what has to be done (`Attempt`, `Sleep`, `Ticket`); the
drivers in `drive.py` do it, async or sync. `answered` takes the verdict of an attempt and says
None when that ends the call well; a call that fails raises a `ServiceError`. Whatever ends it,
cancellation too, `close` gives back the place in flight and the breaker's probe.

Not a generator, which says the same with half the lines and costs half as much again as all the
policies together.

Order, outermost first: deadline, bulkhead, retry (quota), breaker and rate gate, attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.clock import AMBIENT, ambient_deadline
from noctule.runtime.effects import Attempt, Sleep
from noctule.runtime.policy.backoff import asked
from noctule.runtime.policy.breaker import CLOSED, LOOK, State
from noctule.runtime.policy.bulkhead import Ticket
from noctule.runtime.policy.deadline import attempt_time
from noctule.runtime.policy.hedge import hedge_after
from noctule.runtime.policy.outcome import Outcome, Reached
from noctule.runtime.policy.retry import replayable, wait_before_retry

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.call.config import Policies
    from noctule.runtime.call.provider_state import ProviderState
    from noctule.runtime.call.telemetry import Telemetry
    from noctule.runtime.clock import Clock
    from noctule.runtime.operation import RetryMode

Effect = Attempt | Sleep | Ticket
NOBODY = -1
"""No generation: nothing of ours is on its way."""
OUTSIDE = Ticket()
"""No place, and no claim to one."""


@dataclass(slots=True)
class Rules:
    """What is the same for all calls of one operation under the same options. `method` decides
    whether a call may be hedged."""

    policies: Policies
    health: ProviderState
    clock: Clock
    retry_mode: RetryMode = "idempotent"
    method: str = ""
    operation: str = ""
    telemetry: Telemetry | None = None
    attempt: Attempt = field(init=False)
    """One that no deadline cuts short: nearly all are the same."""
    monotonic: Callable[[], float] = field(init=False, repr=False)
    """The clock's: looked up once, since each call reads it twice."""

    def __post_init__(self) -> None:
        self.monotonic = self.clock.monotonic
        self.attempt = Attempt(self.policies.timeout)


class Guard:
    """The policies around one call."""

    __slots__ = (
        "_admitted",
        "_begun",
        "_cut",
        "_paid",
        "_ticket",
        "_until",
        "attempts",
        "rules",
        "start",
    )

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.attempts = 0
        self._paid = 0
        self._admitted = NOBODY
        self._ticket: Ticket | None = OUTSIDE
        self.start = start = rules.monotonic()
        until = None if AMBIENT.get() is None else ambient_deadline(rules.clock)
        own = rules.policies.deadline
        if own is not None and (until is None or start + own < until):
            until = start + own
        self._until = until

    def first(self) -> Effect:
        """Begin, or begin again, with what is left of the attempts and of the time."""
        rules = self.rules
        now = rules.monotonic() if self.attempts else self.start
        bulkhead = rules.health.bulkhead
        if bulkhead is None or bulkhead.take():
            self._ticket = None
            return self._send(now)
        seconds, self._cut = attempt_time(rules.policies.concurrency_timeout, self._until, now)
        ticket = self._ticket = rules.health.claim(bulkhead, now, seconds or 0.0)
        return self._send(now) if ticket.held else ticket

    def resume(self) -> Effect:
        """The wait is over: send the request, if nothing is in the way now."""
        if self._ticket is not None and not self._ticket.held:
            raise self._stopped(
                errors.DeadlineExceeded() if self._cut else errors.TooManyConcurrentCalls()
            )
        return self._send(self.rules.monotonic())

    def answered(self, verdict: Outcome) -> Sleep | None:
        """The attempt ended: None when the call did, too."""
        rules = self.rules
        health, now = rules.health, rules.monotonic()
        took = now - self._begun
        admitted, self._admitted = self._admitted, NOBODY
        error, breaker, changed = verdict.error, health.breaker, None
        if (
            error is not None
            or verdict.hold
            or (breaker is not None and not breaker.well(admitted, now, took))
        ):
            verdict = self._weighed(verdict)
            error = verdict.error
            changed = health.settle(admitted, verdict, now, took)
        told = rules.telemetry
        if changed is not None or (told is not None and told.wants("attempt")):
            self._tell(verdict, changed, took)
        if error is None:
            quota = health.retry_budget
            if quota is not None and quota.tokens < quota.capacity:
                health.earn(quota, self._paid or 1)
            return None
        wait = self._wait(verdict, error)
        if wait is not None:
            return Sleep(wait)
        failure = self._last(verdict, error)
        try:
            raise failure
        finally:
            del failure, verdict, error

    def _weighed(self, verdict: Outcome) -> Outcome:
        """What a verdict says of the provider: nothing where our own deadline ended the attempt,
        and no hold that is longer than we let anyone have."""
        if self._cut and isinstance(verdict.error, errors.TimedOut):
            verdict = _cut_short(verdict)
        if verdict.hold:
            verdict.hold = min(verdict.hold, self.rules.policies.longest_hold)
        return verdict

    def close(self) -> None:
        """The call is over, whatever ended it."""
        try:
            if self._admitted != NOBODY:
                self.rules.health.abandon(self._admitted)
                self._admitted = NOBODY
        finally:
            ticket, self._ticket = self._ticket, OUTSIDE
            health = self.rules.health
            bulkhead = health.bulkhead
            if bulkhead is not None and ticket is not OUTSIDE:
                if ticket is None:
                    bulkhead.free()
                else:
                    health.renounce(bulkhead, ticket)
                if bulkhead.queue:
                    health.hand_over(bulkhead, self.rules.monotonic())

    def hedge(self) -> bool:
        """Whether a slow read may be sent a second time now; counts and pays for it."""
        health, prices = self.rules.health, self.rules.policies.retry_budget
        if not health.calm or not (prices is None or health.pay(prices.transient)):
            return False
        self.attempts += 1
        return True

    def explain(self, error: errors.ServiceError, *, safe: bool) -> errors.ServiceError:
        """Write into the error how far the call got and whether it may be made again."""
        error.safe_to_retry = safe
        error.attempts = self.attempts
        error.elapsed = self.rules.monotonic() - self.start
        return error

    def _send(self, now: float) -> Attempt | Sleep:
        rules = self.rules
        health, attempt, until = rules.health, rules.attempt, self._until
        if health.gate.not_before > now:
            return self._gate(health.gate.not_before - now)
        self._begun = now
        self._cut = False
        if until is not None and (attempt.seconds is None or now + attempt.seconds > until):
            attempt = self._shorter(now)
        breaker = health.breaker
        if breaker is None:
            self._admitted = 0
        elif breaker.state is CLOSED and health.shared_breakers is None:
            self._admitted = breaker.generation
        else:
            leave = self._admit(now, attempt)
            if isinstance(leave, Sleep):
                return leave
            attempt = leave
        self.attempts += 1
        return attempt if rules.policies.hedge_after is None else self._hedged(attempt)

    def _shorter(self, now: float) -> Attempt:
        """An attempt that the deadline cuts short; raises when nothing is left."""
        seconds, self._cut = attempt_time(self.rules.policies.timeout, self._until, now)
        if seconds == 0.0:
            raise self._stopped(errors.DeadlineExceeded())
        return Attempt(seconds)

    def _gate(self, wait: float) -> Sleep:
        """Wait until the provider wants to hear from us again, if that is soon enough."""
        if wait > self.rules.policies.retry.longest_wait or self._too_late(wait):
            raise self._stopped(errors.RateLimited(), retry_after=wait)
        return Sleep(asked(wait, self.rules.health.random))

    def _admit(self, now: float, attempt: Attempt) -> Attempt | Sleep:
        """The breaker's leave to send, or a pause; raises when the call must not be sent."""
        health = self.rules.health
        if health.follow(now, self.rules.clock.time()):
            self._tell_breaker("breaker", State.OPEN)
        generation = health.admit(now)
        if generation is None:
            pause = health.echo(now, now - self.start)
            if pause is not None and not self._too_late(pause):
                return Sleep(pause)
            generation, attempt = LOOK, self._look(now, attempt)
        self._admitted = generation
        if not health.calm:
            self._tell_breaker("probe", State.HALF_OPEN)
        return attempt

    def _look(self, now: float, attempt: Attempt) -> Attempt:
        health = self.rules.health
        seconds = None if self.rules.retry_mode == "never" else health.look(now)
        if seconds is None:
            raise self._stopped(errors.CircuitOpen(), retry_after=health.blocked(now))
        return Attempt(seconds if attempt.seconds is None else min(seconds, attempt.seconds))

    def _hedged(self, attempt: Attempt) -> Attempt:
        wanted, seconds = self.rules.policies.hedge_after, attempt.seconds
        if wanted is None or self.attempts > 1:
            return attempt
        return Attempt(seconds, hedge_after(wanted, self.rules.method, seconds))

    def _wait(self, verdict: Outcome, error: errors.ServiceError) -> float | None:
        """Seconds to wait before the next attempt; None when there must be none."""
        wait = wait_before_retry(
            self.rules.policies.retry,
            verdict,
            failed=self.attempts,
            retry_mode=self.rules.retry_mode,
            random=self.rules.health.random,
        )
        if (
            wait is None
            or self._too_late(wait)
            or self.rules.health.blocked(self.rules.monotonic()) > wait
            or not self._pay(verdict)
        ):
            return None
        self._say(
            "retry",
            failed=self.attempts,
            wait=wait,
            error=type(error).__name__,
            status=error.status,
        )
        return wait

    def _pay(self, verdict: Outcome) -> bool:
        prices = self.rules.policies.retry_budget
        if prices is None:
            return True
        self._paid = prices.throttled if verdict.again == "throttled" else prices.transient
        return self.rules.health.pay(self._paid)

    def _too_late(self, wait: float) -> bool:
        return self._until is not None and self.rules.monotonic() + wait >= self._until

    def _stopped(
        self, error: errors.Unavailable, *, retry_after: float | None = None
    ) -> errors.ServiceError:
        """The guard stops on its own account. Safe to retry: had an attempt left any doubt, its
        verdict would have ended the call."""
        error.retry_after = retry_after
        return self.explain(error, safe=True)

    def _last(self, verdict: Outcome, error: errors.ServiceError) -> errors.ServiceError:
        """The error that the caller gets for the last verdict."""
        if self.rules.retry_mode != "never" or verdict.reached is not Reached.MAYBE:
            return self.explain(error, safe=replayable(self.rules.retry_mode, verdict))
        unknown = errors.OutcomeUnknown()
        unknown.status = error.status
        unknown.response = error.response
        unknown.provider_code = error.provider_code
        unknown.__cause__ = error
        return self.explain(unknown, safe=False)

    def _tell(self, verdict: Outcome, changed: State | None, took: float) -> None:
        health = self.rules.health
        if changed is State.OPEN:
            health.tell(self.rules.monotonic(), self.rules.clock.time())
        if changed is not None:
            # What a probe came to is news only when it ends the outage.
            known = changed is State.OPEN and health.breaker and health.breaker.trips > 1
            self._tell_breaker("probe" if known else "breaker", changed)
        answer = verdict.response or (verdict.error and verdict.error.response)
        self._say(
            "attempt",
            number=self.attempts,
            seconds=took,
            status=answer.status if answer else None,
            error=type(verdict.error).__name__ if verdict.error else None,
        )

    def _tell_breaker(self, event: str, state: State) -> None:
        self._say(event, state=state.value, origin=self.rules.health.origin)

    def _say(self, event: str, /, **data: object) -> None:
        if self.rules.telemetry is not None:
            self.rules.telemetry.tell(event, self.rules.operation, **data)


def _cut_short(verdict: Outcome) -> Outcome:
    """Our own deadline ended the attempt: no fault of the provider."""
    error = errors.DeadlineExceeded()
    error.__cause__ = verdict.error
    return Outcome(error=error, reached=verdict.reached, healthy=None)
