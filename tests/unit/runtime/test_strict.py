"""`strict=True`: a response that does not fit its type is no result."""

from __future__ import annotations

import pytest

from noctule.runtime import CallOptions, InvalidMember, InvalidResponse, OutcomeUnknown
from support.runtime_calling import CHARGE, CREATE, READ, MakeShop

PATH = {"id": "i_1"}
ODD = {"amount": "2000"}
"""No id, and an amount that is a text."""
WORDS = "/id: expected string, got missing, and 1 more"


def test_without_it_the_result_tells_what_is_wrong_where_it_is_read(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json=ODD)
    item = shop.call(READ, path=PATH)
    with pytest.raises(InvalidMember, match=r"Item.amount: expected integer \| null, got string"):
        item.amount  # noqa: B018
    assert [event["pointer"] for event in shop.events_named("contract_violation")] == [
        "/id",
        "/amount",
    ]


@pytest.mark.parametrize("where", ["service", "method", "call"])
def test_a_read_names_member_expected_type_and_what_came(make_shop: MakeShop, where: str) -> None:
    shop = make_shop(
        strict=where == "service",
        methods={"read": CallOptions(strict=True)} if where == "method" else {},
    )
    shop.provider.replies(json=ODD, times=None)
    options = CallOptions(strict=True) if where == "call" else None
    with pytest.raises(InvalidResponse) as caught:
        shop.call(READ, path=PATH, options=options)
    assert WORDS in str(caught.value)
    assert "2000" not in str(caught.value)
    assert (caught.value.status, shop.sent) == (200, 1)
    assert len(shop.events_named("contract_violation")) == 2
    with pytest.raises(InvalidResponse):
        shop.raw(READ, path=PATH, options=options)


def test_one_call_can_do_without(make_shop: MakeShop) -> None:
    shop = make_shop(strict=True)
    shop.provider.replies(json=ODD)
    assert not hasattr(shop.call(READ, path=PATH, options=CallOptions(strict=False)), "id")


def test_what_fits_passes(make_shop: MakeShop) -> None:
    shop = make_shop(strict=True)
    shop.provider.replies(json={"id": "i_1", "new": [1]})
    assert shop.call(READ, path=PATH).id == "i_1"


def test_a_write_under_a_key_is_had_again(make_shop: MakeShop) -> None:
    shop = make_shop(strict=True)
    shop.provider.replies(json=ODD).replies(json={"id": "i_1"})
    assert shop.call(CHARGE, body={"amount": 1}).id == "i_1"
    first, second = (request.headers["idempotency-key"] for request in shop.provider.requests)
    assert first == second


@pytest.mark.parametrize(("operation", "requests"), [(CHARGE, 4), (CREATE, 1)])
def test_a_write_whose_result_never_fits_has_an_unknown_outcome(
    make_shop: MakeShop, operation: object, requests: int
) -> None:
    shop = make_shop(strict=True)
    shop.provider.replies(json=ODD, times=None)
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(operation, body={"amount": 1})  # type: ignore[arg-type]
    assert isinstance(caught.value.__cause__, InvalidResponse)
    assert WORDS in str(caught.value.__cause__)
    assert shop.sent == requests


@pytest.mark.parametrize("body", [b"[1]", b'"text"', b"null", b"7"])
def test_what_is_no_such_thing_at_all_is_never_a_result(make_shop: MakeShop, body: bytes) -> None:
    shop = make_shop()
    shop.provider.replies(content=body, times=None)
    with pytest.raises(InvalidResponse, match="the response: expected Item, got "):
        shop.call(READ, path=PATH)
