"""Fallbacks: what a method gives when the provider is not available."""

from __future__ import annotations

from typing import Any

import pytest

from noctule.runtime import (
    Computed,
    Degraded,
    FallbackRefused,
    LastGood,
    Message,
    NotFound,
    OutcomeUnknown,
    ServerError,
    Unavailable,
    Value,
)
from support.runtime_calling import CHARGE, CREATE, READ, Item, MakeShop

ITEM = {"id": "i1", "amount": 3}


def test_the_last_good_answer_tells_its_age(make_shop: MakeShop) -> None:
    shop, last = make_shop(), LastGood[Item](max_age=60)
    shop.provider.replies(json=ITEM).replies(503, times=None)
    assert shop.call(READ, path={"id": "i1"}, fallback=last) == Item(id="i1", amount=3)
    shop.clock.advance(30)
    degraded = shop.call(READ, path={"id": "i1"}, fallback=last)
    assert isinstance(degraded, Degraded)
    assert degraded.value == Item(id="i1", amount=3)
    assert 30 + 7 <= (degraded.age or 0) <= 30 + 8.75
    assert isinstance(degraded.error, ServerError)
    assert degraded.source == "last-good"
    assert degraded.user_message("fr")
    (event,) = shop.events_named("degraded")
    assert event["source"] == "last-good"


def test_another_call_or_an_old_answer_is_no_last_good_answer(make_shop: MakeShop) -> None:
    shop, last = make_shop(), LastGood[Item](max_age=60)
    shop.provider.replies(json=ITEM).replies(503, times=None)
    shop.call(READ, path={"id": "i1"}, fallback=last)
    with pytest.raises(ServerError):
        shop.call(READ, path={"id": "i2"}, fallback=last)
    shop.clock.advance(61)
    with pytest.raises(Unavailable):
        shop.call(READ, path={"id": "i1"}, fallback=last)


def test_a_last_good_store_is_bounded(make_shop: MakeShop) -> None:
    shop, last = make_shop(), LastGood[Item](max_age=60, max_entries=2)
    shop.provider.replies(json=ITEM, times=3).fails("connect", times=None)
    for number in range(3):
        shop.call(READ, path={"id": number}, fallback=last)
    with pytest.raises(Unavailable):
        shop.call(READ, path={"id": 0}, fallback=last)
    assert isinstance(shop.call(READ, path={"id": 2}, fallback=last), Degraded)


async def _found(error: Unavailable) -> Item:
    return Item(id="elsewhere")


@pytest.mark.parametrize(
    ("fallback", "value"),
    [
        (Value(Item(id="none")), Item(id="none")),
        (Computed(lambda error: Item(id=type(error).__name__)), Item(id="ServerError")),
        (Message(), None),
    ],
)
def test_a_value_a_function_or_only_the_message(
    make_shop: MakeShop, fallback: Any, value: object
) -> None:
    shop = make_shop()
    shop.provider.replies(503, times=None)
    degraded = shop.call(READ, path={"id": "i1"}, fallback=fallback)
    assert isinstance(degraded, Degraded)
    assert degraded.value == value
    assert degraded.age is None


def test_an_async_service_awaits_its_fallback(make_shop: MakeShop) -> None:
    shop = make_shop()
    if shop.sync:
        pytest.skip("a thread awaits nothing")
    shop.provider.replies(503, times=None)
    degraded = shop.call(READ, path={"id": "i1"}, fallback=Computed(_found))
    assert degraded.value == Item(id="elsewhere")


def test_a_fallback_hides_neither_a_refusal_nor_a_doubt(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(404).replies(500)
    with pytest.raises(NotFound):
        shop.call(READ, path={"id": "i1"}, fallback=Message())
    with pytest.raises(OutcomeUnknown):
        shop.call(CREATE, body={"a": 1}, fallback=Message())


def test_a_hook_that_runs_out_of_values_is_a_bug_and_not_a_result(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(503, times=None)
    with pytest.raises(RuntimeError, match="StopIteration"):
        shop.call(READ, path={"id": "i1"}, fallback=Computed(lambda _: next(iter([]))))


@pytest.mark.parametrize("fallback", [Value(Item(id="paid")), LastGood(max_age=9), Message()])
def test_money_is_never_faked(make_shop: MakeShop, fallback: Any) -> None:
    shop = make_shop()
    with pytest.raises(FallbackRefused):
        shop.call(CHARGE, body={"amount": 3}, fallback=fallback)
    assert shop.sent == 0
