"""Bulkhead, retry budget, cooldown, window, backoff, retry: laws for any input."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from noctule.runtime import InvalidResponse, Response
from noctule.runtime.policy.backoff import Backoff, with_jitter
from noctule.runtime.policy.bulkhead import Bulkhead, Waiter
from noctule.runtime.policy.classify import classify_response
from noctule.runtime.policy.cooldown import Cooldown
from noctule.runtime.policy.deadline import attempt_time
from noctule.runtime.policy.hedge import hedge_after
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.policy.retry import RetryLimits, wait_before_retry
from noctule.runtime.policy.retry_budget import RetryBudget, RetryTokens
from noctule.runtime.policy.window import Window

PERMITS = 3


class BulkheadMachine(RuleBasedStateMachine):
    """Arrivals, departures and cancellations in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.bulkhead = Bulkhead(PERMITS)
        self.active: list[Waiter | None] = []
        self.waiting: list[Waiter] = []
        self.arrived = 0
        self.now = 0

    @rule()
    def enter(self) -> None:
        if self.bulkhead.try_acquire():
            self.active.append(None)
        else:
            self.arrived += 1
            self.waiting.append(self.bulkhead.enqueue(self.arrived, 0))
            assert self.bulkhead.grant_next(self.now) is None

    @precondition(lambda self: self.active)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        waiter = self.active.pop(data.draw(st.integers(0, len(self.active) - 1)))
        self.release(waiter)
        next_waiter = self.bulkhead.grant_next(self.now)
        # The oldest, unless it is late: then the newest.
        next_one = -1 if self.waiting and self.waiting[0].half_time < self.now else 0
        assert next_waiter is (self.waiting[next_one] if self.waiting else None)
        if next_waiter is not None:
            assert next_waiter.granted
            self.active.append(self.waiting.pop(next_one))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        waiter = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        self.bulkhead.cancel(waiter)
        assert self.bulkhead.grant_next(self.now) is None

    @rule(seconds=st.integers(1, 5))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    def release(self, waiter: Waiter | None) -> None:
        if waiter is None:
            self.bulkhead.release()
        else:
            self.bulkhead.cancel(waiter)

    @invariant()
    def never_more_than_the_permits(self) -> None:
        assert self.bulkhead.active_calls == len(self.active) <= PERMITS
        assert not self.waiting or len(self.active) == PERMITS

    def teardown(self) -> None:
        for waiter in [*self.waiting, *self.active]:
            self.release(waiter)
        assert self.bulkhead.active_calls == 0


TestBulkhead = BulkheadMachine.TestCase
TestBulkhead.settings = settings(max_examples=60, stateful_step_count=30)


@given(st.lists(st.one_of(st.just("deposit"), st.sampled_from([14, 5])), max_size=300))
def test_the_retry_tokens_stay_between_zero_and_the_capacity(
    steps: list[str | int],
) -> None:
    tokens, model = RetryTokens(50), 50
    for step in steps:
        if isinstance(step, str):
            tokens.deposit()
            model = min(50, model + 1)
        else:
            withdrawn = tokens.withdraw(step)
            assert withdrawn == (model >= step)
            model -= step if withdrawn else 0
        assert tokens.tokens == model


def test_a_full_budget_pays_for_35_retries_in_an_outage() -> None:
    prices = RetryBudget()
    tokens = RetryTokens(prices.capacity)
    assert sum(tokens.withdraw(prices.transient_cost) for _ in range(1000)) == 35


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e9)), min_size=1), st.floats(0, 1e6))
def test_the_cooldown_ends_at_the_latest_requested_time(
    history: list[tuple[float, float]], now: float
) -> None:
    cooldown = Cooldown()
    for moment, seconds in history:
        cooldown.extend(moment, seconds)
    latest = max(moment + seconds for moment, seconds in history)
    assert cooldown.wait(now) == max(0.0, latest - now)


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans(), st.booleans()), max_size=80))
def test_the_window_counts_the_latest_calls_of_the_last_minute(
    steps: list[tuple[float, bool, bool]],
) -> None:
    window, now, history = Window(60.0, 20), 0.0, []
    for pause, failed, slow in steps:
        now += pause
        window.add(now, failed, slow)
        history.append((now, failed, slow))
        recent = [entry for entry in history[-20:] if entry[0] > now - 60.0]
        assert window.totals(now) == (
            len(recent),
            sum(failed for _, failed, _ in recent),
            sum(slow for *_, slow in recent),
        )


def test_waits_are_1_2_and_4_seconds_at_least() -> None:
    backoff = Backoff()
    assert [backoff.least_wait(failed) for failed in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert [backoff.least_wait(n, throttled=True) for n in range(4, 8)] == [8, 16, 20, 20]


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True), st.booleans())
def test_every_wait_is_within_its_bound(failed: int, draw: float, throttled: bool) -> None:
    backoff = Backoff()
    wait = backoff.wait(failed, lambda: draw, throttled=throttled)
    least = backoff.least_wait(failed, throttled=throttled)
    assert 1 <= least <= wait <= least * 1.25 <= 25


@given(st.floats(0, 3600), st.floats(0, 1, exclude_max=True))
def test_what_the_provider_asks_for_is_waited_in_full(seconds: float, draw: float) -> None:
    assert seconds <= with_jitter(seconds, lambda: draw) <= seconds * 1.1


outcomes = st.builds(
    lambda **members: AttemptOutcome(**members),  # whose annotations are for type checkers only
    delivery=st.sampled_from(DeliveryStatus),
    retry_kind=st.sampled_from(["no", "transient_cost", "throttled"]),
    retry_after=st.none() | st.floats(0, 200),
    should_retry=st.none() | st.booleans(),
)


@given(
    outcomes,
    st.integers(1, 6),
    st.sampled_from(["idempotent", "with_key", "never"]),
    st.floats(0, 1, exclude_max=True),
)
def test_a_write_without_a_key_is_only_repeated_when_it_did_nothing(
    outcome: AttemptOutcome, failed: int, retry: str, draw: float
) -> None:
    wait = wait_before_retry(
        RetryLimits(),
        outcome,
        attempts=failed,
        retry_mode=retry,
        random=lambda: draw,
    )
    if wait is None:
        return
    assert failed < 4
    assert outcome.should_retry is not False
    assert wait <= 66
    if retry == "never":
        assert outcome.delivery in (DeliveryStatus.NOT_SENT, DeliveryStatus.REJECTED)


@given(
    st.floats(0, 60),
    st.sampled_from(["transient", "throttled"]),
    st.integers(1, 3),
    st.floats(0, 1, exclude_max=True),
)
def test_no_hint_shortens_our_own_wait(hint: float, kind: str, failed: int, draw: float) -> None:
    outcome = AttemptOutcome(delivery=DeliveryStatus.REJECTED, retry_kind=kind, retry_after=hint)
    wait = wait_before_retry(
        RetryLimits(), outcome, attempts=failed, retry_mode="never", random=lambda: draw
    )
    assert wait is not None
    assert wait >= max(hint, 2.0 ** (failed - 1))


@pytest.mark.parametrize("should_retry", [True, False])
def test_the_providers_advice_is_obeyed(should_retry: bool) -> None:
    def wait(retry_kind: str) -> float | None:
        outcome = AttemptOutcome(
            delivery=DeliveryStatus.REJECTED, retry_kind=retry_kind, should_retry=should_retry
        )
        return wait_before_retry(
            RetryLimits(), outcome, attempts=1, retry_mode="with_key", random=lambda: 0.5
        )

    assert (wait("transient_cost") is not None) is should_retry
    assert (wait("no") is not None) is should_retry


@given(
    st.none() | st.floats(0.001, 100),
    st.none() | st.floats(0, 1000),
    st.floats(0, 1000),
)
def test_an_attempt_never_outlives_the_deadline(
    timeout: float | None, until: float | None, now: float
) -> None:
    seconds, cut = attempt_time(timeout, until, now)
    assert seconds is None or timeout is None or seconds <= timeout
    if until is not None:
        assert seconds is not None
        assert seconds <= max(0.0, until - now)
    assert not cut or seconds == max(0.0, (until or 0.0) - now)


@given(
    st.floats(0, 100),
    st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]),
    st.none() | st.floats(0, 100),
)
def test_only_reads_are_hedged_and_only_while_it_can_help(
    after: float, method: str, timeout: float | None
) -> None:
    helps = method in ("GET", "HEAD") and (timeout is None or after < timeout)
    assert hedge_after(after, method, timeout) == (after if helps else None)


@pytest.mark.parametrize(("status", "error"), [(299, None), (300, InvalidResponse)])
def test_a_success_is_a_status_below_300(status: int, error: type[Exception] | None) -> None:
    response = Response(status)
    outcome = classify_response(response, 0.0)
    assert type(outcome.error) is (error or type(None))
    assert outcome.response is (None if error else response)
