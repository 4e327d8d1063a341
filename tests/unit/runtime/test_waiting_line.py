"""The line of calls that wait for a provider to come back: a model of it, and its aims in time."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from noctule.runtime import (
    OFF,
    CallOptions,
    CircuitOpen,
    Clock,
    Headers,
    Policies,
    ProviderStates,
    Request,
    Response,
    Service,
    ServiceError,
    SyncService,
    SystemClock,
    TooManyConcurrentCalls,
    deadline,
)
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.errors import ServerError
from noctule.runtime.policy.breaker import SHORT_TRIAL, Breaker, BreakerLimits, State
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.policy.waiting_line import LOST, WaitingCall
from noctule.runtime.testing import FastClock, VirtualClock
from support.runtime_calling import CREATE, READ, config

ITEM = Response(200, Headers(), b'{"id":"i1"}')
WELL = AttemptOutcome()
FAILED = AttemptOutcome(error=ServerError(), delivery=DeliveryStatus.UNKNOWN, healthy=False)
PLACES, LONGEST = 12, 7.0
LIMITS = BreakerLimits(max_waiting_calls=PLACES)


class Waiter:
    """A call as a driver sees it: asleep until it is woken or its time is over."""

    def __init__(self, now: float, max_wait: float, *, may_repeat: bool) -> None:
        self.call = WaitingCall(now, max_wait, may_repeat=may_repeat)
        self.sleeps_until = now
        self.woken = False

    def wake(self) -> None:
        self.woken = True


class LineMachine(RuleBasedStateMachine):
    """Calls that come, wait, are cancelled, make attempts that succeed or fail, in any order."""

    def __init__(self) -> None:
        super().__init__()
        circuits = ProviderState(Policies(breaker=LIMITS, max_concurrency=None)).circuits
        assert circuits
        self.state = circuits.provider
        self.now = 0.0
        self.waiting: list[Waiter] = []
        self.sent: list[tuple[Waiter, int]] = []
        self.arrived: list[WaitingCall] = []

        self.breaker = self.state.breaker
        self.breaker.trip(0.0)

    @rule(
        number=st.integers(1, 30),
        may_repeat=st.booleans(),
        max_wait=st.sampled_from([0.0, 2.0, LONGEST]),
    )
    def calls_come(self, number: int, may_repeat: bool, max_wait: float) -> None:
        for _ in range(number):
            self.ask(Waiter(self.now, max_wait, may_repeat=may_repeat))
        self.run_woken()

    def ask(self, waiter: Waiter) -> None:
        """What the engine does: make the attempt, or wait in line, or give up."""
        call = waiter.call
        generation = self.state.admit(self.now, call)
        if generation is not None:
            self.sent.append((waiter, generation))
        elif self.state.admit_short_trial(self.now, call) is not None:
            self.sent.append((waiter, SHORT_TRIAL))
        elif self.state.join_line(call, self.now, self.now):
            if waiter not in self.waiting:
                self.waiting.append(waiter)
            self.sleep(waiter)
        else:
            self.give_up(waiter)

    def sleep(self, waiter: Waiter) -> None:
        """Ask for the effect, and carry it out until it ends."""
        effect = self.state.wait_in_line(waiter.call, self.now)
        if effect is None:
            if waiter in self.waiting:
                self.waiting.remove(waiter)
            self.ask(waiter)
            return
        if effect.seconds <= 0.0:
            self.give_up(waiter)
            return
        waiter.sleeps_until = self.now + effect.seconds
        waiter.woken = effect.subscribe(waiter.wake)

    def give_up(self, waiter: Waiter) -> None:
        if waiter in self.waiting:
            self.waiting.remove(waiter)
        self.state.leave_line(waiter.call, self.now)

    def run_woken(self) -> None:
        while due := [w for w in self.waiting if w.woken or w.sleeps_until <= self.now]:
            for waiter in due:
                if waiter in self.waiting:
                    waiter.woken = False
                    self.sleep(waiter)

    @rule(seconds=st.floats(0.0, 0.3) | st.floats(0.0, 9.0))
    def time_passes(self, seconds: float) -> None:
        """Step by step: every sleep ends when its time is over."""
        end = self.now + seconds
        while True:
            ends = [w.sleeps_until for w in self.waiting if w.sleeps_until <= end]
            if not ends:
                break
            self.now = max(self.now, min(ends))
            self.run_woken()
        self.now = end

    @rule(seconds=st.floats(0.0, 0.1) | st.floats(0.0, 2 * LOST))
    def all_wake_late(self, seconds: float) -> None:
        """The event loop was busy, even for so long that those in line are taken to be lost."""
        self.now += seconds
        self.run_woken()

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), well=st.booleans())
    def an_attempt_ends(self, data: st.DataObject | FirstDraw, well: bool) -> None:
        waiter, generation = self.sent.pop(data.draw(st.integers(0, len(self.sent) - 1)))
        self.state.end(generation, WELL if well else FAILED, self.now, 0.05)
        if not well and self.breaker.state is not State.CLOSED:
            call = waiter.call
            if self.state.join_line(call, self.now, self.now + 1.0):
                self.waiting.append(waiter)
                self.sleep(waiter)
        self.run_woken()

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def an_attempt_is_cancelled(self, data: st.DataObject) -> None:
        waiter, generation = self.sent.pop(data.draw(st.integers(0, len(self.sent) - 1)))
        self.state.release(generation, self.now)
        self.state.leave_line(waiter.call, self.now)
        self.run_woken()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def a_wait_is_cancelled(self, data: st.DataObject) -> None:
        waiter = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        self.give_up(waiter)
        self.run_woken()

    @invariant()
    def the_line_is_bounded_and_in_order(self) -> None:
        line = self.breaker.line.calls
        assert len(line) <= PLACES
        numbers = [call.number for call in line]
        assert numbers == sorted(set(numbers))
        assert {w.call for w in self.waiting} == set(line), "a place was lost, or kept"

    @invariant()
    def nobody_waits_for_ever(self) -> None:
        """Not beyond the young age, and somebody always wakes for the next trial call."""
        breaker = self.breaker
        for waiter in self.waiting:
            call = waiter.call
            begin = breaker._recovered if breaker.is_recovering else breaker._opened
            listens_until = call.since + LIMITS.short_trial_seconds
            assert waiter.sleeps_until <= max(begin + (call.max_wait or 0), listens_until) + 1e-9
        line = self.breaker.line
        if line.calls:
            assert self.breaker.state is not State.CLOSED
            due = self.breaker.trial_due(self.now)
            leader = line.leader(due, self.now)
            waiter = next(w for w in self.waiting if w.call is leader)
            due = self.breaker.trial_due(self.now, short=waiter.call.may_repeat)
            assert waiter.sleeps_until <= max(due, waiter.call.not_before) + 1e-9

    def teardown(self) -> None:
        """The provider is back: all whose wait is not over by the next trial call get through."""
        while self.sent:
            _, generation = self.sent.pop()
            self.state.release(generation, self.now)
            self.run_woken()
        patient = [
            waiter
            for waiter in self.waiting
            if self.breaker.waits_until(waiter.call)
            > max(self.breaker.trial_due(self.now, short=False), waiter.call.not_before) + 1.0
        ]
        done: list[Waiter] = []
        while self.waiting or self.sent:
            if self.sent:
                waiter, generation = self.sent.pop(0)
                done.append(waiter)
                self.state.end(generation, WELL, self.now, 0.01)
                self.run_woken()
            else:
                self.time_passes(max(0.0, min(w.sleeps_until for w in self.waiting) - self.now))
        assert not self.breaker.line.calls
        assert set(patient) <= set(done)


TestLine = LineMachine.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=30)


class FirstDraw:
    """In place of Hypothesis, in steps that are written down."""

    def draw(self, strategy: object) -> int:
        return 0


@pytest.mark.parametrize("number", [1, 2])
def test_a_call_whose_wait_ended_long_ago_gives_up_to_the_next_one(number: int) -> None:
    """Found by `TestLine`: the trial call fails, and the first in line waited only for it."""
    line = LineMachine()
    line.time_passes(3.0)
    line.calls_come(2, may_repeat=False, max_wait=0.0)
    line.calls_come(number, may_repeat=False, max_wait=LONGEST)
    line.an_attempt_ends(FirstDraw(), well=False)
    line.the_line_is_bounded_and_in_order()
    line.nobody_waits_for_ever()
    line.teardown()


def opened(places: int = PLACES) -> tuple[ProviderState, Breaker]:
    limits = BreakerLimits(max_waiting_calls=places)
    policies = Policies(breaker=limits, max_concurrency=None)
    circuits = ProviderState(policies, random=lambda: 0.5).circuits
    assert circuits
    circuits.provider.breaker.trip(0.0)
    return circuits.provider, circuits.provider.breaker


def waiting(state: ProviderState, now: float, count: int, **facts: bool) -> list[WaitingCall]:
    calls = [WaitingCall(now, LONGEST, **facts) for _ in range(count)]
    for call in calls:
        assert state.join_line(call, now, now)
        assert state.wait_in_line(call, now)
    return calls


def test_a_call_that_is_let_go_before_it_sleeps_does_not_sleep() -> None:
    state, _ = opened()
    first, second = waiting(state, 0.1, 2)
    effect = state.wait_in_line(second, 0.1)
    generation = state.admit(0.5, first)
    assert effect
    assert generation is not None
    state.end(generation, WELL, 0.5, 0.0)
    assert effect.subscribe(lambda: None)
    assert state.wait_in_line(second, 0.5) is None


@pytest.mark.parametrize("unused", [True, False])
def test_a_call_that_was_let_go_in_vain_lets_the_next_one_go(unused: bool) -> None:
    """It is cancelled before its attempt, or its attempt fails."""
    state, breaker = opened()
    calls = waiting(state, 0.1, 9)
    for call in (calls[0], calls[1]):
        generation = state.admit(0.5, call)
        assert generation is not None
        state.end(generation, WELL, 0.5, 0.0)
    going = [call for call in calls if call.released]
    assert going == calls[2:6] or going == calls[2:5]
    left = len(breaker.line.calls)
    if unused:
        state.leave_line(going[0], 0.6)
    else:
        generation = state.admit(0.6, going[0])
        assert generation is not None
        state.end(generation, FAILED, 0.6, 0.0)
    assert breaker.is_recovering
    assert len(breaker.line.calls) == left - 1


def test_a_call_that_must_not_be_repeated_makes_the_trial_call_only_alone() -> None:
    state, breaker = opened()
    (write,) = waiting(state, 0.1, 1, may_repeat=False)
    assert breaker.line.leader(0.5, 0.1) is write
    (read,) = waiting(state, 0.1, 1)
    assert breaker.line.leader(0.5, 0.1) is read
    assert state.wait_in_line(write, 0.5)
    assert state.wait_in_line(read, 0.5) is None


def test_a_call_that_did_not_wake_leads_no_longer_and_loses_its_place() -> None:
    state, breaker = opened()
    (write,) = waiting(state, 0.1, 1, may_repeat=False)
    (read,) = waiting(state, 0.1, 1)
    assert state.wait_in_line(write, 0.1)
    assert read.wakes_at < write.wakes_at
    late = read.wakes_at + LOST + 0.1
    assert breaker.line.leader(late, late) is write
    state.leave_line(write, late)
    assert breaker.line.leader(late, late) is None
    assert not breaker.line.calls
    assert not read.in_line
    state.wait_in_line(read, late)
    assert read.in_line, "it was only late"


def test_a_leader_that_wakes_late_and_leads_no_longer_calls_the_one_that_does() -> None:
    """The backoff of the call before it ended in the meantime."""
    state, _ = opened()
    first, second = waiting(state, 0.1, 2)
    state.leave_line(first, 0.1)
    assert state.join_line(first, 0.1, not_before=0.505)
    for call in (first, second):
        assert state.wait_in_line(call, 0.1)
    assert (first.wakes_at, second.wakes_at) == (LONGEST, 0.5)
    assert state.wait_in_line(second, 0.51)
    assert first.woken
    assert state.wait_in_line(first, 0.51) is None, "it makes the trial call"


class Blip:
    """A provider that is down for `seconds` from the first second on, and else answers in 50 ms."""

    def __init__(self, clock: Clock, seconds: float, *, status: int = 503) -> None:
        self.clock, self.begin, self.end, self.status = clock, 1.0, 1.0 + seconds, status
        self.requests: list[tuple[float, str]] = []
        self.successes: list[tuple[float, str]] = []
        self.inside = self.most = 0

    async def asend(self, request: Request) -> Response:
        now = self.clock.monotonic()
        self.requests.append((now, request.url))
        self.inside += 1
        self.most = max(self.most, self.inside)
        down = self.begin <= now < self.end
        try:
            await self.clock.sleep(0.02 if down else 0.05)
        finally:
            self.inside -= 1
        if down:
            return Response(self.status)
        self.successes.append((self.clock.monotonic(), request.url))
        return ITEM

    async def aclose(self) -> None:
        return

    @property
    def load(self) -> int:
        return sum(self.begin <= moment < self.end for moment, _ in self.requests)


Result = tuple[float, float, BaseException | None]
"""When a call began and ended, and with what error."""


async def traffic(
    shop: Any, clock: Clock, rate: float, seconds: float, **arguments: Any
) -> list[Result]:
    """Calls at that rate for so long, each a task of its own."""
    results: list[Result] = []

    async def one(number: int) -> None:
        await clock.sleep(number / rate)
        begin, error = clock.monotonic(), None
        try:
            await shop.call(READ, path={"id": number}, **arguments)
        except ServiceError as caught:
            error = caught
        results.append((begin, clock.monotonic(), error))

    await asyncio.gather(*(one(number) for number in range(int(rate * seconds))))
    return results


def make(transport: Any, clock: Any, **policies: Any) -> Any:
    shop_type = type("Shop", (Service,), {"config": config(policies=Policies(**policies))})
    return shop_type(
        transport=transport, clock=clock, provider_states=ProviderStates(random.Random(7).random)
    )


def breaker_of(shop: Any) -> Any:
    return shop._builder._settings_for(READ, None).engine_config.state.circuits.provider.breaker


def failed(results: list[Result], begin: float, end: float) -> float:
    """Share of the calls begun in that time that failed."""
    errors = [error for start, _, error in results if begin <= start < end]
    return sum(error is not None for error in errors) / len(errors)


@pytest.mark.parametrize(("rate", "seconds"), [(300, 3.0), (300, 1.0), (100, 3.0), (60, 6.0)])
def test_a_blip_is_ridden_out_at_a_tenth_of_the_load(rate: int, seconds: float) -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, seconds)
        results = await traffic(make(blip, clock), clock, rate, seconds + 4.0)
        assert failed(results, 1.0, blip.end) <= 0.02
        assert failed(results, blip.end, blip.end + 3.0) == 0.0
        assert blip.load <= max(0.1 * rate * seconds, 20)
        assert min(moment for moment, _ in blip.successes if moment > blip.end) <= blip.end + 0.3
        assert blip.most <= 50

    asyncio.run(main())


def test_those_that_fail_fast_fail_at_once_and_hold_nobody_up() -> None:
    async def main() -> None:
        for policies, options in (
            ({"max_outage_wait": None}, None),
            ({}, CallOptions(max_outage_wait=OFF)),
        ):
            clock = VirtualClock()
            blip = Blip(clock, 3.0)
            shop = make(blip, clock, **policies)
            results = await traffic(shop, clock, 300, 7.0, options=options)
            refused = [
                end - begin
                for begin, end, error in results
                if isinstance(error, CircuitOpen) and error.attempts == 0
            ]
            assert max(refused) == 0.0
            assert len(refused) > 700
            assert failed(results, blip.end, blip.end + 3.0) < 0.06

    asyncio.run(main())


def test_a_call_that_is_not_retried_does_not_wait_either() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = make(Blip(clock, 9.0), clock)
        breaker_of(shop).trip(0.0)
        with pytest.raises(CircuitOpen) as caught:
            await shop.call(READ, path={"id": 1}, options=CallOptions(attempts=1))
        assert caught.value.elapsed == 0.0

    asyncio.run(main())


def test_a_call_in_line_makes_no_attempt_sooner_than_its_backoff_says() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 60.0)
        shop = make(blip, clock)
        await clock.sleep(1.0)
        breaker_of(shop).trip(1.0)
        with pytest.raises(ServiceError):
            await shop.call(READ, path={"id": 1})
        moments = [moment for moment, _ in blip.requests]
        gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
        assert len(gaps) >= 2
        assert gaps[0] >= 1.0
        assert gaps[1] >= 2.0

    asyncio.run(main())


def test_a_retry_in_line_goes_as_soon_as_the_provider_is_back() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 0.3)
        results = await traffic(make(blip, clock), clock, 100, 3.0)
        # The first eight had failed before the circuit opened, and wait for a second by themselves.
        later = [end - begin for begin, end, _ in results if 1.075 <= begin < 1.3]
        assert len(later) >= 20
        assert max(later) < 0.9

    asyncio.run(main())


def test_an_outage_that_is_no_longer_young_costs_no_call_its_time() -> None:
    """Those that waited are let go when it gets old, and all later ones are refused at once."""

    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 40.0)
        results = await traffic(make(blip, clock), clock, 50, 44.0)
        old = blip.begin + 8.0
        # The waits of a call that the line does not take: 1, 2 and 4 s and a quarter more.
        assert max(end - begin for begin, end, _ in results if begin < old) <= 1.25 * 7 + 2
        assert max(end - begin for begin, end, e in results if begin > old and e) <= 1.1
        late = [end - begin for begin, end, e in results if old < begin < blip.end]
        assert sum(wait < 0.1 for wait in late) > 0.9 * len(late)
        assert failed(results, blip.end + 1.0, blip.end + 3.0) == 0.0
        assert blip.load <= 0.1 * 50 * 40

    asyncio.run(main())


def test_calls_leave_the_line_in_the_order_in_which_they_came() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 3.0)
        await traffic(make(blip, clock), clock, 100, 4.5)
        sent = [(round(moment, 6), int(url.rpartition("/")[2])) for moment, url in blip.requests]
        tried = {number for moment, number in sent if moment < blip.end}
        waited = sorted((moment, number) for moment, number in sent if number not in tried)
        assert len(waited) > 250
        assert [number for _, number in waited] == sorted(number for _, number in waited)

    asyncio.run(main())


def test_a_line_that_is_full_refuses() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 3.0)
        limits = BreakerLimits(max_waiting_calls=20)
        results = await traffic(make(blip, clock, breaker=limits), clock, 100, 3.5)
        refused = [e for _, _, e in results if isinstance(e, CircuitOpen)]
        assert 200 <= len(refused) <= 280
        assert all(error.safe_to_retry for error in refused)

    asyncio.run(main())


def test_a_deadline_ends_the_wait() -> None:
    async def main() -> None:
        clock = VirtualClock()
        limits = BreakerLimits(open_seconds=60.0, max_open_seconds=60.0)
        shop = make(Blip(clock, 60.0), clock, breaker=limits)
        breaker_of(shop).trip(0.0)
        await clock.sleep(1.0)
        with deadline(2.0, clock=clock), pytest.raises(CircuitOpen) as caught:
            await shop.call(READ, path={"id": 1})
        assert caught.value.elapsed == pytest.approx(2.0)
        assert caught.value.safe_to_retry
        assert not breaker_of(shop).line.calls

    asyncio.run(main())


def test_a_write_that_waited_and_was_never_sent_is_safe_to_repeat() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = make(Blip(clock, 60.0), clock)
        await clock.sleep(1.0)
        breaker_of(shop).trip(1.0)
        reads = asyncio.ensure_future(traffic(shop, clock, 20, 2.0))
        await clock.sleep(0.2)
        with pytest.raises(CircuitOpen) as caught:
            await shop.call(CREATE, body={"amount": 3})
        assert (caught.value.attempts, caught.value.safe_to_retry) == (0, True)
        await reads

    asyncio.run(main())


def test_a_call_whose_event_loop_has_ended_holds_nobody_up() -> None:
    clock = FastClock(20.0)
    shop = make(Blip(clock, 0.0), clock)
    breaker = breaker_of(shop)
    breaker.trip(clock.monotonic())
    loop = asyncio.new_event_loop()
    calls = [loop.create_task(shop.call(READ, path={"id": number})) for number in range(3)]
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    assert len(breaker.line.calls) == 3

    async def main() -> None:
        await clock.sleep(10.0)
        await traffic(shop, clock, 10, 10.0)
        assert breaker.state is State.CLOSED

    asyncio.run(main())
    for call in calls:
        call._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_cancelled_call_gives_its_place_back() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 2.0)
        shop = make(blip, clock, max_concurrency=3)
        breaker_of(shop).trip(0.0)
        calls = [asyncio.ensure_future(shop.call(READ, path={"id": n})) for n in range(40)]
        await clock.sleep(0.01)
        assert len(breaker_of(shop).line.calls) == 40
        draw = random.Random(3)
        for call in calls:
            if draw.random() < 0.5:
                call.cancel()
            await clock.sleep(0.05)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(r).__name__ for r in results} == {"CancelledError", "Item"}
        state = shop._builder._settings_for(READ, None).engine_config.state
        assert not state.circuits.provider.breaker.line.calls
        assert state.bulkhead.active_calls == 0

    asyncio.run(main())


@pytest.mark.parametrize("retry_after", [1, 3, 5])
def test_calls_that_wait_as_long_as_the_provider_asks_hold_no_permit(retry_after: int) -> None:
    """A 503 with `Retry-After`: more calls wait for its end than there are permits."""

    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 3.0)

        async def asking(request: Request, send: Any = blip.asend) -> Response:
            response: Response = await send(request)
            if response.status == 503:
                response.headers = Headers([("Retry-After", str(retry_after))])
            return response

        blip.asend = asking  # type: ignore[method-assign]
        shop = make(blip, clock)
        results = await traffic(shop, clock, 300, 7.0)
        assert failed(results, 1.0, 7.0) <= 0.02
        assert blip.load <= 0.1 * 900
        assert blip.most <= 50
        state = shop._builder._settings_for(READ, None).engine_config.state
        assert (state.bulkhead.active_calls, state.cooldown.resting) == (0, 0)

    asyncio.run(main())


def test_a_call_that_waits_for_its_retry_holds_no_permit() -> None:
    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 0.5)
        shop = make(blip, clock, max_concurrency=1)
        await clock.sleep(1.0)
        failing = asyncio.ensure_future(shop.call(READ, path={"id": 1}))
        await clock.sleep(0.6)
        await shop.call(READ, path={"id": 2})
        assert not failing.done()
        assert clock.monotonic() == pytest.approx(1.65)
        await failing

    asyncio.run(main())


def test_a_long_cooldown_keeps_the_permits() -> None:
    """Else thousands would wait, and return at the same moment."""

    async def main() -> None:
        clock = VirtualClock()
        shop = make(Blip(clock, 0.0), clock, max_concurrency=1)
        state = shop._builder._settings_for(READ, None).engine_config.state
        state.cooldown.extend(0.0, 20.0)
        first = asyncio.ensure_future(shop.call(READ, path={"id": 1}))
        await clock.sleep(0.1)
        with pytest.raises(TooManyConcurrentCalls):
            await shop.call(READ, path={"id": 2})
        await first

    asyncio.run(main())


def test_a_call_cancelled_while_it_waits_for_its_retry_leaves_nothing_behind() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = make(Blip(clock, 60.0), clock, max_concurrency=1)
        await clock.sleep(1.0)
        call = asyncio.ensure_future(shop.call(READ, path={"id": 1}))
        await clock.sleep(0.5)
        state = shop._builder._settings_for(READ, None).engine_config.state
        assert (state.bulkhead.active_calls, state.cooldown.resting) == (0, 1)
        call.cancel()
        await asyncio.wait([call])
        assert (state.bulkhead.active_calls, state.cooldown.resting) == (0, 0)

    asyncio.run(main())


class Door:
    """A provider for threads: refuses until it is opened."""

    def __init__(self) -> None:
        self.open = False
        self.requests = 0

    def send(self, request: Request) -> Response:
        self.requests += 1
        return ITEM if self.open else Response(503)

    def close(self) -> None:
        return


def test_threads_wait_in_line_too() -> None:
    door = Door()
    shop_type = type("Shop", (SyncService,), {"config": config()})
    shop = shop_type(
        transport=door,
        clock=SystemClock(),
        provider_states=ProviderStates(random.Random(7).random),
    )
    breaker = breaker_of(shop)
    breaker.trip(SystemClock.monotonic())
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(shop.call(READ, path={"id": n})))
        for n in range(30)
    ]
    for thread in threads:
        thread.start()
    while len(breaker.line.calls) < 28:
        threading.Event().wait(0.001)
    door.open = True
    for thread in threads:
        thread.join()
    assert len(results) == 30
    assert breaker.state is State.CLOSED
    assert door.requests <= 30 + 5


def test_a_thread_on_a_clock_that_jumps_waits_in_line_too() -> None:
    clock = VirtualClock()
    door = Door()
    shop_type = type("Shop", (SyncService,), {"config": config()})
    shop = shop_type(
        transport=door, clock=clock, provider_states=ProviderStates(random.Random(7).random)
    )
    breaker_of(shop).trip(0.0)
    door.open = True
    shop.call(READ, path={"id": 1})
    assert 0.4 <= clock.monotonic() <= 0.6


@pytest.mark.parametrize("latency", [1.5, 4.0])
def test_a_provider_that_is_slow_but_well_closes_the_circuit(latency: float) -> None:
    """Its trial call is overtaken by the next ones, and still the first to succeed counts."""

    async def main() -> None:
        clock = VirtualClock()
        blip = Blip(clock, 2.0)

        async def slow(request: Request, send: Any = blip.asend) -> Response:
            response: Response = await send(request)
            if response.status == 200:
                await clock.sleep(latency)
            return response

        blip.asend = slow  # type: ignore[method-assign]
        results = await traffic(make(blip, clock), clock, 10, 6.0)
        assert not [error for _, _, error in results if error]

    asyncio.run(main())
