"""Cookies, paths and queries: what the method takes arrives, and the fake provider reads it."""

import json
from typing import Any

import pytest

from noctule import apidoc
from noctule.apidoc import json_schema
from noctule.apidoc.values.fits import fits
from noctule.runtime.auth.base import Session
from noctule.runtime.encoding import headers
from noctule.runtime.request import Request
from noctule.runtime.testing import MockProvider
from noctule.sandbox.http.connection import IncomingRequest
from support.sandbox_samples import findings
from support.wrapped import answers, document_of, service_of

NUMBERS = {"type": "array", "items": {"type": "integer"}}
POINT = {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}}}
TEXT = {"type": "string"}
EXPLODE = {"explode": True}
MATRIX = {"style": "matrix"}
LABEL = {"style": "label"}
RESERVED = {"schema": TEXT, "allowReserved": True}

PATHS: dict[str, tuple[str, dict[str, Any], Any, str]] = {
    "simple": ("/a/{it}", {"schema": NUMBERS}, [1, 2], "/a/1,2"),
    "object": ("/a/{it}", {"schema": POINT}, {"x": 1, "y": 2}, "/a/x,1,y,2"),
    "object=": ("/a/{it}", {"schema": POINT, **EXPLODE}, {"x": 1, "y": 2}, "/a/x=1,y=2"),
    "matrix": ("/a{it}", {"schema": NUMBERS, **MATRIX}, [1, 2], "/a;it=1,2"),
    "matrix;": ("/a{it}", {"schema": NUMBERS, **MATRIX, **EXPLODE}, [1, 2], "/a;it=1;it=2"),
    "matrix{}": ("/a{it}", {"schema": POINT, **MATRIX, **EXPLODE}, {"x": 1, "y": 2}, "/a;x=1;y=2"),
    "label": ("/a{it}", {"schema": NUMBERS, **LABEL}, [1, 2], "/a.1,2"),
    "label.": ("/a{it}", {"schema": NUMBERS, **LABEL, **EXPLODE}, [1, 2], "/a.1.2"),
    "matrix of a text": ("/a{it}", {"schema": TEXT, **MATRIX}, "1", "/a;it=1"),
    "label of a text": ("/a{it}", {"schema": TEXT, **LABEL}, "1", "/a.1"),
    "slashes": ("/a/{it}", RESERVED, "b/c d", "/a/b/c%20d"),
    "segments": ("/a/{it}", {"schema": TEXT, "x-multi-segment": True}, "b/c d", "/a/b/c%20d"),
    "slashes inside": ("/a/{it}/end", RESERVED, "b/c", "/a/b/c/end"),
    "not ASCII": ("/établi/{it}", {"schema": TEXT}, "é/", "/%C3%A9tabli/%C3%A9%2F"),
    "mixed": ("/é-{it}.json", {"schema": TEXT}, "1", "/%C3%A9-1.json"),
}
"""A path, its parameter, a value, and what is sent."""


def written_as(path: str, *parameters: dict[str, Any]) -> dict[str, Any]:
    operation = {"operationId": "read", "parameters": [*parameters], "responses": answers({})}
    return document_of({path: {"get": operation}})


def refused(written: dict[str, Any], path: str, query: str = "") -> list[str]:
    """What the fake provider has against the request."""
    document = apidoc.parse(json.dumps(written).encode(), source="ledger.json")
    return findings(document, IncomingRequest("GET", f"{path}?{query}", {}, b""))


@pytest.mark.parametrize(("path", "parameter", "value", "sent"), PATHS.values(), ids=PATHS)
def test_a_path_is_spelt_as_documented_and_read_back(
    path: str, parameter: dict[str, Any], value: Any, sent: str
) -> None:
    written = written_as(path, {"name": "it", "in": "path", "required": True, **parameter})
    provider = MockProvider().replies(json={})
    service_of(written, provider).read(it=value)
    assert provider.requests[0].path == f"/v1{sent}"
    assert refused(written, f"/v1{sent}") == []


def test_reserved_characters_of_a_query_stay() -> None:
    parameter = {"name": "it", "in": "query", **RESERVED}
    provider = MockProvider().replies(json={})
    service_of(written_as("/a", parameter), provider).read(it="a/b:c?&=+#d é")
    query = provider.requests[0].url.partition("?")[2]
    assert query == "it=a/b:c?%26%3D%2B%23d%20%C3%A9"
    assert refused(written_as("/a", parameter), "/v1/a", query) == []


NAMES = {
    "one level": ("filter[tag]", "filter%5Btag%5D=a"),
    "two levels": ("filter[voice.name][contains]", "filter%5Bvoice.name%5D%5Bcontains%5D=a"),
}


@pytest.mark.parametrize(("name", "sent"), NAMES.values(), ids=NAMES)
def test_a_parameter_may_have_brackets_in_its_name(name: str, sent: str) -> None:
    written = written_as(
        "/a",
        {"name": name, "in": "query", "schema": TEXT},
        {"name": "filter[other]", "in": "query", "schema": TEXT},
        {"name": "page", "in": "query", "schema": POINT, "style": "deepObject"},
    )
    query = f"{sent}&filter%5Bother%5D=b&page%5Bx%5D=1"
    assert refused(written, "/v1/a", query) == []


LISTED = {"anyOf": [{"type": "array", "items": TEXT}, {"type": "string", "enum": [""]}]}
FORMS: dict[str, tuple[dict[str, Any], Any, bytes]] = {
    "indexes": ({"style": "deepObject", "explode": True}, ["a", "b"], b"it[0]=a&it[1]=b"),
    "a text": ({"style": "deepObject", "explode": True}, "", b"it="),
    "repeated": ({"style": "form", "explode": True}, ["a", "b"], b"it=a&it=b"),
    "commas": ({"style": "form", "explode": False}, ["a", "b"], b"it=a,b"),
    "nothing said": ({}, ["a", "b"], b"it=a&it=b"),
}
"""How the document encodes a field, a value, and what is sent."""


@pytest.mark.parametrize("schema", [LISTED, LISTED["anyOf"][0]], ids=["union", "list"])
@pytest.mark.parametrize(("encoding", "value", "sent"), FORMS.values(), ids=FORMS)
def test_a_list_of_a_form_is_spelt_as_documented(
    schema: dict[str, Any], encoding: dict[str, Any], value: Any, sent: bytes
) -> None:
    media = {"schema": {"type": "object", "properties": {"it": schema}}}
    media |= {"encoding": {"it": encoding}} if encoding else {}
    body = {"required": True, "content": {"application/x-www-form-urlencoded": media}}
    operation = {"operationId": "put", "requestBody": body, "responses": answers({})}
    provider = MockProvider().replies(json={})
    service_of(document_of({"/a": {"post": operation}}), provider).put(it=value)
    assert provider.requests[0].body == sent


COOKIES: list[tuple[dict[str, Any], str]] = [
    ({"session": "a b"}, "session=a%20b"),
    ({"session": "a", "theme": "é;"}, "session=a; theme=%C3%A9%3B"),
    ({"session": "a", "theme": None}, "session=a"),
]


@pytest.mark.parametrize(("cookies", "sent"), COOKIES)
def test_cookies_are_one_header(cookies: dict[str, Any], sent: str) -> None:
    parameters = (
        {"name": "session", "in": "cookie", "required": True, "schema": TEXT},
        {"name": "theme", "in": "cookie", "schema": TEXT},
    )
    provider = MockProvider().replies(json={})
    service_of(written_as("/a", *parameters), provider).read(**cookies)
    assert provider.requests[0].headers["cookie"] == sent


def test_a_credential_in_a_cookie_joins_the_others() -> None:
    request = Request("GET", "https://ledger.example/", {"Cookie": "theme=dark"})
    Session({"Cookie": "session=1"}).apply(request)
    assert request.headers["Cookie"] == "theme=dark; session=1"


def test_no_cookies_are_no_header() -> None:
    assert headers({"Cookie": {"a": None}, "X": ""}) == {"X": ""}


TAGS = [
    ({"propertyName": "kind", "mapping": {"big": "#/components/schemas/Cat"}}, "big"),
    ({"propertyName": "kind"}, "Cat"),
]


@pytest.mark.parametrize(("discriminator", "tag"), TAGS)
def test_a_discriminator_decides_between_branches_that_overlap(
    discriminator: dict[str, Any], tag: str
) -> None:
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    kinds = {
        name: {"type": "object", "required": ["kind"], "properties": {"kind": TEXT, of: NUMBERS}}
        for name, of in (("Cat", "lives"), ("Dog", "walks"))
    }
    choice = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in kinds],
        "discriminator": discriminator,
    }
    written = document_of({}, components={"schemas": {**kinds, "Pet": choice}})
    document = apidoc.parse(json.dumps(written).encode(), source="ledger.json")
    pet = document.schemas["Pet"]
    validator = jsonschema_rs.Draft202012Validator(json_schema(pet, request=True))
    value = {"kind": tag, "lives": [9]}
    assert fits(pet, value, request=True)
    assert validator.is_valid(value)
    assert not validator.is_valid({"lives": [9]})
