"""Many calls at once, in virtual time: bulkhead, single trial call, cancellation, hedging."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import Any

import pytest

from noctule.runtime import (
    BreakerLimits,
    CallOptions,
    CircuitOpen,
    Headers,
    Policies,
    ProviderStates,
    RateLimited,
    Request,
    Response,
    Service,
    SyncService,
    TimedOut,
    TooManyConcurrentCalls,
)
from noctule.runtime.policy.breaker import State
from noctule.runtime.testing import MockProvider, VirtualClock
from support.runtime_calling import CREATE, READ, config

ITEM = Response(200, Headers(), b'{"id":"i1"}')
ONCE = CallOptions(attempts=1)


class Slow:
    """Answers after `seconds` of the clock and counts who is inside."""

    def __init__(self, clock: VirtualClock, seconds: float, answer: Response = ITEM) -> None:
        self.clock, self.seconds, self.answer = clock, seconds, answer
        self.inside = self.most = self.total = 0
        self.began: list[float] = []

    async def asend(self, request: Request) -> Response:
        self.inside += 1
        self.total += 1
        self.began.append(self.clock.monotonic())
        self.most = max(self.most, self.inside)
        try:
            await self.clock.sleep(self.seconds)
        finally:
            self.inside -= 1
        return self.answer

    async def aclose(self) -> None:
        return


def service(transport: Any, clock: Any, **policies: Any) -> Any:
    provider_states = ProviderStates(random.Random(7).random)
    shop_type = type("Shop", (Service,), {"config": config(policies=Policies(**policies))})
    return shop_type(transport=transport, clock=clock, provider_states=provider_states)


def state_of(shop: Any) -> Any:
    return shop._builder._settings_for(READ, None).engine_config.state


def test_no_more_calls_in_flight_than_allowed_and_the_rest_wait_their_turn() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 1.0)
        shop = service(slow, clock, max_concurrency=10, concurrency_timeout=3.0)
        calls = [shop.call(READ, path={"id": n}) for n in range(50)]
        results = await asyncio.gather(*calls, return_exceptions=True)
        saturated = [r for r in results if isinstance(r, TooManyConcurrentCalls)]
        # Three waves of ten leave within three seconds; the fourth is let in at that moment.
        assert slow.most == 10
        assert 10 <= len(saturated) <= 20
        assert all(error.safe_to_retry for error in saturated)
        assert state_of(shop).bulkhead.active_calls == 0

    asyncio.run(main())


def test_thousands_of_calls_to_a_provider_that_hangs_end_in_time() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = service(Slow(clock, 1e9), clock)
        ends: list[float] = []

        async def one() -> None:
            with pytest.raises((TooManyConcurrentCalls, TimedOut, CircuitOpen)):
                await shop.call(READ, path={"id": "i"})
            ends.append(clock.monotonic())

        await asyncio.gather(*(one() for _ in range(2_000)))
        assert len(ends) == 2_000
        assert max(ends) <= 30.0
        assert state_of(shop).bulkhead.active_calls == 0

    asyncio.run(main())


async def during_a_trial_call(
    shop: Any, clock: VirtualClock, calls: int, options: CallOptions | None = None
) -> list[Any]:
    """The results of calls that begin together when a trial call is due, in an old outage."""
    state_of(shop).circuits.provider.breaker.trip(clock.monotonic())
    clock.advance(10)
    tasks = [shop.call(READ, path={"id": n}, options=options) for n in range(calls)]
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_calls_during_a_recent_trial_call_wait_for_its_result() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 0.35)
        results = await during_a_trial_call(service(slow, clock), clock, 20)
        assert not [result for result in results if isinstance(result, Exception)]
        # The first success lets two go, each further one two more: 1, 2, 4, 8, and the last 5.
        waves = [round((began - slow.began[0]) / 0.35) for began in slow.began]
        assert waves == [0, *[1] * 2, *[2] * 4, *[3] * 8, *[4] * 5]

    asyncio.run(main())


def test_calls_that_waited_for_a_failed_trial_call_are_refused() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 0.35, Response(503))
        results = await during_a_trial_call(service(slow, clock), clock, 20, ONCE)
        assert slow.total == 1
        refused = [result for result in results if isinstance(result, CircuitOpen)]
        assert [error.elapsed for error in refused] == pytest.approx([0.35] * 19)

    asyncio.run(main())


def test_calls_that_wait_in_line_hold_no_permit() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 0.35)
        results = await during_a_trial_call(service(slow, clock, max_concurrency=5), clock, 60)
        assert not [result for result in results if isinstance(result, Exception)]
        assert slow.most == 5

    asyncio.run(main())


@pytest.mark.parametrize(("deadline", "longest"), [(30.0, 1.1), (0.45, 0.45)])
def test_a_call_listens_no_longer_than_a_second_or_its_deadline(
    deadline: float, longest: float
) -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = service(Slow(clock, 1e9), clock)
        trial_call = await hanging_trial_call(shop, clock, 0.05)
        with pytest.raises(CircuitOpen) as caught:
            await shop.call(READ, path={"id": 1}, options=CallOptions(deadline=deadline))
        assert 0.3 < caught.value.elapsed <= longest
        trial_call.cancel()

    asyncio.run(main())


async def hanging_trial_call(shop: Any, clock: VirtualClock, seconds: float) -> asyncio.Task[Any]:
    """A trial call that has hung for `seconds`, in a long outage."""
    breaker = state_of(shop).circuits.provider.breaker
    for _ in range(6):
        breaker.trip(-100.0)
    trial_call = asyncio.ensure_future(shop.call(READ, path={"id": 0}))
    await clock.sleep(seconds)
    return trial_call


class HangsOnce:
    """The first request is never answered, all others are at once."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock, self.total = clock, 0

    async def asend(self, request: Request) -> Response:
        self.total += 1
        if self.total == 1:
            await self.clock.sleep(1e9)
        return ITEM

    async def aclose(self) -> None:
        return


@pytest.mark.parametrize(("operation", "passed"), [(READ, 57), (CREATE, 0)])
def test_a_trial_call_that_hangs_does_not_hide_that_the_provider_is_back(
    operation: Any, passed: int
) -> None:
    """The 44th call that is refused looks for itself, unless it could do its effect twice."""

    async def main() -> None:
        clock = VirtualClock()
        shop = service(HangsOnce(clock), clock)
        trial_call = await hanging_trial_call(shop, clock, 1.2)
        path = {"id": 1} if operation is READ else None
        calls = [await attempted(shop.call(operation, path=path)) for _ in range(100)]
        assert calls.count(True) == passed
        assert (state_of(shop).circuits.provider.breaker.state is State.CLOSED) == (passed > 0)
        trial_call.cancel()

    asyncio.run(main())


async def attempted(call: Any) -> bool:
    """Whether it was let through."""
    try:
        await call
    except CircuitOpen:
        return False
    return True


def test_a_call_cancelled_at_any_moment_leaves_nothing_behind() -> None:
    """A thousand schedules: trial calls, retries, waits for a permit, all cancelled at random."""

    async def main() -> None:
        draw = random.Random(1)
        for _ in range(1000):
            clock = VirtualClock()
            provider = MockProvider(clock=clock)
            provider.replies(503, times=2, after=0.2).replies(
                content=b'{"id":"i"}', times=None, after=0.2
            )
            shop = service(provider, clock, max_concurrency=1)
            if draw.random() < 0.5:
                state_of(shop).circuits.provider.breaker.trip(-100.0)
            tasks = [asyncio.ensure_future(shop.call(READ, path={"id": n})) for n in range(2)]
            await clock.sleep(draw.random() * 3)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            state = state_of(shop)
            assert state.bulkhead.active_calls == 0
            clock.advance(100)
            assert state.circuits.provider.breaker.admit(clock.monotonic()) is not None

    asyncio.run(main())


def test_a_waiting_call_that_is_cancelled_does_not_take_a_place() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 1.0)
        shop = service(slow, clock, max_concurrency=1)
        first = asyncio.ensure_future(shop.call(READ, path={"id": 1}))
        second = asyncio.ensure_future(shop.call(READ, path={"id": 2}))
        third = asyncio.ensure_future(shop.call(READ, path={"id": 3}))
        await clock.sleep(0.5)
        second.cancel()
        await asyncio.gather(first, third)
        assert slow.total == 2
        assert clock.monotonic() == pytest.approx(2.0)

    asyncio.run(main())


def test_cancelling_calls_does_not_open_the_breaker() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = service(Slow(clock, 5.0), clock)
        for _ in range(30):
            task = asyncio.ensure_future(shop.call(READ, path={"id": "i"}))
            await clock.sleep(0.1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert state_of(shop).circuits.provider.breaker.state is State.CLOSED

    asyncio.run(main())


def test_our_own_deadline_does_not_open_the_breaker() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = service(Slow(clock, 5.0), clock)
        for _ in range(30):
            with pytest.raises(Exception, match="used up"):
                await shop.call(READ, path={"id": "i"}, options=CallOptions(deadline=1.0))
        assert state_of(shop).circuits.provider.breaker.state is State.CLOSED

    asyncio.run(main())


def test_one_refusal_holds_back_all_callers() -> None:
    async def main() -> None:
        clock = VirtualClock()
        provider = MockProvider(clock=clock)
        provider.replies(429, headers={"Retry-After": "5"}, after=0.1)
        provider.replies(content=b'{"id":"i"}', times=None)
        shop = service(provider, clock)
        first = asyncio.ensure_future(shop.call(READ, path={"id": 0}))
        await clock.sleep(0.2)
        rest = [shop.call(READ, path={"id": n}) for n in range(20)]
        await asyncio.gather(first, *rest)
        assert len(provider.requests) == 22
        assert 5.0 <= clock.monotonic() <= 5.8

    asyncio.run(main())


def test_a_slow_read_is_asked_again_and_the_first_answer_wins() -> None:
    async def main() -> None:
        clock = VirtualClock()
        provider = MockProvider(clock=clock)
        provider.replies(content=b'{"id":"slow"}', after=9.0).replies(
            content=b'{"id":"quick"}', after=0.5
        )
        shop = service(provider, clock, hedge_after=1.0)
        assert (await shop.call(READ, path={"id": "i"})).id == "quick"
        assert clock.monotonic() == pytest.approx(1.5)
        assert len(provider.requests) == 2
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())


def test_a_hedge_that_fails_leaves_the_first_request_its_chance() -> None:
    async def main() -> None:
        clock = VirtualClock()
        provider = MockProvider(clock=clock)
        provider.replies(content=b'{"id":"first"}', after=3.0).replies(500, after=0.5)
        shop = service(provider, clock, hedge_after=1.0)
        assert (await shop.call(READ, path={"id": "i"})).id == "first"
        assert clock.monotonic() == pytest.approx(3.0)

    asyncio.run(main())


def test_no_hedge_while_the_breaker_is_open_or_the_retry_budget_is_spent() -> None:
    async def main() -> None:
        clock = VirtualClock()
        slow = Slow(clock, 3.0)
        shop = service(slow, clock, hedge_after=1.0)
        state_of(shop).retry_tokens.tokens = 0
        await shop.call(READ, path={"id": "i"})
        assert slow.total == 1
        state_of(shop).retry_tokens.tokens = 500
        state_of(shop).circuits.provider.breaker.trip(-100.0)
        await shop.call(READ, path={"id": "i"})
        assert slow.total == 2

    asyncio.run(main())


def test_parallel_calls_are_parallel() -> None:
    async def main() -> None:
        clock = VirtualClock()
        shop = service(Slow(clock, 1.0), clock, breaker=BreakerLimits())
        await asyncio.gather(*(shop.call(READ, path={"id": n}) for n in range(10)))
        assert clock.monotonic() == pytest.approx(1.0)

    asyncio.run(main())


def test_the_gate_is_per_credential_and_origin() -> None:
    async def main() -> None:
        clock = VirtualClock()
        provider = MockProvider(clock=clock)
        provider.replies(429, headers={"Retry-After": "100"})
        provider.replies(content=b'{"id":"i"}', times=None)
        provider_states = ProviderStates()
        shop_type: Any = type("Shop", (Service,), {"config": config()})
        here = shop_type(transport=provider, clock=clock, provider_states=provider_states)
        there = shop_type(
            transport=provider,
            clock=clock,
            provider_states=provider_states,
            base_url="https://eu.shop.example",
        )
        with pytest.raises(RateLimited):
            await here.call(READ, path={"id": "i"})
        with pytest.raises(RateLimited):
            await here.call(READ, path={"id": "i"})
        await there.call(READ, path={"id": "i"})

    asyncio.run(main())


def test_threads_share_one_service() -> None:
    provider = MockProvider()
    provider.replies(content=b'{"id":"i"}', times=None)
    shop_type = type(
        "Shop", (SyncService,), {"config": config(policies=Policies(max_concurrency=2))}
    )
    shop: Any = shop_type(transport=provider)
    start = time.monotonic()
    threads = [
        threading.Thread(target=lambda: [shop.call(READ, path={"id": 1}) for _ in range(50)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.requests) == 400
    assert state_of(shop).bulkhead.active_calls == 0
    assert time.monotonic() - start < 10
