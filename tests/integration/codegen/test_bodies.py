"""Bodies on the wire: the media types of parts, lists in forms, JSON values line by line."""

import email
import json
from email.policy import HTTP
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc
from noctule.runtime import NULL, CallOptions, File, InvalidArgument
from noctule.runtime.encoding import encode_body
from noctule.runtime.testing import MockProvider
from noctule.sandbox.http.connection import IncomingRequest
from support.sandbox_samples import findings
from support.wrapped import answers, document_of, json_body, service_of

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
FILE = {"type": "string", "format": "binary"}
ROW = {"type": "object", "properties": {"sku": TEXT}}
ROWS = {"type": "array", "items": ROW}

Part = tuple[str, bytes]

PARTS: dict[str, tuple[dict[str, Any], dict[str, Any], Any, list[Part]]] = {
    "text": (TEXT, {}, "a;b", [("text/plain", b"a;b")]),
    "text of a type": (TEXT, {"contentType": "text/csv"}, "a;b", [("text/csv", b"a;b")]),
    "text as JSON": (
        TEXT,
        {"contentType": "application/json"},
        "a",
        [("application/json", b'"a"')],
    ),
    "texts": (TEXTS, {}, ["a", "b"], [("text/plain", b"a"), ("text/plain", b"b")]),
    "texts in one": (
        TEXTS,
        {"style": "form", "explode": False},
        ["a", "b"],
        [("text/plain", b"a,b")],
    ),
    "texts and pipes": (TEXTS, {"style": "pipeDelimited"}, ["a", "b"], [("text/plain", b"a|b")]),
    "texts as JSON": (
        TEXTS,
        {"contentType": "application/json"},
        ["a"],
        [("application/json", b'["a"]')],
    ),
    "object": (ROW, {}, {"sku": "1"}, [("application/json", b'{"sku":"1"}')]),
    "object of a type": (
        ROW,
        {"contentType": "application/vnd.row+json"},
        {"sku": "1"},
        [("application/vnd.row+json", b'{"sku":"1"}')],
    ),
    "objects": (ROWS, {}, [{"sku": "1"}], [("application/json", b'{"sku":"1"}')]),
    "objects in one": (
        ROWS,
        {"contentType": "application/json"},
        [{"sku": "1"}, {"sku": "2"}],
        [("application/json", b'[{"sku":"1"},{"sku":"2"}]')],
    ),
    "file": (FILE, {}, b"A", [("application/octet-stream", b"A")]),
    "file of a type": (FILE, {"contentType": "image/png"}, b"A", [("image/png", b"A")]),
    "file of its own type": (
        FILE,
        {"contentType": "image/png"},
        File(b"A", "a.gif", "image/gif"),
        [("image/gif", b"A")],
    ),
    "file of several types": (
        FILE,
        {"contentType": "image/png, image/gif"},
        b"A",
        [("application/octet-stream", b"A")],
    ),
    "files": (
        {"type": "array", "items": FILE},
        {"contentType": "image/png"},
        [b"A", File(b"B", "b.png")],
        [("image/png", b"A"), ("image/png", b"B")],
    ),
    "file of OpenAPI 3.1": (
        {"type": "string", "contentMediaType": "image/png"},
        {"contentType": "image/png"},
        b"A",
        [("image/png", b"A")],
    ),
}
"""The schema of a part, its encoding, a value, and the parts that are sent."""


@pytest.mark.parametrize(("schema", "encoding", "value", "parts"), PARTS.values(), ids=PARTS)
def test_parts_have_the_media_types_of_the_document(
    schema: dict[str, Any], encoding: dict[str, Any], value: Any, parts: list[Part]
) -> None:
    whole = {"type": "object", "properties": {"it": schema}, "required": ["it"]}
    body = {
        "required": True,
        "content": {"multipart/form-data": {"schema": whole, "encoding": {"it": encoding}}},
    }
    written = document_of(
        {"/up": {"post": {"operationId": "send", "requestBody": body, "responses": answers({})}}}
    )
    provider = MockProvider().replies(json={})
    service_of(written, provider).send(it=value)
    request = provider.requests[0]
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=HTTP)
    sent = [
        (part.get_content_type(), part.get_payload(decode=True)) for part in message.iter_parts()
    ]
    assert sent == parts
    chosen = isinstance(value, File) and value.content_type not in encoding.get("contentType", "")
    assert len(refused(written, dict(request.headers), request.body)) == int(chosen)


def refused(written: dict[str, Any], headers: dict[str, str], body: bytes) -> list[str]:
    """What the fake provider has against the body."""
    document = apidoc.parse(json.dumps(written).encode(), source="ledger.json")
    headers = {name.lower(): value for name, value in headers.items()}
    return findings(document, IncomingRequest("POST", "/v1/up", headers, body))


DEEP: dict[str, tuple[dict[str, Any], Any, dict[str, bytes]]] = {
    "object": (ROW, {"sku": "é"}, {"it[sku]": "é".encode()}),
    "list": (TEXTS, ["a", "b"], {"it[0]": b"a", "it[1]": b"b"}),
    "inside": (
        {"type": "object", "properties": {"of": ROWS, "on": {"type": "boolean"}}},
        {"of": [{"sku": "1"}], "on": True},
        {"it[of][0][sku]": b"1", "it[on]": b"true"},
    ),
    "text": (TEXT, "a", {"it": b"a"}),
    "nothing": (ROW, None, {}),
}
"""The schema of a part in the style `deepObject`, a value, and the parts that are sent."""


@pytest.mark.parametrize(("schema", "value", "parts"), DEEP.values(), ids=DEEP)
def test_the_members_of_a_deep_object_are_parts(
    schema: dict[str, Any], value: Any, parts: dict[str, bytes]
) -> None:
    whole = {"type": "object", "properties": {"it": schema, "file": FILE}}
    encoding = {"it": {"style": "deepObject", "explode": True}}
    body = {"content": {"multipart/form-data": {"schema": whole, "encoding": encoding}}}
    written = document_of(
        {"/up": {"post": {"operationId": "send", "requestBody": body, "responses": answers({})}}}
    )
    provider = MockProvider().replies(json={})
    service_of(written, provider).send(it=value, file=b"A")
    request = provider.requests[0]
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.body, policy=HTTP)
    sent = {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.iter_parts()
    }
    assert sent == {**parts, "file": b"A"}
    assert not refused(written, dict(request.headers), request.body)


def test_a_deep_part_with_a_bracket_in_its_name_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="bracket"):
        encode_body("multipart", {"it": {"a]": 1}}, {"it": "deepObject"})


def test_a_part_has_the_headers_of_its_file() -> None:
    content = encode_body("multipart", {"it": File(b"A", headers={"X-Sum": "1"})}).content
    assert isinstance(content, bytes)
    assert b"\r\nX-Sum: 1\r\n" in content
    with pytest.raises(InvalidArgument):
        encode_body("multipart", {"it": File(b"A", headers={"X-Sum": "1\r\nX: 2"})})


LINES = ["application/x-ndjson", "application/jsonl", "application/json-seq", "application/ndjson"]
SCHEMAS: dict[str, dict[str, Any]] = {"line": ROW, "list": ROWS, "text": TEXT, "bytes": FILE}


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_values_are_sent_line_by_line(kind: str, schema: dict[str, Any]) -> None:
    written = document_of(
        {
            "/up": {
                "post": {
                    "operationId": "send",
                    "requestBody": json_body(schema, kind),
                    "responses": answers({}),
                }
            }
        }
    )
    provider = MockProvider().replies(json={}, times=None)
    service = service_of(written, provider)
    service.send(body=[{"sku": "1"}, {"sku": "2"}])
    service.send(body=b'{"sku":"1"}\n{"sku":"2"}\n')
    mark = b"\x1e" if kind.endswith("json-seq") else b""
    expected = mark + b'{"sku":"1"}\n' + mark + b'{"sku":"2"}\n'
    assert provider.requests[0].body == expected
    for request in provider.requests:
        assert request.headers["content-type"] == kind
        assert refused(written, dict(request.headers), request.body) == []
    if "sku" in str(schema):
        assert refused(written, {"content-type": kind}, b'{"sku":1}\n') != []


@given(st.lists(st.recursive(st.none() | st.integers(-9, 9) | st.text(max_size=4), st.lists)))
def test_each_line_is_one_value(values: list[Any]) -> None:
    content = encode_body("lines", values).content
    assert isinstance(content, bytes)
    assert [json.loads(line) for line in content.split(b"\n")[:-1]] == values


HEADERS: dict[str, tuple[dict[str, Any], Any, str | None]] = {
    "a constant": ({"schema": {"const": "invoice"}}, None, "invoice"),
    "one choice": ({"schema": {"type": "string", "enum": ["a"]}}, None, "a"),
    "a default": ({"schema": {"type": "string", "default": "b"}}, None, "b"),
    "an argument": ({"schema": {"type": "integer"}}, 7, "7"),
    "a required one": ({"required": True, "schema": TEXT}, "x", "x"),
    "nothing given": ({"schema": TEXT}, None, None),
    "a list": ({"schema": TEXTS}, ["a", "b"], "a,b"),
}


@pytest.mark.parametrize(("header", "argument", "sent"), HEADERS.values(), ids=HEADERS)
@pytest.mark.parametrize(
    ("part", "value"),
    [(TEXT, "a"), (FILE, b"a"), (ROW, {"sku": "1"}), (TEXTS, ["a", "b"])],
    ids=["text", "file", "object", "texts"],
)
def test_the_headers_of_a_part(
    header: dict[str, Any], argument: Any, sent: str | None, part: dict[str, Any], value: Any
) -> None:
    body = json_body({"type": "object", "properties": {"data": part}}, "multipart/form-data")
    headers = {"X-Kind": header, "Content-Type": {"schema": TEXT}}
    body["content"]["multipart/form-data"]["encoding"] = {"data": {"headers": headers}}
    operation = {"operationId": "upload", "requestBody": body, "responses": answers({})}
    provider = MockProvider().replies(json={}, times=None)
    service = service_of(document_of({"/files": {"post": operation}}), provider)
    service.upload(data=value, **({} if argument is None else {"data_x_kind": argument}))
    (request,) = provider.requests
    parts = request.body.split(b"\r\n--")[:-1]
    assert len(parts) == (2 if part is TEXTS else 1)
    for each in parts:
        assert (f"\r\nX-Kind: {sent}\r\n".encode() in each) == (sent is not None)


BODYLESS = [
    ("post", False, [], {}, b""),
    ("patch", False, [], {}, b""),
    ("post", True, [], {}, b"{}"),
    ("post", False, [], {"a": "1"}, b'{"a":"1"}'),
    ("patch", False, [], {"a": NULL}, b'{"a":null}'),
    ("post", False, ["b"], {"b": "1"}, b'{"b":"1"}'),
]


@pytest.mark.parametrize(("verb", "required", "members", "arguments", "sent"), BODYLESS)
@pytest.mark.parametrize("kind", ["application/json", "application/merge-patch+json"])
def test_an_optional_body_of_which_nothing_is_given_is_not_sent(
    verb: str,
    required: bool,
    members: list[str],
    arguments: dict[str, Any],
    sent: bytes,
    kind: str,
) -> None:
    schema = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": members}
    described = {
        "operationId": "change",
        "requestBody": {"required": required, "content": {kind: {"schema": schema}}},
        "responses": {"204": {"description": "ok"}},
    }
    provider = MockProvider().replies(status=204)
    service_of(document_of({"/rows": {verb: described}}), provider).change(**arguments)
    (request,) = provider.requests
    assert request.body == sent
    assert (request.headers.get("content-type") == kind) is bool(sent)


def test_further_members_are_a_body_too() -> None:
    schema = {"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT}
    described = {
        "operationId": "change",
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"204": {"description": "ok"}},
    }
    provider = MockProvider().replies(status=204).replies(status=204).replies(status=204)
    service = service_of(document_of({"/rows": {"post": described}}), provider)
    service.change(extra={"c": "1"})
    service.change(options=CallOptions(extra_body={"d": 1}))
    service.change()
    assert [request.body for request in provider.requests] == [b'{"c":"1"}', b'{"d":1}', b""]
