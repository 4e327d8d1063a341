"""One call under all policies, as a generator that does nothing itself.

It yields what has to be done (`Attempt`, `Sleep`, `Wait`); the drivers in `drive.py` do it, async
or sync, and send back the verdict of an attempt (after a wait, what they send is ignored).
Whatever ends the call, success, error or cancellation, closes the generator, and closing it
gives back the place in flight and the breaker's probe.

Order, outermost first: deadline, bulkhead, retry (quota), breaker and rate gate, attempt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.clock import ambient_deadline
from noctule.runtime.effects import Attempt, Sleep, Wait
from noctule.runtime.policy.backoff import asked
from noctule.runtime.policy.breaker import State
from noctule.runtime.policy.deadline import attempt_time
from noctule.runtime.policy.hedge import hedge_after
from noctule.runtime.policy.retry import replayable, wait_before_retry
from noctule.runtime.policy.verdict import Reached, Verdict
from noctule.runtime.telemetry import SILENT, Telemetry

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.runtime.clock import Clock
    from noctule.runtime.config import Policies
    from noctule.runtime.health import Circuits, Health
    from noctule.runtime.operation import Replay
    from noctule.runtime.policy.bulkhead import Ticket

Effect = Attempt | Sleep | Wait


class Guard:
    """The policies around one call. `method` decides whether it may be hedged."""

    __slots__ = (
        "_paid",
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
        self.start = clock.monotonic()
        until = ambient_deadline(clock)
        if policies.deadline is not None:
            own = self.start + policies.deadline
            until = own if until is None else min(own, until)
        self._until = until

    def run(self) -> Generator[Effect, Verdict, Verdict]:
        """Returns the verdict of the attempt that succeeded; raises a `ServiceError`."""
        health, clock, policies = self.health, self.clock, self.policies
        ticket = health.enter()
        try:
            if ticket is not None:
                yield from self._place(ticket)
            while True:
                if health.gate.not_before:
                    yield from self._gate()
                begun = clock.monotonic()
                seconds, cut = attempt_time(policies.timeout, self._until, begun)
                admitted = self._admitted(begun, seconds)
                self.attempts += 1
                try:
                    hedged = policies.hedge_after is not None
                    verdict = yield Attempt(seconds, self._hedge_after(seconds) if hedged else None)
                except BaseException:
                    health.abandon(admitted)
                    raise
                if cut and isinstance(verdict.error, errors.TimedOut):
                    verdict = _cut_short(verdict)
                now = clock.monotonic()
                changed = health.settle(admitted, verdict, now, now - begun)
                if changed is not None or self.telemetry.wants("attempt"):
                    self._tell(verdict, changed, now - begun)
                if verdict.error is None:
                    health.earn(self._paid or 1)
                    return verdict
                yield Sleep(self._wait_or_raise(verdict, verdict.error))
        finally:
            health.leave(ticket)

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

    def _place(self, ticket: Ticket) -> Generator[Effect, Verdict, None]:
        seconds, cut = attempt_time(
            self.policies.place_timeout, self._until, self.clock.monotonic()
        )
        yield Wait(ticket, seconds or 0.0)
        if not ticket.held:
            raise self._stopped(errors.DeadlineExceeded() if cut else errors.Saturated())

    def _gate(self) -> Generator[Effect, Verdict, None]:
        """Wait until the provider wants to hear from us again, if that is soon enough."""
        while wait := self.health.gate.wait(self.clock.monotonic()):
            if wait > self.policies.retry.longest_wait or self._too_late(wait):
                raise self._stopped(errors.RateLimited(), retry_after=wait)
            yield Sleep(asked(wait, self.health.random))

    def _admitted(self, now: float, seconds: float | None) -> int:
        """The breaker's leave to send; raises when the call must not be sent."""
        if seconds == 0.0:
            raise self._stopped(errors.DeadlineExceeded())
        health = self.health
        if health.circuits is not None:
            self._peers(health.circuits)
        generation = health.admit(now)
        if generation is None:
            raise self._stopped(errors.CircuitOpen(), retry_after=health.blocked(now))
        return generation

    def _hedge_after(self, seconds: float | None) -> float | None:
        wanted = self.policies.hedge_after
        if wanted is None or self.attempts > 1:
            return None
        return hedge_after(wanted, self.method, seconds)

    def _peers(self, circuits: Circuits) -> None:
        """Leave a provider alone that another process found failing."""
        wait = circuits.open_until(self.health.origin) - self.clock.time()
        if wait > 0:
            raise self._stopped(errors.CircuitOpen(), retry_after=wait)

    def _wait_or_raise(self, verdict: Verdict, error: errors.ServiceError) -> float:
        """Seconds to wait before the next attempt; raises when there must be none."""
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
            raise self._last(verdict, error)
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
        if changed is not None:
            self._tell_breaker(changed)
        answer = verdict.response or (verdict.error and verdict.error.response)
        self.telemetry.tell(
            "attempt",
            self.operation,
            number=self.attempts,
            seconds=took,
            status=answer.status if answer else None,
            error=type(verdict.error).__name__ if verdict.error else None,
        )

    def _tell_breaker(self, state: State) -> None:
        health = self.health
        if state is State.OPEN and health.circuits is not None:
            length = health.blocked(self.clock.monotonic())
            health.circuits.opened(health.origin, self.clock.time() + length)
        self.telemetry.tell("breaker", self.operation, state=state.value, origin=health.origin)


def _cut_short(verdict: Verdict) -> Verdict:
    """Our own deadline ended the attempt: no fault of the provider."""
    error = errors.DeadlineExceeded()
    error.__cause__ = verdict.error
    return Verdict(error=error, reached=verdict.reached, healthy=None)
