"""The circuit breaker against a model that keeps every call it was told of."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from noctule.runtime.policy.breaker import Breaker, BreakerLimits, State

LIMITS = BreakerLimits()
MIDDLE = 0.5
"""Without jitter: a random source that always draws the middle."""


def opened(now: float = 0.0) -> Breaker:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    breaker.trip(now)
    return breaker


def call(breaker: Breaker, now: float, *, ok: bool, **facts: object) -> bool:
    generation = breaker.admit(now)
    if generation is None:
        return False
    breaker.record(generation, now, ok=ok, **facts)
    return True


class BreakerMachine(RuleBasedStateMachine):
    """Any order of calls, cancellations, late results and passing time."""

    def __init__(self) -> None:
        super().__init__()
        self.breaker = Breaker(LIMITS, lambda: MIDDLE)
        self.now = 0.0
        self.pending: list[tuple[int, State]] = []

    @rule(seconds=st.floats(0, 90))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def send(self) -> None:
        state, until = self.breaker.state, self.breaker.open_until
        generation = self.breaker.admit(self.now)
        if state is State.CLOSED:
            assert generation is not None
        if state is State.OPEN:
            assert (generation is not None) == (self.now >= until)
        if generation is not None:
            self.pending.append((generation, self.breaker.state))

    @precondition(lambda self: self.pending)
    @rule(data=st.data(), ok=st.booleans(), took=st.floats(0, 12), connect=st.booleans())
    def finish(self, data: st.DataObject, ok: bool, took: float, connect: bool) -> None:
        generation, _ = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        before = self.breaker.state, self.breaker.generation
        self.breaker.record(generation, self.now, ok=ok, took=took, connect=connect and not ok)
        if generation != before[1]:
            assert (self.breaker.state, self.breaker.generation) == before

    @precondition(lambda self: self.pending)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        generation, _ = self.pending.pop(data.draw(st.integers(0, len(self.pending) - 1)))
        state = self.breaker.state
        self.breaker.abandon(generation)
        assert self.breaker.state is state

    @invariant()
    def at_most_one_probe(self) -> None:
        if self.breaker.state is State.HALF_OPEN:
            probes = [g for g, _ in self.pending if g == self.breaker.generation]
            assert len(probes) <= 1

    @invariant()
    def never_open_for_ever(self) -> None:
        if self.breaker.state is State.OPEN:
            assert self.breaker.open_until <= self.now + LIMITS.open_cap * 1.2

    def teardown(self) -> None:
        """Whatever happened: once all is quiet, a healthy provider is let back in."""
        for generation, _ in self.pending:
            self.breaker.abandon(generation)
        self.now += 100
        for _ in range(LIMITS.probes):
            assert call(self.breaker, self.now, ok=True)
        assert self.breaker.state is State.CLOSED


TestBreaker = BreakerMachine.TestCase
TestBreaker.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def test_half_of_ten_calls_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(9):
        call(breaker, 1.0, ok=number % 2 == 0)
    assert breaker.state is State.CLOSED
    call(breaker, 1.0, ok=False)
    assert breaker.state is State.OPEN


def test_fewer_than_the_minimum_never_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(9):
        call(breaker, 1.0, ok=False)
    assert breaker.state is State.CLOSED


def test_much_traffic_before_an_outage_does_not_hide_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(18_000):
        call(breaker, number / 300, ok=True)
    failures = 0
    while breaker.state is State.CLOSED:
        failures += 1
        call(breaker, 60 + failures / 300, ok=False)
    assert failures == 25


def test_five_failures_to_connect_in_a_row_open_it() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(4):
        call(breaker, 1.0, ok=False, connect=True)
    call(breaker, 1.0, ok=True)
    for _ in range(4):
        call(breaker, 1.0, ok=False, connect=True)
    assert breaker.state is State.CLOSED
    call(breaker, 1.0, ok=False, connect=True)
    assert breaker.state is State.OPEN


def test_slow_calls_open_it_although_they_succeed() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for number in range(10):
        call(breaker, 1.0, ok=True, took=9.0 if number < 8 else 0.1)
    # The tenth is fast, so the share is only judged again at the next slow one.
    call(breaker, 1.0, ok=True, took=9.0)
    assert breaker.state is State.OPEN


def test_failures_fade_after_a_minute() -> None:
    breaker = Breaker(LIMITS, lambda: MIDDLE)
    for _ in range(9):
        call(breaker, 1.0, ok=False)
    call(breaker, 61.1, ok=False)
    assert breaker.state is State.CLOSED


def test_the_open_time_grows_to_a_minute_and_starts_anew_after_a_recovery() -> None:
    breaker, now, lengths = opened(), 0.0, []
    for _ in range(6):
        lengths.append(breaker.open_until - now)
        now = breaker.open_until
        call(breaker, now, ok=False)
    assert lengths == [5, 10, 20, 40, 60, 60]
    now = breaker.open_until
    call(breaker, now, ok=True)
    call(breaker, now, ok=True)
    assert breaker.state is State.CLOSED
    breaker.trip(now)
    assert breaker.open_until - now == 5


def test_the_open_time_is_spread_by_a_fifth() -> None:
    for draw, length in ((0.0, 4.0), (0.5, 5.0), (1.0, 6.0)):
        breaker = Breaker(LIMITS, lambda draw=draw: draw)
        breaker.trip(0.0)
        assert breaker.open_until == length


def test_a_cancelled_probe_frees_its_place() -> None:
    breaker = opened()
    for _ in range(1000):
        generation = breaker.admit(10.0)
        assert generation is not None
        assert breaker.admit(10.0) is None
        breaker.abandon(generation)


def test_one_good_probe_is_not_enough_and_one_bad_one_is() -> None:
    breaker = opened()
    call(breaker, 10.0, ok=True)
    assert breaker.state is State.HALF_OPEN
    call(breaker, 10.0, ok=False)
    assert breaker.state is State.OPEN


def test_a_slow_probe_is_no_recovery() -> None:
    breaker = opened()
    call(breaker, 10.0, ok=True, took=9.0)
    assert breaker.state is State.OPEN
