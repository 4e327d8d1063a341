"""Another container than documented: no result as a whole, an error where a member is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    InvalidMember,
    InvalidResponse,
    Model,
    Operation,
    OutcomeUnknown,
)

if TYPE_CHECKING:
    from support.runtime_calling import MakeShop


class Inner(Model):
    a: str


KINDS: dict[str, Any] = {
    "object": Inner,
    "list": list[Inner],
    "texts": list[str],
    "map": dict[str, Inner],
    "numbers": dict[str, int],
    "text": str,
    "number": float,
}
OBJECTS = {"object", "map", "numbers"}
VALUES: dict[str, tuple[Any, set[str]]] = {
    "an object": ({}, OBJECTS),
    "an object of objects": ({"k": {"a": "x"}}, {"object", "map"}),
    "a list": ([], {"list", "texts"}),
    "a list of objects": ([{"a": "x"}], {"list"}),
    "a text": ("x", {"text"}),
    "an empty text": ("", {"text"}),
    "a number": (1, {"number"}),
    "null": (None, set()),
    "a flag": (True, set()),
}
"""A value, and the kinds that it fits, or fits but for its members."""
WRONG = [
    pytest.param(KINDS[kind], value, id=f"{name} for {kind}")
    for kind in KINDS
    for name, (value, kinds) in VALUES.items()
    if kind not in kinds and not (kind in OBJECTS and isinstance(value, dict))
    and not (kind in ("list", "texts") and isinstance(value, list))
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), [each for each in WRONG if each.values[0] is not str])
def test_a_whole_response_of_another_kind_is_no_result(
    make_shop: MakeShop, kind: Any, value: Any
) -> None:
    shop = make_shop()
    shop.provider.replies(json=value, times=None)
    with pytest.raises(InvalidResponse):
        shop.call(Operation("read", "GET", "/x", returns=kind))
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(Operation("write", "POST", "/x", returns=kind, body="json"), body={})
    assert isinstance(caught.value.__cause__, InvalidResponse)


@pytest.mark.parametrize(("kind", "value"), WRONG)
@pytest.mark.parametrize("required", [True, False])
def test_a_member_of_another_kind_raises_where_it_is_read(
    make_shop: MakeShop, kind: Any, value: Any, required: bool
) -> None:
    shop = make_shop()
    shop.provider.replies(json={"id": "1", "inner": value}, times=None)
    name = "Required" if required else "Optional"
    annotation = kind if required else kind | None
    members: dict[str, Any] = {"__annotations__": {"id": str, "inner": annotation}}
    members |= {} if required else {"inner": None}
    model = type(Model)(name, (Model,), members)
    answer = shop.call(Operation("read", "GET", "/x", returns=model))
    assert answer.id == "1"
    if value is None and not required:
        assert answer.inner is None
        return
    with pytest.raises(InvalidMember, match=f"{name}.inner: expected"):
        answer.inner  # noqa: B018
    assert [event["pointer"] for event in shop.events_named("contract_violation")] == ["/inner"]


@pytest.mark.parametrize("value", [{}, {"a": None}, {"a": 1}, {"a": []}])
@pytest.mark.parametrize("place", ["whole", "list", "map"])
def test_a_required_member_that_is_missing_or_wrong(
    make_shop: MakeShop, value: Any, place: str
) -> None:
    kinds = {"whole": Inner, "list": list[Inner], "map": dict[str, Inner]}
    sent = {"whole": value, "list": [value], "map": {"k": value}}[place]
    shop = make_shop()
    shop.provider.replies(json=sent)
    answer = shop.call(Operation("read", "GET", "/x", returns=kinds[place]))
    inner = {"whole": lambda: answer, "list": lambda: answer[0], "map": lambda: answer["k"]}
    with pytest.raises(InvalidMember):
        inner[place]().a  # noqa: B018
    strict = make_shop(strict=True)
    strict.provider.replies(json=sent, times=None)
    with pytest.raises(InvalidResponse):
        strict.call(Operation("read", "GET", "/x", returns=kinds[place]))
