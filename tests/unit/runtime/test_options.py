"""Each policy can be changed for a service, for one method and for one call; the nearest counts."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    OFF,
    Backoff,
    BreakerLimits,
    CallOptions,
    CircuitOpen,
    ConnectionFailed,
    Headers,
    InvalidResponse,
    OutcomeUnknown,
    Policies,
    ProviderStates,
    RateLimited,
    Request,
    Response,
    RetryBudget,
    RetryLimits,
    ServerError,
    Service,
    TimedOut,
    TooManyConcurrentCalls,
    deadline,
)
from noctule.runtime.testing import VirtualClock
from support.runtime_calling import DELETE, NO_RETRY, PUT, READ, MakeShop, Shop, config

ITEM = {"id": "i1"}
OTHER: dict[str, Any] = {
    "timeout": 1.0,
    "connect_timeout": 1.0,
    "pool_timeout": 1.0,
    "deadline": 1.0,
    "retry": RetryLimits(attempts=2),
    "retry_budget": RetryBudget(capacity=50),
    "breaker": BreakerLimits(minimum_calls=3),
    "max_outage_wait": 1.0,
    "max_concurrency": 2,
    "concurrency_timeout": 1.0,
    "max_cooldown": 1.0,
    "hedge_after": 1.0,
    "max_redirects": 1,
    "max_response_bytes": 100,
}
SWITCHED = ("timeout", "connect_timeout", "pool_timeout", "deadline", "retry_budget", "breaker")
SWITCHED += ("max_outage_wait", "max_concurrency", "hedge_after")


def test_there_is_an_option_for_each_policy() -> None:
    assert set(OTHER) == {item.name for item in fields(Policies)}


@pytest.mark.parametrize("name", OTHER)
def test_one_option_changes_one_policy(name: str) -> None:
    base, changed = Policies(), CallOptions(**{name: OTHER[name]}).policies(Policies())
    assert getattr(changed, name) == OTHER[name]
    for item in fields(Policies):
        if item.name != name:
            assert getattr(changed, item.name) == getattr(base, item.name)


@pytest.mark.parametrize("name", SWITCHED)
def test_a_limit_can_be_switched_off_for_a_method_and_on_for_a_call(name: str) -> None:
    method = CallOptions(**{name: OFF})
    assert getattr(method.policies(Policies()), name) is None
    call = CallOptions(**{name: OTHER[name]}).over(method)
    assert getattr(call.policies(Policies()), name) == OTHER[name]


@given(st.dictionaries(st.sampled_from(list(OTHER)), st.sampled_from(["method", "call", "both"])))
def test_the_nearest_level_counts_for_any_mixture(chosen: dict[str, str]) -> None:
    method = {name: OTHER[name] for name, level in chosen.items() if level != "call"}
    near = {"timeout": 7.0, "max_redirects": 3, "retry": RetryLimits(attempts=9)}
    call = {n: near.get(n, OTHER[n]) for n, level in chosen.items() if level != "method"}
    got = CallOptions(**call).over(CallOptions(**method)).policies(Policies())
    for item in fields(Policies):
        expected = {**method, **call}.get(item.name, getattr(Policies(), item.name))
        assert getattr(got, item.name) == expected


def test_attempts_are_short_for_retry_and_the_nearer_of_the_two_counts() -> None:
    slow = RetryLimits(attempts=7, backoff=Backoff(base=9.0))
    assert CallOptions(attempts=2, retry=slow).policies(Policies()).retry.attempts == 2
    near = CallOptions(attempts=2).over(CallOptions(retry=slow)).policies(Policies()).retry
    assert (near.attempts, near.backoff.base) == (2, 9.0)
    far = CallOptions(retry=slow).over(CallOptions(attempts=2)).policies(Policies()).retry
    assert far.attempts == 7


class Limits:
    """A transport that notes the limits it was given."""

    def __init__(self) -> None:
        self.limits_seen: list[Any] = []

    def send(self, request: Request) -> Response:
        self.limits_seen.append(request.limits)
        return Response(200, Headers(), b'{"id":"i1"}')

    def close(self) -> None:
        return


def test_the_limits_of_an_attempt_reach_the_transport() -> None:
    from support.runtime_calling import Caller

    transport = Limits()
    caller = Caller(
        sync=True,
        config=config(methods={"read": CallOptions(connect_timeout=2.0, max_redirects=2)}),
        transport=transport,
        clock=VirtualClock(),
    )
    caller.call(READ, path={"id": "i1"}, options=CallOptions(pool_timeout=OFF, max_redirects=1))
    caller.call(PUT, path={"id": "i1"}, body={}, options=CallOptions(max_response_bytes=9))
    read, put = transport.limits_seen
    assert (read.connect, read.pool, read.max_redirects) == (2.0, None, 1)
    assert (put.connect, put.pool, put.max_redirects, put.max_bytes) == (3.0, 3.0, 5, 9)


def test_a_method_has_a_circuit_of_its_own_if_it_sets_one(make_shop: MakeShop) -> None:
    touchy = CallOptions(breaker=BreakerLimits(consecutive_connect_failures=2), attempts=1)
    shop = make_shop(methods={"read": touchy})
    shop.provider.fails("connect", times=2).replies(json=ITEM, times=None)
    for error in (ConnectionFailed, ConnectionFailed, CircuitOpen):
        with pytest.raises(error):
            shop.call(READ, path={"id": "i1"})
    assert shop.call(PUT, path={"id": "i1"}, body={}).id == "i1"
    with pytest.raises(CircuitOpen):
        shop.call(READ, path={"id": "i1"})


def test_a_call_without_a_breaker_is_sent_while_the_circuit_is_open(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("connect", times=5).replies(json=ITEM)
    for error in [ConnectionFailed] * 5 + [CircuitOpen]:
        with pytest.raises(error):
            shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    assert shop.call(READ, path={"id": "i1"}, options=CallOptions(breaker=OFF)).id == "i1"


def test_a_method_may_have_a_bucket_of_its_own_or_none(make_shop: MakeShop) -> None:
    quick = RetryLimits(backoff=Backoff(base=0.0))
    shop = make_shop(
        policies=Policies(breaker=None, retry=quick),
        methods={
            "read": CallOptions(retry_budget=RetryBudget(capacity=14)),
            "put": CallOptions(retry_budget=OFF),
        },
    )
    shop.provider.replies(503, times=None)

    def sent(operation: Any, **more: Any) -> int:
        before = shop.sent
        with pytest.raises((ServerError, OutcomeUnknown)):
            shop.call(operation, path={"id": "i1"}, **more)
        return shop.sent - before

    assert [sent(READ), sent(READ)] == [2, 1]
    assert {sent(PUT, body={}) for _ in range(30)} == {4}
    # 500 tokens pay for 35 retries of 14, three for each call.
    assert [sent(DELETE) for _ in range(13)] == [4] * 11 + [3, 1]


def test_a_method_may_have_places_of_its_own() -> None:
    class Slow:
        async def asend(self, request: Request) -> Response:
            await clock.sleep(2.0)
            return Response(200, Headers(), b'{"id":"i1"}')

        async def aclose(self) -> None:
            return

    clock = VirtualClock()
    narrow = CallOptions(max_concurrency=1, concurrency_timeout=1.0)
    shop_type: Any = type("Shop", (Service,), {"config": config(methods={"read": narrow})})

    async def main() -> None:
        async with shop_type(
            transport=Slow(), clock=clock, provider_states=ProviderStates()
        ) as shop:
            reads = [shop.call(READ, path={"id": n}) for n in range(3)]
            puts = [shop.call(PUT, path={"id": n}, body={}) for n in range(3)]
            got = await asyncio.gather(*reads, *puts, return_exceptions=True)
        assert [isinstance(outcome, TooManyConcurrentCalls) for outcome in got] == [
            False,
            True,
            True,
        ] + [False] * 3

    asyncio.run(main())


def test_the_gate_is_shared_whatever_the_limits(make_shop: MakeShop) -> None:
    shop = make_shop(methods={"read": CallOptions(max_concurrency=3, breaker=OFF)})
    shop.provider.replies(429, headers={"Retry-After": "50"})
    with pytest.raises(RateLimited):
        shop.call(PUT, path={"id": "i1"}, body={})
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": "i1"})
    assert shop.sent == 1


def test_how_long_a_header_can_hold_us_off(make_shop: MakeShop) -> None:
    shop = make_shop(methods={"put": CallOptions(max_cooldown=20.0)})
    shop.provider.replies(429, headers={"Retry-After": "86400"}, times=2).replies(json=ITEM)
    with pytest.raises(RateLimited):
        shop.call(PUT, path={"id": "i1"}, body={})
    shop.clock.advance(20)
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": "i1"})
    shop.clock.advance(299)
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": "i1"}, options=CallOptions(deadline=0.5))
    shop.clock.advance(1)
    assert shop.call(READ, path={"id": "i1"}).id == "i1"


def test_no_redirect_at_all(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(302, headers={"Location": "/elsewhere"})
    with pytest.raises(InvalidResponse):
        shop.call(READ, path={"id": "i1"}, options=CallOptions(max_redirects=0))
    assert shop.sent == 1


def test_without_a_deadline_a_surrounding_one_still_counts(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout")
    patient = CallOptions(deadline=OFF, attempts=1)
    with pytest.raises(TimedOut):
        shop.call(READ, path={"id": "i1"}, options=patient)
    shop.provider.fails("connect", times=None)
    with deadline(1.0, clock=shop.clock), pytest.raises(ConnectionFailed):
        shop.call(PUT, path={"id": "i1"}, body={}, options=CallOptions(deadline=OFF))
    assert shop.clock.monotonic() <= 1.0


def test_options_made_anew_for_each_call_are_not_kept_for_ever() -> None:
    shop = Shop(sync=True, config=config())
    shop.provider.replies(json=ITEM, times=None)
    for number in range(1100):
        shop.call(READ, path={"id": "i1"}, options=CallOptions(max_concurrency=10 + number))
    assert len(shop.service._builder._settings) <= 1000
