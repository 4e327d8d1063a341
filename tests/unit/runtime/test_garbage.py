"""A call that fails leaves nothing for the garbage collector.

An error's traceback holds frames, and frames that hold the error make a circle. In an outage
such circles come by the thousand, and the collector's passes over them hold up every other call.
"""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    CallOptions,
    Degraded,
    Message,
    Policies,
    RetryLimits,
    ServiceError,
    Value,
    deadline,
)
from support.runtime_calling import CREATE, READ, Item, MakeShop, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime import Operation

ONCE = RetryLimits(attempts=1)


@contextmanager
def garbage() -> Iterator[Counter[str]]:
    """Types of what is left in circles by what happens inside."""
    counts: Counter[str] = Counter()
    gc.collect()
    enabled, flags = gc.isenabled(), gc.get_debug()
    gc.disable()
    try:
        yield counts
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        counts.update(type(each).__name__ for each in gc.garbage)
    finally:
        gc.set_debug(flags)
        gc.garbage.clear()
        if enabled:
            gc.enable()


def left(shop: Shop, operation: Operation[Any] = READ, **arguments: Any) -> Counter[str]:
    """By ten calls that fail, or are degraded."""
    arguments.setdefault("path", {"id": "i1"})
    service = shop.service

    def once() -> None:
        with suppress(ServiceError):
            service.call(operation, **arguments)
        shop.provider.requests.clear()

    async def each() -> None:
        with suppress(ServiceError):
            await service.call(operation, **arguments)
        shop.provider.requests.clear()

    async def ten() -> Counter[str]:
        await each()
        with garbage() as counts:
            for _ in range(10):
                await each()
        return counts

    if not shop.sync:
        return asyncio.run(ten())
    once()
    with garbage() as counts:
        for _ in range(10):
            once()
    return counts


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 404}, {"status": 429, "headers": {"Retry-After": "0"}}],
    ids=["500", "404", "429"],
)
def test_an_answer_that_is_an_error(make_shop: MakeShop, fault: Any) -> None:
    shop = make_shop(policies=Policies(breaker=None, retry=ONCE))
    shop.provider.replies(**fault, times=None)
    assert not left(shop)


@pytest.mark.parametrize("how", ["connect", "timeout", "reset"])
@pytest.mark.parametrize("attempts", [1, 3])
def test_no_answer(make_shop: MakeShop, how: Any, attempts: int) -> None:
    shop = make_shop(
        policies=Policies(breaker=None, retry_budget=None, retry=RetryLimits(attempts=attempts))
    )
    shop.provider.fails(how, times=None)
    assert not left(shop)


def test_an_unknown_outcome(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(breaker=None))
    shop.provider.fails("reset", times=None)
    assert not left(shop, CREATE, path=None, body={"amount": 1})


def test_an_open_circuit(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(retry=ONCE))
    shop.provider.fails("connect", times=None)
    for _ in range(6):
        with suppress(ServiceError):
            shop.call(READ, path={"id": "i1"})
    assert not left(shop)


def test_a_deadline_that_has_passed(make_shop: MakeShop) -> None:
    shop = make_shop()
    with deadline(0.0, clock=shop.clock):
        assert not left(shop)


def test_a_provider_that_hangs(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(breaker=None, retry=ONCE))
    shop.provider.replies(after=1e6, times=None)
    assert not left(shop)
    assert not left(shop, options=CallOptions(deadline=5.0))


@pytest.mark.parametrize("fallback", [Message(), Value(Item(id="none"))], ids=["message", "value"])
def test_a_degraded_result(make_shop: MakeShop, fallback: Any) -> None:
    shop = make_shop(policies=Policies(breaker=None, retry=ONCE))
    shop.provider.fails("connect", times=None)
    assert isinstance(shop.call(READ, path={"id": "i1"}, fallback=fallback), Degraded)
    assert not left(shop, fallback=fallback)


def test_circles_would_be_found() -> None:
    with garbage() as counts:
        for _ in range(10):
            knot: list[object] = []
            knot.append(knot)
        del knot
    assert counts == {"list": 10}
