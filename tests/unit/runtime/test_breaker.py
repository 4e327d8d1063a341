"""The circuit breaker, against a model that records every call."""

from __future__ import annotations

import math

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from noctule.runtime.policy.breaker import Breaker, BreakerLimits, State
from noctule.runtime.policy.waiting_line import WaitingCall

LIMITS = BreakerLimits()
MIDDLE = 0.5
"""Without jitter: a random source that always draws the middle."""


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    breaker.trip(now)
    return breaker


def call(breaker: Breaker, now: float, *, success: bool, **facts: object) -> bool:
    generation = breaker.admit(now)
    if generation is None:
        return False
    breaker.record(generation, now, success=success, **facts)
    return True


class BreakerMachine(RuleBasedStateMachine):
    """Any order of calls, cancellations, late results and passing time."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(LIMITS, lambda: MIDDLE)
        self.now = 0.0
        self.pending: list[int] = []
        self.refused = 0
        self.good = 0
        """Successes since the trial call was admitted."""
        self.trial_sent_at = -1e9
        self.trials = set[int]()
        """Generations of the calls admitted since it was last open."""

    @rule(seconds=st.floats(0, 90) | st.floats(0, 0.2))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(calls=st.integers(1, 60))
    def send(self, calls: int) -> None:
        for _ in range(calls):
            self.send_one()

    def send_one(self) -> None:
        state, until = self.breaker.state, self.breaker.open_until
        generation = self.breaker.admit(self.now)
        if state is State.CLOSED:
            assert generation is not None
        if state is State.OPEN:
            self.refused += 1
            if generation is None:
                assert self.now < until
            else:
                assert self.now >= until or self.refused * LIMITS.trial_call_rate >= 1
                self.refused, self.good = 0, 0
        if generation is not None:
            self.pending.append(generation)
            if state is State.OPEN:
                self.trials.clear()
            if state is not State.CLOSED:
                self.trials.add(generation)
                if not self.good:
                    self.trial_sent_at = self.now

    @precondition(lambda self: self.pending)
    @rule(
        data=st.data(),
        success=st.booleans(),
        seconds=st.floats(0, 12),
        connect_failure=st.booleans(),
    )
    def finish(
        self, data: st.DataObject, success: bool, seconds: float, connect_failure: bool
    ) -> None:
        generation = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        before = self.breaker.state, self.breaker.generation
        self.breaker.record(
            generation,
            self.now,
            success=success,
            seconds=seconds,
            connect_failure=connect_failure and not success,
        )
        after = self.breaker.state, self.breaker.generation
        well = success and seconds < LIMITS.slow_call_seconds
        if generation != before[1] and not (well and generation in self.trials):
            assert after == before
        elif before[0] is State.HALF_OPEN:
            self.good += 1
            assert (after[0] is State.OPEN) == (not well)
            assert (after[0] is State.CLOSED) == (well and self.good == LIMITS.successes_to_close)

    @rule(age=st.floats(0, 3))
    def wait_for_the_result(self, age: float) -> None:
        """Only of a recent trial call, and for a limited time."""
        begin = self.now - age
        if self.breaker.waits_until(WaitingCall(begin, 0.0)) > self.now:
            assert self.breaker.state is State.HALF_OPEN
            assert self.now - self.trial_sent_at < LIMITS.short_trial_seconds
            assert age < LIMITS.short_trial_seconds

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        generation = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        state = self.breaker.state
        self.breaker.release(generation)
        assert self.breaker.state is state

    @invariant()
    def at_most_one_trial_call(self) -> None:
        if self.breaker.state is State.HALF_OPEN and not self.good:
            assert self.pending.count(self.breaker.generation) <= 1

    @invariant()
    def the_open_time_is_limited(self) -> None:
        if self.breaker.state is State.OPEN:
            assert self.breaker.open_until <= self.now + LIMITS.max_open_seconds * 1.2

    def teardown(self) -> None:
        """In the end a healthy provider is called again, whatever happened before."""
        for generation in self.pending:
            self.breaker.release(generation)
        self.now += 100
        for _ in range(LIMITS.successes_to_close):
            assert call(self.breaker, self.now, success=True)
        assert self.breaker.state is State.CLOSED


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=80, stateful_step_count=40)


def test_half_of_ten_calls_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(9):
        call(breaker, 1.0, success=number % 2 == 0)
    assert breaker.state is State.CLOSED
    call(breaker, 1.0, success=False)
    assert breaker.state is State.OPEN


def test_fewer_than_minimum_calls_never_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(9):
        call(breaker, 1.0, success=False)
    assert breaker.state is State.CLOSED


def test_much_traffic_before_an_outage_does_not_hide_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(18_000):
        call(breaker, number / 300, success=True)
    failures = 0
    while breaker.state is State.CLOSED:
        failures += 1
        call(breaker, 60 + failures / 300, success=False)
    assert failures == LIMITS.consecutive_failures == 7


def test_five_failures_to_connect_in_a_row_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(4):
        call(breaker, 1.0, success=False, connect_failure=True)
    call(breaker, 1.0, success=True)
    for _ in range(4):
        call(breaker, 1.0, success=False, connect_failure=True)
    assert breaker.state is State.CLOSED
    call(breaker, 1.0, success=False, connect_failure=True)
    assert breaker.state is State.OPEN


def test_slow_calls_open_it_although_they_succeed() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(10):
        call(breaker, 1.0, success=True, seconds=9.0 if number < 8 else 0.1)
    # The tenth is fast; the rate is checked again at the next slow one.
    call(breaker, 1.0, success=True, seconds=9.0)
    assert breaker.state is State.OPEN


def test_eight_slow_calls_of_ten_are_enough() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(10):
        assert breaker.state is State.CLOSED
        call(breaker, 1.0, success=True, seconds=0.1 if number < 2 else 8.0)
    assert breaker.state is State.OPEN


def test_failures_older_than_a_minute_do_not_count() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(9):
        call(breaker, 1.0, success=False)
    call(breaker, 61.1, success=False)
    assert breaker.state is State.CLOSED


def test_the_open_time_doubles_to_five_seconds_and_restarts_after_a_recovery() -> None:
    breaker, now, lengths = opened(), 0.0, []
    for _ in range(6):
        lengths.append(breaker.open_until - now)
        now = breaker.open_until
        call(breaker, now, success=False)
    assert lengths == [0.5, 1, 2, 4, 5, 5]
    now = breaker.open_until
    call(breaker, now, success=True)
    call(breaker, now, success=True)
    assert breaker.state is State.CLOSED
    breaker.trip(now)
    assert breaker.open_until - now == 0.5


def test_the_open_time_varies_by_a_fifth() -> None:
    for draw, length in ((0.0, 0.4), (0.5, 0.5), (1.0, 0.6)):
        breaker = Breaker(LIMITS, lambda draw=draw: draw)
        breaker.trip(0.0)
        assert breaker.open_until == pytest.approx(length)


@pytest.mark.parametrize("rate", [1, 300, 20_000])
def test_an_outage_gets_few_trial_calls(rate: int) -> None:
    """A fixed part of the calls, at least one in five seconds, at most ten a second."""
    breaker, trials, seconds = opened(), 0, 100
    for number in range(rate * seconds):
        trials += call(breaker, number / rate, success=False)
    assert (
        trials
        <= max(rate * seconds * LIMITS.trial_call_rate, seconds / LIMITS.max_open_seconds) + 4
    )
    assert trials <= seconds / LIMITS.trial_call_interval + 1


@pytest.mark.parametrize("rate", [300, 3000])
def test_a_recovery_costs_few_calls_however_long_the_outage_was(rate: int) -> None:
    breaker, number = opened(), 0
    while number < rate * 600:
        number += 1
        call(breaker, number / rate, success=False)
    lost = 0
    while not call(breaker, (number + lost) / rate, success=True):
        lost += 1
    assert lost <= max(1 / LIMITS.trial_call_rate, LIMITS.trial_call_interval * rate)
    assert breaker.admit(number) is not None


def test_with_a_trial_call_rate_of_zero_only_the_open_time_counts() -> None:
    breaker = Breaker(BreakerLimits(trial_call_rate=0.0), lambda: MIDDLE)
    breaker.trip(0.0)
    assert not any(call(breaker, 0.49, success=True) for _ in range(10_000))
    assert call(breaker, 0.5, success=True)


def test_after_a_cancelled_trial_call_another_may_go() -> None:
    breaker = opened()
    for _ in range(1000):
        generation = breaker.admit(10.0)
        assert generation is not None
        assert breaker.admit(10.0) is None
        breaker.release(generation)


def test_a_trial_call_that_hangs_does_not_block_the_next() -> None:
    breaker = opened()
    hanging = breaker.admit(1.0)
    assert hanging is not None
    assert breaker.admit(1.5) is None
    # It may take as long as the breaker would stay open; then the next one goes.
    assert call(breaker, 2.0, success=True)
    assert call(breaker, 2.0, success=True)
    assert breaker.state is State.CLOSED
    breaker.record(hanging, 11.0, success=False, seconds=10.0)
    assert breaker.state is State.CLOSED


def test_after_a_successful_trial_call_calls_pass_until_one_fails() -> None:
    breaker = opened()
    call(breaker, 10.0, success=True)
    assert breaker.state is State.HALF_OPEN
    sent = [breaker.admit(10.0) for _ in range(20)]
    assert None not in sent
    breaker.record(breaker.generation, 10.0, success=False)
    assert breaker.state is State.OPEN
    assert breaker.admit(10.0) is None


def test_a_slow_trial_call_does_not_close_it() -> None:
    breaker = opened()
    call(breaker, 10.0, success=True, seconds=9.0)
    assert breaker.state is State.OPEN


def test_it_opens_once_for_each_opening_of_another_process() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    assert breaker.open_with_peer(0.0, 3.0, until=1003.0)
    assert breaker.open_until == 3.0
    assert call(breaker, 3.0, success=True)
    assert call(breaker, 3.0, success=True)
    assert not breaker.open_with_peer(3.0, 0.5, until=1003.0)
    assert breaker.state is State.CLOSED
    assert breaker.open_with_peer(4.0, 3.0, until=1007.0)
    assert not breaker.open_with_peer(4.0, 6.0, until=1010.0)


def test_results_from_before_the_outage_stay_ignored_however_many_trial_calls_hang() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    before = breaker.admit(0.0)
    assert before is not None
    breaker.trip(0.0)
    now = 0.0
    for _ in range(5):
        now = breaker.open_until
        assert breaker.admit(now) is not None
        breaker.record(before, now, success=False)
        assert breaker.state is State.HALF_OPEN


def test_a_success_does_not_count_as_a_refused_call() -> None:
    breaker = opened()
    assert call(breaker, 1.0, success=True)
    assert call(breaker, 1.0, success=False)
    now = 1.0 + LIMITS.trial_call_interval
    assert now < breaker.open_until
    refused = 0
    while breaker.admit(now) is None:
        refused += 1
    assert refused + 1 == math.ceil(1 / LIMITS.trial_call_rate) == 44
