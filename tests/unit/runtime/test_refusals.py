"""A call or an operation that cannot mean what it says is refused before anything is sent."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from typing import Any

import pytest

from noctule.runtime import ConfigurationError, InvalidArgument, Operation
from support.runtime_calling import CREATE, PUT, READ, Item, MakeShop

TOUCH = Operation("touch", "POST", "/items", returns=Item)
FORM = Operation("fill", "POST", "/items", returns=Item, body="form")
CARD = "4242424242424242"

CALLS: list[tuple[str, Any, dict[str, Any], str]] = [
    ("a body", TOUCH, {"body": {"amount": 1}}, 'declare it with body="json"'),
    ("an empty body", TOUCH, {"body": {}}, "declared without one"),
    ("an unknown argument", CREATE, {"json": {"amount": 1}}, "no argument 'json'; it has path, "),
    ("an unknown path name", READ, {"path": {"id": 1, "item": 2}}, "no parameter 'item'"),
    ("no path", READ, {}, "path parameter 'id' is missing"),
    ("a text as path", READ, {"path": "i_1"}, "path: give names and their values, not a str"),
    ("a text as query", READ, {"path": {"id": 1}, "query": "a=b"}, "query: give names"),
    ("pairs as query", READ, {"path": {"id": 1}, "query": [("a", "b")]}, "not a list"),
    ("pairs as headers", READ, {"path": {"id": 1}, "headers": [("a", "b")]}, "headers: give names"),
    ("plain options", CREATE, {"options": {"timeout": 1}}, "options: give CallOptions"),
    ("a file in JSON", CREATE, {"body": {"file": Path("a")}}, 'body="multipart"'),
    ("an open file in JSON", CREATE, {"body": {"file": io.BytesIO(b"a")}}, 'body="multipart"'),
    ("a file in a form", FORM, {"body": {"file": Path("a")}}, 'body="multipart"'),
    ("a text as form", FORM, {"body": "a=b"}, "a form needs named values"),
    ("no fallback", CREATE, {"fallback": 3}, "fallback: give LastGood"),
]


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [case[1:] for case in CALLS],
    ids=[case[0] for case in CALLS],
)
@pytest.mark.parametrize("method", ["call", "raw"])
def test_arguments_that_the_operation_does_not_have_are_refused(
    make_shop: MakeShop, method: str, operation: Any, arguments: dict[str, Any], words: str
) -> None:
    if method == "raw" and "fallback" in arguments:
        pytest.skip("raw takes no fallback")
    shop = make_shop()
    with pytest.raises(InvalidArgument) as caught:
        getattr(shop, method)(operation, **arguments)
    assert words in str(caught.value)
    if "fallback" not in arguments:
        assert str(caught.value).startswith(f"shop.{operation.name}: ")
    assert shop.sent == 0


def test_what_is_no_operation_is_refused(make_shop: MakeShop) -> None:
    shop = make_shop()
    with pytest.raises(InvalidArgument, match="an Operation, not a str"):
        shop.call("create")


def test_what_is_no_operation_is_refused_also_where_calls_are_traced(make_shop: MakeShop) -> None:
    pytest.importorskip("opentelemetry.trace")
    shop = make_shop()
    with pytest.raises(InvalidArgument, match="an Operation, not a str"):
        shop.call("create")


def test_the_frames_of_a_refusal_hold_no_argument(make_shop: MakeShop) -> None:
    shop = make_shop()
    arguments: Any = {"path": {"id": 1}, "body": {"number": CARD, "deep": [{"x": object()}]}}
    with pytest.raises(InvalidArgument) as caught:
        shop.call(PUT, **arguments)
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in frames.stack if "noctule" in frame.filename]
    assert ours
    assert not [frame.locals for frame in ours if CARD in repr(frame.locals)]


def test_an_error_of_the_callers_own_object_stays_what_it_is(make_shop: MakeShop) -> None:
    class Broken(dict[str, object]):
        def items(self) -> Any:
            raise TypeError("broken by its owner")

    shop = make_shop()
    with pytest.raises(TypeError, match="broken by its owner"):
        shop.call(READ, path={"id": 1}, query=Broken(a=1))


@pytest.mark.parametrize(
    ("method", "details", "words"),
    [
        ("POST", {"boddy": "json"}, "unknown detail 'boddy'; the details are body, retry, "),
        ("POST", {"replay": "safe"}, "unknown detail 'replay'"),
        ("POST", {"body": "xml"}, "body is 'xml'; choose one of 'json', 'form'"),
        ("POST", {"retry": "safe"}, "retry is 'safe'; choose one of 'idempotent'"),
        ("POST", {"styles": {"id": "csv"}}, "the style of 'id' is 'csv'; choose one of 'form'"),
        ("post", {}, "in capitals, such as 'GET'"),
    ],
)
def test_a_misspelt_operation_is_refused_where_it_is_declared(
    method: str, details: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Operation("create", method, "/items", returns=None, **details)
    assert words in str(caught.value)
    assert "Operation('create')" in str(caught.value)
