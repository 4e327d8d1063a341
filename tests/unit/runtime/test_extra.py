"""Members beyond a model: kept where the model is open or the call asks, and sent where given."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    JSON,
    CallOptions,
    ConfigurationError,
    InvalidArgument,
    InvalidMember,
    Model,
    OpenModel,
    Operation,
    field,
    with_extra,
)
from noctule.runtime.decoding.models import decode
from noctule.runtime.encoding import encode_body
from support.runtime_calling import CREATE, READ, MakeShop


class Line(Model):
    sku: str
    price: Decimal | None = None


class Labels(OpenModel):
    owner: str
    kind: str | None = field(default=None, name="type")


class Order(Model):
    id: str
    line: Line | None = None
    lines: list[Line] = field(default_factory=list)
    by_name: dict[str, Line] | None = None
    labels: Labels | None = None
    free: JSON = None


NEW = {"new": [1, {"x": None}], "": "empty", 'a"b\\c': True}
ORDER: dict[str, Any] = {
    "id": "o_1",
    **NEW,
    "line": {"sku": "a", "price": 1.1, "tax": 2.5},
    "lines": [{"sku": "b", "note": "n"}, {"sku": "c"}],
    "by_name": {"x": {"sku": "d", "e": {}}},
    "labels": {"owner": "me", "type": "t", "colour": "red"},
    "free": {"z": 1.5},
}


def test_a_call_that_asks_keeps_what_no_model_names_at_any_depth() -> None:
    order, violations = decode(Order, msgspec.json.encode(ORDER), keep_extra=True)
    assert (order.extra, violations) == (NEW, ())
    assert order.line is not None
    assert (order.line.extra, order.line.price) == ({"tax": 2.5}, Decimal("1.1"))
    assert [line.extra for line in order.lines] == [{"note": "n"}, {}]
    assert order.by_name is not None
    assert order.by_name["x"].extra == {"e": {}}
    assert "'tax': 2.5" in repr(order)


def test_a_list_keeps_them_too() -> None:
    orders, _ = decode(list[Order], msgspec.json.encode([ORDER, {"id": "o_2"}]), keep_extra=True)
    assert [order.extra for order in orders] == [NEW, {}]


def test_other_calls_say_how_to_ask() -> None:
    order, _ = decode(Order, msgspec.json.encode(ORDER))
    with pytest.raises(ConfigurationError, match=r"Order\.extra: .*keep_extra=True"):
        order.extra  # noqa: B018


def test_an_open_model_keeps_them_unasked() -> None:
    order, _ = decode(Order, msgspec.json.encode(ORDER))
    assert order.labels is not None
    assert (order.labels.extra, order.labels.kind) == ({"colour": "red"}, "t")
    assert Labels(owner="me").extra == {}


def test_they_are_kept_where_others_do_not_fit() -> None:
    sent = {**ORDER, "id": 7, "line": {"sku": None, "price": 1234567890123456.78, "tax": 2.5}}
    data = msgspec.json.encode(sent).replace(b"1234567890123456.8", b"1234567890123456.78")
    order, violations = decode(Order, data, keep_extra=True)
    assert [violation.pointer for violation in violations] == ["/id", "/line/sku"]
    assert order.extra == NEW
    line, labels = order.line, order.labels
    assert line is not None
    assert labels is not None
    assert (line.extra, line.price) == ({"tax": 2.5}, Decimal("1234567890123456.78"))
    assert isinstance(line.extra["tax"], float)
    assert (labels.extra, order.free) == ({"colour": "red"}, {"z": 1.5})
    with pytest.raises(InvalidMember):
        order.id  # noqa: B018


def test_copies_have_them() -> None:
    order, _ = decode(Order, msgspec.json.encode(ORDER), keep_extra=True)
    again: Any
    for again in (copy.copy(order), copy.deepcopy(order), pickle.loads(pickle.dumps(order))):
        assert (again, again.extra, again.line.extra) == (order, NEW, {"tax": 2.5})


names = st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(names, values, max_size=6), st.booleans())
def test_what_was_received_goes_back_whole(more: dict[str, Any], asked: bool) -> None:
    sent = {**more, "owner": "me"}
    if not isinstance(sent.get("type"), str | None):
        del sent["type"]
    labels, _ = decode(Labels, msgspec.json.encode(sent), keep_extra=asked)
    assert labels.extra == {k: v for k, v in sent.items() if k not in ("owner", "type")}
    back = msgspec.json.decode(bytes(encode_body("json", [labels]).content))  # type: ignore[arg-type]
    assert back == [sent if sent.get("type") else {k: v for k, v in sent.items() if k != "type"}]


# -- through a service


@pytest.mark.parametrize("where", ["service", "method", "call"])
def test_who_asks(make_shop: MakeShop, where: str) -> None:
    ask = CallOptions(keep_extra=True)
    shop = make_shop(
        keep_extra=where == "service", methods={"read": ask} if where == "method" else {}
    )
    shop.provider.replies(json={"id": "i_1", "new": 1}, times=None)
    item = shop.call(READ, path={"id": "i_1"}, options=ask if where == "call" else None)
    assert item.extra == {"new": 1}


def test_members_and_parameters_that_the_method_does_not_have(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json={"id": "i_1"}, times=None)
    options = CallOptions(extra_query={"trace": True}, extra_body={"new": None, "b": [1]})
    shop.call(CREATE, body={"a": 1, "b": None}, query={"q": "x"}, options=options)
    request = shop.provider.requests[-1]
    assert (request.json, request.query) == ({"a": 1, "b": [1]}, {"q": "x", "trace": "true"})
    shop.call(CREATE, options=CallOptions(extra_body={"new": 1}))
    assert shop.provider.requests[-1].json == {"new": 1}


@pytest.mark.parametrize(
    ("body", "options", "reason"),
    [
        ({"a": 1}, CallOptions(extra_body={"a": 2}), "extra_body: 'a' has a value already"),
        ([1], CallOptions(extra_body={"a": 2}), "only an object or a form"),
        ("text", CallOptions(extra_body={"a": 2}), "only an object or a form"),
        ({"a": 1}, CallOptions(extra_query={"q": 2}), "extra_query: 'q' has a value already"),
    ],
)
def test_no_value_takes_the_place_of_another(
    make_shop: MakeShop, body: object, options: CallOptions, reason: str
) -> None:
    shop = make_shop()
    operation = Operation("send", "POST", "/x", returns=None, body="json")
    with pytest.raises(InvalidArgument, match=reason):
        shop.call(operation, body=body, query={"q": 1}, options=options)
    assert shop.sent == 0


def test_members_of_a_typed_dict_and_others() -> None:
    assert with_extra({"a": 1, "b": None}, {"c": 2}) == {"a": 1, "b": None, "c": 2}
    assert with_extra({"a": 1}, None) == {"a": 1}
    with pytest.raises(InvalidArgument, match="'a' has a value already"):
        with_extra({"a": 1}, {"a": 1})
