"""One call under all policies, as a generator that does nothing itself.

It yields what has to be done (`Attempt`, `Sleep`, `Wait`); the drivers in `drive.py` do it, async
or sync, and send back the verdict of an attempt (after a wait, what they send is ignored).
Whatever ends the call, success, error or cancellation, closes the generator, and closing it
gives back the place in flight and the breaker's probe.

Order, outermost first: deadline, bulkhead, retry (quota), breaker and rate gate, attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.runtime import errors
from noctule.runtime.clock import ambient_deadline
from noctule.runtime.policy.backoff import asked
from noctule.runtime.policy.deadline import attempt_time, shortest
from noctule.runtime.policy.retry import replayable, wait_before_retry
from noctule.runtime.policy.verdict import Reached, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from noctule.runtime.clock import Clock
    from noctule.runtime.config import Policies
    from noctule.runtime.health import Health
    from noctule.runtime.operation import Replay
    from noctule.runtime.policy.bulkhead import Ticket


@dataclass(slots=True)
class Attempt:
    """Send the request and answer with a `Verdict`, within `seconds`."""

    number: int
    seconds: float | None


@dataclass(slots=True)
class Sleep:
    seconds: float


@dataclass(slots=True)
class Wait:
    """Wait up to `seconds` until the ticket holds a place."""

    ticket: Ticket
    seconds: float


Effect = Attempt | Sleep | Wait


class Guard:
    """The policies around one call. `retry` is told of each wait: (failed, seconds, verdict)."""

    __slots__ = ("attempts", "clock", "health", "paid", "policies", "replay", "retry", "start")

    def __init__(
        self,
        policies: Policies,
        health: Health,
        clock: Clock,
        *,
        replay: Replay = "safe",
        retry: Callable[[int, float, Verdict], None] | None = None,
    ) -> None:
        self.policies = policies
        self.health = health
        self.clock = clock
        self.replay: Replay = replay
        self.retry = retry
        self.attempts = 0
        self.paid = 0
        self.start = clock.monotonic()

    def run(self) -> Generator[Effect, Verdict, Verdict]:
        """Returns the verdict of the attempt that succeeded; raises a `ServiceError`."""
        length = self.policies.deadline
        until = shortest(
            None if length is None else self.start + length, ambient_deadline(self.clock)
        )
        ticket = self.health.enter()
        try:
            if not ticket.held:
                yield from self._place(ticket, until)
            while True:
                verdict = yield from self._attempt(until)
                if verdict.error is None:
                    self.health.earn(self.paid or 1)
                    return verdict
                yield Sleep(self._wait_or_raise(verdict, verdict.error, until))
        finally:
            self.health.leave(ticket)

    def _place(self, ticket: Ticket, until: float | None) -> Generator[Effect, Verdict, None]:
        now = self.clock.monotonic()
        seconds, cut = attempt_time(self.policies.place_timeout, until, now)
        yield Wait(ticket, seconds or 0.0)
        if not ticket.held:
            raise self._told(errors.DeadlineExceeded() if cut else errors.Saturated())

    def _attempt(self, until: float | None) -> Generator[Effect, Verdict, Verdict]:
        health, clock = self.health, self.clock
        if health.gate.not_before:
            yield from self._gate(until)
        begun = clock.monotonic()
        seconds, cut = attempt_time(self.policies.timeout, until, begun)
        if seconds == 0.0:
            raise self._told(errors.DeadlineExceeded())
        generation = health.admit(begun)
        if generation is None:
            raise self._refused(begun)
        self.attempts += 1
        try:
            verdict = yield Attempt(self.attempts, seconds)
        except BaseException:
            health.abandon(generation)
            raise
        if cut and isinstance(verdict.error, errors.TimedOut):
            verdict = _cut(verdict)
        now = clock.monotonic()
        health.settle(generation, verdict, now, now - begun)
        return verdict

    def _gate(self, until: float | None) -> Generator[Effect, Verdict, None]:
        """Wait until the provider wants to hear from us again, if that is soon enough."""
        while wait := self.health.gate.wait(self.clock.monotonic()):
            if wait > self.policies.retry.longest_wait or self._too_late(wait, until):
                error = errors.RateLimited()
                error.retry_after = wait
                raise self._told(error)
            yield Sleep(asked(wait, self.health.random))

    def _wait_or_raise(
        self, verdict: Verdict, error: errors.ServiceError, until: float | None
    ) -> float:
        """Seconds to wait before the next attempt; raises when there must be none."""
        wait = wait_before_retry(
            self.policies.retry,
            verdict,
            failed=self.attempts,
            replay=self.replay,
            random=self.health.random,
        )
        now = self.clock.monotonic()
        if (
            wait is None
            or self._too_late(wait, until)
            or self.health.blocked(now) > wait
            or not self._pay(verdict)
        ):
            raise self._last(verdict, error)
        if self.retry is not None:
            self.retry(self.attempts, wait, verdict)
        return wait

    def _pay(self, verdict: Verdict) -> bool:
        prices = self.policies.quota
        if prices is None:
            return True
        self.paid = prices.throttled if verdict.again == "throttled" else prices.transient
        return self.health.pay(self.paid)

    def _too_late(self, wait: float, until: float | None) -> bool:
        return until is not None and self.clock.monotonic() + wait >= until

    def _refused(self, now: float) -> errors.ServiceError:
        error = errors.CircuitOpen()
        error.retry_after = self.health.blocked(now)
        return self._told(error)

    def _last(self, verdict: Verdict, error: errors.ServiceError) -> errors.ServiceError:
        """The error that the caller gets for the last verdict."""
        if self.replay == "never" and verdict.reached is Reached.MAYBE:
            unknown = errors.OutcomeUnknown()
            unknown.status = error.status
            unknown.response = error.response
            unknown.__cause__ = error
            return self._told(unknown, safe=False)
        return self._told(error, safe=replayable(self.replay, verdict))

    def _told(self, error: errors.ServiceError, *, safe: bool = True) -> errors.ServiceError:
        """Write down how far the call got.

        Where the guard stops on its own account it is safe to retry: had an attempt left any
        doubt, its verdict would have ended the call.
        """
        error.safe_to_retry = safe
        error.attempts = self.attempts
        error.elapsed = self.clock.monotonic() - self.start
        return error


def _cut(verdict: Verdict) -> Verdict:
    """Our own deadline ended the attempt: no fault of the provider."""
    error = errors.DeadlineExceeded()
    error.__cause__ = verdict.error
    return Verdict(error=error, reached=verdict.reached, healthy=None)
