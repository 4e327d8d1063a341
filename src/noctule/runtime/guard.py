"""One call under all policies, as a state machine that does nothing itself.

`first`, then `answered` or `resume`, say what has to be done (`Attempt`, `Sleep`, `Wait`); the
drivers in `drive.py` do it, async or sync. `answered` takes the verdict of an attempt and says
None when that ends the call well; a call that fails raises a `ServiceError`. Whatever ends it,
cancellation too, `close` gives back the place in flight and the breaker's probe.

Not a generator, which says the same with half the lines and costs half as much again as all the
policies together.

Order, outermost first: deadline, bulkhead, retry (quota), breaker and rate gate, attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.clock import ambient_deadline
from noctule.runtime.effects import Attempt, Sleep, Wait
from noctule.runtime.policy.backoff import asked
from noctule.runtime.policy.breaker import CLOSED, State
from noctule.runtime.policy.deadline import attempt_time
from noctule.runtime.policy.hedge import hedge_after
from noctule.runtime.policy.retry import replayable, wait_before_retry
from noctule.runtime.policy.verdict import Reached, Verdict
from noctule.runtime.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.runtime.config import Policies
    from noctule.runtime.health import Health
    from noctule.runtime.operation import Replay

Effect = Attempt | Sleep | Wait
NOBODY = -1
"""No generation: nothing of ours is on its way."""


class Guard:
    """The policies around one call. `method` decides whether it may be hedged."""

    __slots__ = (
        "_admitted",
        "_begun",
        "_cut",
        "_inside",
        "_paid",
        "_ticket",
        "_until",
        "attempts",
        "clock",
        "health",
        "method",
        "operation",
        "policies",
        "replay",
        "start",
        "telemetry",
    )

    def __init__(
        self,
        policies: Policies,
        health: Health,
        clock: Clock,
        *,
        replay: Replay = "safe",
        method: str = "",
        operation: str = "",
        telemetry: Telemetry = SILENT,
    ) -> None:
        self.policies = policies
        self.health = health
        self.clock = clock
        self.replay: Replay = replay
        self.method = method
        self.operation = operation
        self.telemetry = telemetry
        self.attempts = 0
        self._paid = 0
        self._admitted = NOBODY
        self._inside = False
        self.start = clock.monotonic()
        until = ambient_deadline(clock)
        if policies.deadline is not None:
            own = self.start + policies.deadline
            until = own if until is None or own < until else until
        self._until = until

    def first(self) -> Effect:
        """Begin, or begin again, with what is left of the attempts and of the time."""
        now = self.clock.monotonic() if self.attempts else self.start
        ticket = self._ticket = self.health.enter()
        self._inside = True
        if ticket is None:
            return self._send(now)
        seconds, self._cut = attempt_time(self.policies.place_timeout, self._until, now)
        return Wait(ticket, seconds or 0.0)

    def resume(self) -> Effect:
        """The wait is over: send the request, if nothing is in the way now."""
        if self._ticket is not None and not self._ticket.held:
            raise self._stopped(errors.DeadlineExceeded() if self._cut else errors.Saturated())
        return self._send(self.clock.monotonic())

    def answered(self, verdict: Verdict) -> Sleep | None:
        """The attempt ended: None when the call did, too."""
        now = self.clock.monotonic()
        took = now - self._begun
        if self._cut and isinstance(verdict.error, errors.TimedOut):
            verdict = _cut_short(verdict)
        if verdict.hold:
            verdict.hold = min(verdict.hold, self.policies.longest_hold)
        admitted, self._admitted = self._admitted, NOBODY
        changed = self.health.settle(admitted, verdict, now, took)
        if changed is not None or self.telemetry.wants("attempt"):
            self._tell(verdict, changed, took)
        if verdict.error is None:
            self.health.earn(self._paid or 1)
            return None
        wait = self._wait(verdict, verdict.error)
        if wait is not None:
            return Sleep(wait)
        failure = self._last(verdict, verdict.error)
        try:
            raise failure
        finally:
            del failure, verdict

    def close(self) -> None:
        """The call is over, whatever ended it."""
        if self._admitted != NOBODY:
            self.health.abandon(self._admitted)
            self._admitted = NOBODY
        if self._inside:
            self._inside = False
            self.health.leave(self._ticket)

    def hedge(self) -> bool:
        """Whether a slow read may be sent a second time now; counts and pays for it."""
        prices = self.policies.quota
        if not self.health.calm or not (prices is None or self.health.pay(prices.transient)):
            return False
        self.attempts += 1
        return True

    def explain(self, error: errors.ServiceError, *, safe: bool) -> errors.ServiceError:
        """Write into the error how far the call got and whether it may be made again."""
        error.safe_to_retry = safe
        error.attempts = self.attempts
        error.elapsed = self.clock.monotonic() - self.start
        return error

    def _send(self, now: float) -> Attempt | Sleep:
        health, policies = self.health, self.policies
        if health.gate.not_before > now:
            return self._gate(health.gate.not_before - now)
        self._begun = now
        seconds, self._cut = policies.timeout, False
        if self._until is not None:
            seconds, self._cut = attempt_time(seconds, self._until, now)
            if seconds == 0.0:
                raise self._stopped(errors.DeadlineExceeded())
        breaker = health.breaker
        if breaker is None:
            self._admitted = 0
        elif breaker.state is CLOSED and health.circuits is None:
            self._admitted = breaker.generation
        else:
            self._admitted = self._admit(now)
        self.attempts += 1
        if policies.hedge_after is None:
            return Attempt(seconds)
        return Attempt(seconds, self._hedge_after(seconds))

    def _gate(self, wait: float) -> Sleep:
        """Wait until the provider wants to hear from us again, if that is soon enough."""
        if wait > self.policies.retry.longest_wait or self._too_late(wait):
            raise self._stopped(errors.RateLimited(), retry_after=wait)
        return Sleep(asked(wait, self.health.random))

    def _admit(self, now: float) -> int:
        """The breaker's leave to send; raises when the call must not be sent."""
        health = self.health
        if health.follow(now, self.clock.time()):
            self._tell_breaker("breaker", State.OPEN)
        generation = health.admit(now)
        if generation is None:
            raise self._stopped(errors.CircuitOpen(), retry_after=health.blocked(now))
        if not health.calm:
            self._tell_breaker("probe", State.HALF_OPEN)
        return generation

    def _hedge_after(self, seconds: float | None) -> float | None:
        wanted = self.policies.hedge_after
        if wanted is None or self.attempts > 1:
            return None
        return hedge_after(wanted, self.method, seconds)

    def _wait(self, verdict: Verdict, error: errors.ServiceError) -> float | None:
        """Seconds to wait before the next attempt; None when there must be none."""
        wait = wait_before_retry(
            self.policies.retry,
            verdict,
            failed=self.attempts,
            replay=self.replay,
            random=self.health.random,
        )
        if (
            wait is None
            or self._too_late(wait)
            or self.health.blocked(self.clock.monotonic()) > wait
            or not self._pay(verdict)
        ):
            return None
        self.telemetry.tell(
            "retry",
            self.operation,
            failed=self.attempts,
            wait=wait,
            error=type(error).__name__,
            status=error.status,
        )
        return wait

    def _pay(self, verdict: Verdict) -> bool:
        prices = self.policies.quota
        if prices is None:
            return True
        self._paid = prices.throttled if verdict.again == "throttled" else prices.transient
        return self.health.pay(self._paid)

    def _too_late(self, wait: float) -> bool:
        return self._until is not None and self.clock.monotonic() + wait >= self._until

    def _stopped(
        self, error: errors.Unavailable, *, retry_after: float | None = None
    ) -> errors.ServiceError:
        """The guard stops on its own account. Safe to retry: had an attempt left any doubt, its
        verdict would have ended the call."""
        error.retry_after = retry_after
        return self.explain(error, safe=True)

    def _last(self, verdict: Verdict, error: errors.ServiceError) -> errors.ServiceError:
        """The error that the caller gets for the last verdict."""
        if self.replay != "never" or verdict.reached is not Reached.MAYBE:
            return self.explain(error, safe=replayable(self.replay, verdict))
        unknown = errors.OutcomeUnknown()
        unknown.status = error.status
        unknown.response = error.response
        unknown.__cause__ = error
        return self.explain(unknown, safe=False)

    def _tell(self, verdict: Verdict, changed: State | None, took: float) -> None:
        health = self.health
        if changed is State.OPEN:
            health.tell(self.clock.monotonic(), self.clock.time())
        if changed is not None:
            # What a probe came to is news only when it ends the outage.
            known = changed is State.OPEN and health.breaker and health.breaker.trips > 1
            self._tell_breaker("probe" if known else "breaker", changed)
        answer = verdict.response or (verdict.error and verdict.error.response)
        self.telemetry.tell(
            "attempt",
            self.operation,
            number=self.attempts,
            seconds=took,
            status=answer.status if answer else None,
            error=type(verdict.error).__name__ if verdict.error else None,
        )

    def _tell_breaker(self, event: str, state: State) -> None:
        self.telemetry.tell(event, self.operation, state=state.value, origin=self.health.origin)


def _cut_short(verdict: Verdict) -> Verdict:
    """Our own deadline ended the attempt: no fault of the provider."""
    error = errors.DeadlineExceeded()
    error.__cause__ = verdict.error
    return Verdict(error=error, reached=verdict.reached, healthy=None)
