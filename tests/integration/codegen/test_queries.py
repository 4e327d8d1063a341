"""Queries: those that are part of a path, and parameters that are JSON documents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from noctule import apidoc
from noctule.runtime.testing import MockProvider
from support.sandbox_samples import play
from support.wrapped import answers, document_of, service_of

if TYPE_CHECKING:
    import httpx2

    from noctule.sandbox import FakeProvider

Field = tuple[str, str, bool]
CASES: dict[str, tuple[str, list[Field], dict[str, Any], str]] = {
    "a constant": ("/items?action=list", [], {}, "/items?action=list"),
    "beside a parameter": (
        "/items?action=list", [("max", "query", False)], {"max": "5"}, "/items?action=list&max=5",
    ),
    "a parameter not given": (
        "/items?action=list", [("max", "query", False)], {}, "/items?action=list",
    ),
    "beside a variable of the path": (
        "/items/{id}?full=true", [("id", "path", True)], {"id": "a/b"}, "/items/a%2Fb?full=true",
    ),
    "a constant that is a parameter too": (
        "/rest?view=all", [("view", "query", False), ("n", "query", False)], {"n": "1"},
        "/rest?view=all&n=1",
    ),
    "variables, described as the path's": (
        "/alerts?lat={lat}&lon={lon}", [("lat", "path", True), ("lon", "path", True)],
        {"lat": "1&2", "lon": "é"}, "/alerts?lat=1%262&lon=%C3%A9",
    ),
    "variables, described as the query's": (
        "/search?q={q}&page={page}", [("q", "query", True), ("page", "query", False)],
        {"q": "a b"}, "/search?q=a%20b",
    ),
    "a variable that nobody describes": ("/search?q={q}", [], {"q": "a"}, "/search?q=a"),
    "a variable by another name": (
        "/pic?key={APIKEY}", [("APIKEY", "path", True)], {"key": "k"}, "/pic?key=k",
    ),
    "part of a value": ("/x?sort=-{it}", [("it", "path", True)], {"it": "a"}, "/x?sort=-a"),
    "no value": ("/x?uploads&n={n}", [("n", "path", True)], {"n": "1"}, "/x?uploads&n=1"),
    "a fragment behind it": ("/x?a=1#two", [("b", "query", False)], {"b": "2"}, "/x?a=1&b=2"),
}  # fmt: skip
"""A path with a query, its parameters (name, place, required), arguments, and what is sent."""


@pytest.mark.parametrize("schema", [{"type": "array", "items": {}}, {"type": "array"}])
@pytest.mark.parametrize(
    ("style", "sent"),
    [
        ({}, "ids=a&ids=2"),
        ({"style": "form", "explode": False}, "ids=a,2"),
        ({"style": "pipeDelimited"}, "ids=a%7C2"),
        ({"style": "deepObject"}, "ids%5B0%5D=a&ids%5B1%5D=2"),
    ],
)
def test_a_list_of_which_nothing_is_said_has_the_documented_style(
    schema: dict[str, Any], style: dict[str, Any], sent: str
) -> None:
    described = {"name": "ids", "in": "query", "schema": schema, **style}
    operation = {"operationId": "read", "parameters": [described], "responses": answers({})}
    provider = MockProvider().replies(json={})
    service_of(document_of({"/items": {"get": operation}}), provider).read(ids=["a", 2])
    (request,) = provider.requests
    assert request.url == f"https://ledger.example/v1/items?{sent}"


@pytest.mark.parametrize(("path", "parameters", "arguments", "sent"), CASES.values(), ids=CASES)
def test_a_query_in_a_path_is_joined_with_the_parameters(
    path: str, parameters: list[Field], arguments: dict[str, Any], sent: str
) -> None:
    described = [
        {"name": name, "in": place, "required": required, "schema": {"type": "string"}}
        for name, place, required in parameters
    ]
    operation = {"operationId": "read", "parameters": described, "responses": answers({})}
    provider = MockProvider().replies(json={})
    written = document_of({path: {"get": operation}})
    service_of(written, provider).read(**arguments)
    (request,) = provider.requests
    assert request.url == f"https://ledger.example/v1{sent}"

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        answer = await client.get(f"{fake.origin}/v1{sent}")
        assert answer.status_code in (200, 404)  # nothing has this id
        assert list(fake.ledger.exchanges[0].findings) == []

    play(scene, apidoc.parse(json.dumps(written).encode(), source="ledger.json"))


DOCUMENTS: dict[str, tuple[dict[str, Any], Any, str]] = {
    "object": ({"type": "object"}, {"a": 1, "b": None}, '{"a":1,"b":null}'),
    "list": ({"type": "array", "items": {"type": "string"}}, ["a&b", "é"], '["a&b","é"]'),
    "text": ({"type": "string"}, "a", '"a"'),
    "number": ({"type": "integer"}, 1, "1"),
    "anything": ({}, [True], "[true]"),
}


@pytest.mark.parametrize(("schema", "value", "text"), DOCUMENTS.values(), ids=DOCUMENTS)
@pytest.mark.parametrize("kind", ["application/json", "application/vnd.x+json; charset=utf-8"])
def test_a_parameter_with_json_content_is_one_json_text(
    kind: str, schema: dict[str, Any], value: Any, text: str
) -> None:
    parameters: list[dict[str, Any]] = [
        {"name": "filter", "in": "query", "content": {kind: {"schema": schema}}},
        {"name": "raw", "in": "query", "content": {"text/plain": {"schema": {"type": "string"}}}},
    ]
    operation = {"operationId": "read", "parameters": parameters, "responses": answers({})}
    provider = MockProvider().replies(json={})
    service_of(document_of({"/x": {"get": operation}}), provider).read(filter=value, raw="{}")
    (request,) = provider.requests
    assert parse_qsl(urlsplit(request.url).query) == [("filter", text), ("raw", "{}")]


@pytest.mark.parametrize("media", ["application/json", "application/vnd.a+json; charset=utf-8"])
def test_a_header_that_is_a_json_document_is_sent_as_json_in_ascii(media: str) -> None:
    schema = {"type": "object", "properties": {"path": {"type": "string"}}}
    argument = {"name": "X-Arg", "in": "header", "content": {media: {"schema": schema}}}
    operation = {"operationId": "read", "parameters": [argument], "responses": answers({})}
    provider = MockProvider().replies(json={}, times=None)
    service = service_of(document_of({"/x": {"get": operation}}), provider)
    service.read(x_arg={"path": "/é\x7f😀 b"})
    sent = provider.requests[0].headers["x-arg"]
    assert sent == '{"path":"/\\u00e9\\u007f\\ud83d\\ude00 b"}'
    assert json.loads(sent) == {"path": "/é\x7f😀 b"}
    service.read()
    assert "x-arg" not in provider.requests[1].headers
