"""Which circuit opens: that of one operation that fails alone, or that of the whole provider."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.runtime import (
    CallOptions,
    CircuitOpen,
    Headers,
    Operation,
    Policies,
    ProviderStates,
    Response,
    Service,
    ServiceError,
    errors,
)
from noctule.runtime.call.circuits import MAX_TRACKED, ProviderCircuits, Result
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.testing import VirtualClock
from support.runtime_calling import MakeShop, Shop, config

BAD, *OTHERS = (
    Operation(f"get_{kind}", "GET", f"/{kind}/{{id}}", returns=dict[str, Any]) for kind in "abcde"
)
ALL = frozenset("abcde")


class World:
    """A provider of five operations, of which some fail."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.failing: frozenset[str] = frozenset()
        self.status: int | None = 500
        """None: nobody listens."""
        shop.provider.answers(self.answer, times=None)

    def answer(self, received: Any) -> Response:
        if received.path[1] not in self.failing:
            return Response(200, Headers(), b"{}")
        if self.status is None:
            error = errors.ConnectionFailed("refused")
            error.sent = False
            raise error
        return Response(self.status)

    def call(self, operation: Operation[Any]) -> str:
        """What became of one attempt: "ok", or the class of the error."""
        try:
            self.shop.call(operation, path={"id": 1}, options=CallOptions(attempts=1))
        except ServiceError as error:
            return type(error).__name__
        return "ok"

    def calls(self, *operations: Operation[Any]) -> list[str]:
        return [self.call(operation) for operation in operations]

    def opened(self) -> list[str]:
        """Whose circuits opened, "" for the provider's."""
        events = self.shop.events_named("breaker")
        return [event.get("only", "") for event in events if event["state"] == "open"]


@pytest.fixture
def world(make_shop: MakeShop) -> World:
    return World(make_shop())


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize(("bad", "well"), [(1, 9), (1, 1), (3, 1)])
def test_an_operation_that_always_fails_stops_itself_only(
    world: World, status: int, bad: int, well: int
) -> None:
    world.failing, world.status = frozenset("a"), status
    results = Counter[str]()
    for number in range(60):
        results.update(f"bad {result}" for result in world.calls(*[BAD] * bad))
        results.update(world.calls(*[OTHERS[(number + n) % 4] for n in range(well)]))
    assert results["ok"] == 60 * well
    assert results["bad CircuitOpen"] >= 40
    assert world.opened() == ["get_a"]


def test_an_unknown_id_that_is_answered_with_500_and_retried_stops_no_other(
    make_shop: MakeShop,
) -> None:
    """With the retries of a usual call, half of all calls."""
    shop = make_shop()
    world = World(shop)
    world.failing = frozenset("a")
    for number in range(30):
        with pytest.raises(ServiceError):
            shop.call(BAD, path={"id": 0})
        shop.call(OTHERS[number % 4], path={"id": 1})
    assert world.opened() == ["get_a"]


def test_an_outage_stops_all_at_the_first_failure_of_a_second_operation(world: World) -> None:
    """Although one operation makes nearly all calls: its own circuit opens as soon as ever."""
    assert set(world.calls(BAD, BAD, BAD, *OTHERS)) == {"ok"}
    world.failing = ALL
    failed = world.calls(*[BAD] * 8).count("ServerError")
    assert failed == 7
    assert world.opened() == ["get_a"]
    assert world.calls(*OTHERS, *OTHERS) == ["ServerError"] + ["CircuitOpen"] * 7
    assert world.opened() == ["get_a", ""]


def test_an_outage_that_several_operations_meet_opens_one_circuit(world: World) -> None:
    assert set(world.calls(BAD, BAD, BAD, *OTHERS)) == {"ok"}
    world.failing = ALL
    results = world.calls(*(BAD, *OTHERS) * 4)
    assert results == ["ServerError"] * 7 + ["CircuitOpen"] * 13
    assert world.opened() == [""]


def test_nobody_listens_is_true_of_all_operations(world: World) -> None:
    assert set(world.calls(*OTHERS)) == {"ok"}
    world.failing, world.status = ALL, None
    assert world.calls(*[BAD] * 5) == ["ConnectionFailed"] * 5
    assert world.call(OTHERS[0]) == "CircuitOpen"
    assert world.opened() == [""]


def test_a_success_in_between_clears_the_provider(world: World) -> None:
    """A stray failure of another operation, later on, is one failure."""
    world.failing = frozenset("a")
    world.calls(*[BAD, OTHERS[0]] * 20)
    assert world.opened() == ["get_a"]
    world.failing = frozenset("ab")
    assert world.calls(OTHERS[0], OTHERS[1]) == ["ServerError", "ok"]
    assert world.opened() == ["get_a"]


def test_an_operation_that_is_well_again_is_called_again(world: World) -> None:
    world.failing = frozenset("a")
    world.calls(*[BAD, OTHERS[0]] * 20)
    assert world.call(BAD) == "CircuitOpen"
    world.failing = frozenset()
    world.shop.clock.advance(10)
    assert world.calls(BAD, BAD, BAD) == ["ok"] * 3
    closed = [event for event in world.shop.events_named("breaker") if event["state"] == "closed"]
    assert [event["only"] for event in closed] == ["get_a"]


def test_after_an_outage_a_broken_operation_holds_up_no_other(world: World) -> None:
    """Its trial calls fail, and one of the others is let go sooner. It fails when all may go, and
    gets a circuit of its own."""
    assert set(world.calls(BAD, BAD, BAD, *OTHERS)) == {"ok"}
    world.failing = ALL
    world.calls(*(BAD, *OTHERS) * 4)
    world.failing = frozenset("a")
    world.shop.clock.advance(0.7)
    assert world.call(BAD) == "ServerError"
    assert world.call(BAD) == "CircuitOpen"
    world.shop.clock.advance(0.65)  # of at least 0.8 s
    assert world.calls(BAD, OTHERS[0], BAD) == ["CircuitOpen", "ok", "ServerError"]
    assert set(world.calls(*OTHERS * 3)) == {"ok"}
    assert world.opened() == ["", "get_a"]


def test_calls_of_the_bad_operation_wait_in_a_line_of_their_own() -> None:
    """Those of the others pass meanwhile; a bulkhead of one permit holds nobody up."""

    class Transport:
        def __init__(self) -> None:
            self.failing = True
            self.sent = Counter[str]()

        async def asend(self, request: Any) -> Response:
            await clock.sleep(0.01)
            path = request.url.split("/")[3]
            self.sent[path] += 1
            bad = path == "a" and self.failing
            return Response(500 if bad else 200, Headers(), b"{}")

        async def aclose(self) -> None:
            return

    async def main() -> None:
        transport = Transport()
        shop_type: Any = type(
            "Shop", (Service,), {"config": config(policies=Policies(max_concurrency=1))}
        )
        shop = shop_type(transport=transport, clock=clock, provider_states=ProviderStates())
        for operation in (BAD, OTHERS[0]) * 12:
            options = CallOptions(attempts=1)
            await asyncio.gather(
                shop.call(operation, path={"id": 1}, options=options), return_exceptions=True
            )
        before = transport.sent["a"]
        waiting = [asyncio.ensure_future(shop.call(BAD, path={"id": 1})) for _ in range(20)]
        begin = clock.monotonic()
        for _ in range(20):
            await shop.call(OTHERS[0], path={"id": 1})
        assert clock.monotonic() - begin < 1.0
        assert transport.sent["a"] - before <= 5
        transport.failing = False
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert results == [{}] * 20

    clock = VirtualClock()
    asyncio.run(main())


def circuits() -> ProviderCircuits:
    made = ProviderState(Policies(), random=lambda: 0.5).circuits
    assert made
    return made


def result(operation: str, *, success: bool) -> Result:
    return Result(operation, success, 0.05, connect_failure=False)


@given(
    bad=st.floats(0.02, 0.98),
    stray=st.floats(0.0, 0.02),
    others=st.integers(1, 30),
    seed=st.integers(0, 1 << 32),
)
@settings(max_examples=60)
def test_a_healthy_provider_is_never_stopped_for_long(
    bad: float, stray: float, others: int, seed: int
) -> None:
    """Whatever share of the calls fails for good, and though the others fail now and then, 95 of
    100 calls of the others are let through."""
    made, now, refused, calls, draw = circuits(), 0.0, 0, 0, random.Random(seed)
    for _ in range(3000):
        now += 0.01
        is_bad = draw.random() < bad
        name = "bad" if is_bad else f"other{draw.randrange(others)}"
        success = not is_bad and draw.random() >= stray
        circuit = made.circuit_for(name)
        generation = circuit.breaker.admit(now, operation=name)
        calls += not is_bad
        if generation is None:
            refused += not is_bad
        else:
            made.count(circuit, generation, now, result(name, success=success))
    assert refused <= 0.05 * calls + 60


@given(
    names=st.lists(st.integers(0, 5), min_size=40, max_size=200),
    weight=st.integers(0, 5),
)
@settings(max_examples=100)
def test_an_outage_is_met_by_few_calls_whatever_is_called(names: list[int], weight: int) -> None:
    """Seven failures in a row, one more for each other operation at most, and then trial calls."""
    made, now, sent = circuits(), 0.0, 0
    for number in range(50):
        made.count(made.provider, 0, now, result(f"op{number % 6}", success=True))
    for number in names:
        now += 0.0005
        name = f"op{number if number >= weight else 0}"
        circuit = made.circuit_for(name)
        generation = circuit.breaker.admit(now, operation=name)
        if generation is not None:
            sent += 1
            made.count(circuit, generation, now, result(name, success=False))
    assert sent <= 8


def test_the_operations_that_are_remembered_are_few() -> None:
    made = circuits()
    for number in range(10 * MAX_TRACKED):
        made.count(made.provider, 0, 0.001 * number, result("well", success=True))
        made.count(made.provider, 0, 0.001 * number, result(f"op{number}", success=False))
        made.count(made.provider, 0, 0.001 * number, result("well", success=True))
    assert len(made.tracked) <= MAX_TRACKED
    made.count(made.provider, 0, 1000.0, result("well", success=True))
    assert not made.tracked
    assert not made.divided


class Shared:
    """SharedBreakers, a dictionary."""

    def __init__(self) -> None:
        self.until: dict[str, float] = {}

    def opened(self, key: str, until: float) -> None:
        self.until[key] = until

    def open_until(self, key: str) -> float:
        return self.until.get(key, 0.0)


def test_processes_share_the_circuit_of_an_operation() -> None:
    shared = Shared()
    here, there = (
        World(
            Shop(sync=True, config=config(), provider_states=ProviderStates(shared_breakers=shared))
        )
        for _ in range(2)
    )
    here.failing = there.failing = frozenset("a")
    here.calls(*[BAD, OTHERS[0]] * 20)
    assert list(shared.until) == ["https://shop.example#get_a"]
    assert there.calls(BAD, *OTHERS) == ["CircuitOpen"] + ["ok"] * 4
    assert there.opened() == ["get_a"]
    there.failing = frozenset()
    there.shop.clock.advance(100)
    assert there.calls(BAD, BAD, BAD) == ["ok"] * 3


def test_the_error_of_a_refused_call_says_when_to_come_back(world: World) -> None:
    world.failing = frozenset("a")
    world.calls(*[BAD, OTHERS[0]] * 20)
    with pytest.raises(CircuitOpen) as caught:
        world.shop.call(BAD, path={"id": 1}, options=CallOptions(attempts=1))
    assert (caught.value.retry_after or 0.0) > 0.0
    [call] = [e for e in world.shop.events_named("failed_call") if e["error"] == "CircuitOpen"][-1:]
    assert call["reason"] == "shop.example: the circuit of get_a is open"
