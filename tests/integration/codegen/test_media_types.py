"""Media types of answers: what is asked for, compared, and read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import InvalidResponse
from noctule.runtime.charset import decoded_text
from noctule.runtime.testing import MockProvider
from support.wrapped import answers, document_of, service_of, wrapped

ITEM = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
TEXT = {"type": "string"}
BINARY = {"type": "string", "format": "binary"}


def reading(*contents: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    described = {kind: {"schema": schema} for kind, schema in contents}
    responses = {"200": {"description": "ok", "content": described}}
    return document_of({"/items": {"get": {"operationId": "read", "responses": responses}}})


ACCEPTS = [
    ("application/json", ITEM, "application/json"),
    ("application/json; charset=utf-8", ITEM, "application/json"),
    ("*/*", ITEM, "application/json"),
    ("application/fhir+json", ITEM, "application/fhir+json"),
    ("application/vnd.api+json", ITEM, "application/vnd.api+json"),
    ("Application/HAL+JSON", ITEM, "application/hal+json"),
    ("text/plain", TEXT, "text/plain"),
    ("application/xml", TEXT, "application/xml"),
    ("application/pdf", BINARY, "application/pdf"),
    ("application/x-ndjson", ITEM, "application/x-ndjson"),
    ("application/jsonl", ITEM, "application/jsonl"),
    ("application/json-seq", ITEM, "application/json-seq"),
    ("text/event-stream", TEXT, "text/event-stream"),
]


@pytest.mark.parametrize(("kind", "schema", "expected"), ACCEPTS)
def test_accept_names_what_the_operation_documents(
    kind: str, schema: dict[str, Any], expected: str
) -> None:
    body = b'{"id":"1"}\n'
    provider = MockProvider().replies(content=body, headers={"content-type": kind})
    result = service_of(reading((kind, schema)), provider).read()
    assert provider.requests[0].headers["accept"] == expected
    is_object = "json" in expected and expected not in {row[0] for row in ACCEPTS[-4:]}
    raw = body if schema is BINARY else body.decode()
    assert result.id == "1" if is_object else result == raw


@pytest.mark.parametrize("first", [True, False])
def test_plain_json_is_preferred(first: bool) -> None:
    contents = [("application/json", ITEM), ("application/vnd.api+json", ITEM)]
    provider = MockProvider().replies(json={"id": "1"})
    service_of(reading(*(contents if first else contents[::-1])), provider).read()
    assert provider.requests[0].headers["accept"] == "application/json"


@pytest.mark.parametrize("kind", [row[0] for row in ACCEPTS[-4:]])
def test_values_one_after_the_other_can_be_streamed(kind: str) -> None:
    lines = b'{"id":"1"}\n{"id":"2"}\n'
    provider = MockProvider().replies(content=lines, headers={"content-type": kind})
    with service_of(reading((kind, ITEM)), provider).read_stream() as stream:
        assert b"".join(stream) == lines


@pytest.mark.parametrize("sent", ["text/html; charset=utf-8", "application/xml"])
def test_an_answer_of_another_media_type_is_named(sent: str) -> None:
    provider = MockProvider().replies(content=b"<p>", headers={"content-type": sent})
    with pytest.raises(InvalidResponse, match=sent.partition(";")[0]):
        service_of(reading(("application/json", ITEM)), provider).read()


@pytest.mark.parametrize(
    ("documented", "schema", "sent", "expected"),
    [
        ("text/plain", TEXT, '"caf\\u00e9"', "café"),
        ("text/plain", TEXT, '{"id": 1}', '{"id": 1}'),
        ("application/pdf", BINARY, '{"id": 1}', b'{"id": 1}'),
    ],
)
def test_json_where_something_else_is_documented_is_told(
    documented: str, schema: dict[str, Any], sent: str, expected: object
) -> None:
    events: list[Any] = []
    provider = MockProvider().replies(
        content=sent.encode(), headers={"content-type": "application/json"}
    )
    service = service_of(reading((documented, schema)), provider, on_event=events.append)
    assert service.read() == expected
    assert [event.name for event in events].count("contract_violation") == 1


CHARSETS = ["utf-8", "iso-8859-1", "windows-1252", "iso-8859-15", "utf-16", "shift_jis", "koi8-r"]


@given(st.data())
@pytest.mark.parametrize("charset", CHARSETS)
def test_a_text_is_read_in_the_charset_that_it_names(charset: str, data: st.DataObject) -> None:
    signs = {"shift_jis": "カナ", "koi8-r": "Яж"}.get(charset, "éü")
    text = data.draw(st.text(st.sampled_from(f"ab \n{signs}")))
    content = text.encode(charset)
    assert decoded_text(content, f'text/plain; Charset="{charset}"') == text
    if charset != "utf-16":
        prolog = f"<?xml version='1.0' encoding='{charset}'?><a>{text}</a>"
        assert decoded_text(prolog.encode(charset), "application/xml") == prolog


@given(st.binary(max_size=40), st.text(max_size=30))
def test_no_content_and_no_charset_is_too_much(content: bytes, said: str) -> None:
    assert isinstance(decoded_text(content, f"text/plain; charset={said}"), str)


@pytest.mark.parametrize("name", ["hex", "zip", "idna", "punycode", "unicode_escape", "nothing"])
def test_what_is_no_charset_is_not_used(name: str) -> None:
    assert decoded_text(b"\\u0041xn--a", f"text/plain; charset={name}") == "\\u0041xn--a"


@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16", "utf-16-le"])
def test_json_in_another_charset_is_read(charset: str) -> None:
    content = json.dumps({"id": "é"}, ensure_ascii=False).encode(charset)
    provider = MockProvider().replies(
        content=content, headers={"content-type": f"application/json; charset={charset}"}
    )
    assert service_of(document_of(answers_of()), provider).read().id == "é"


def answers_of() -> dict[str, Any]:
    return {"/items": {"get": {"operationId": "read", "responses": answers(ITEM)}}}


FORMATS = {
    "application/pdf": ("get_pdf", b"%PDF-1.4\xff"),
    "text/csv": ("get_csv", "a;b\né;2\n"),
    "image/png": ("get_png", b"\x89PNG"),
    "application/x-ndjson": ("get_lines", '{"a":1}\n{"a":2}\n'),
    "text/event-stream": ("get_events", "data: 1\n\n"),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("get_xlsx", b"PK"),
}


@pytest.mark.parametrize("media", FORMATS)
@pytest.mark.parametrize("first", [True, False])
def test_each_format_of_an_answer_has_a_method(media: str, first: bool) -> None:
    name, body = FORMATS[media]
    schemas = {"application/json": {"schema": ITEM}, media: {"schema": {"type": "string"}}}
    content = schemas if first else dict(reversed(schemas.items()))
    operation = {
        "operationId": "get",
        "responses": {"200": {"description": "", "content": content}},
    }
    sent = body if isinstance(body, bytes) else body.encode()
    headers = {"Content-Type": media if isinstance(body, bytes) else f"{media}; charset=utf-8"}
    provider = MockProvider().replies(json={"id": "1"}).replies(content=sent, headers=headers)
    service = service_of(document_of({"/report": {"get": operation}}), provider)
    assert service.get().id == "1"
    assert getattr(service, name)() == body
    assert [request.headers["accept"] for request in provider.requests] == [
        "application/json",
        media,
    ]
    assert hasattr(service, f"{name}_stream") == (name != "get_csv")


@pytest.mark.parametrize("media", ["application/xml", "text/plain", "application/x-yaml", "*/*"])
def test_another_spelling_of_the_same_data_has_none(media: str) -> None:
    content = {"application/json": {"schema": ITEM}, media: {"schema": ITEM}}
    operation = {
        "operationId": "get",
        "responses": {"200": {"description": "", "content": content}},
    }
    space = wrapped(document_of({"/report": {"get": operation}}))
    assert [name for name in vars(space["LedgerService"]) if name.startswith("get")] == ["get"]


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    content = {"application/json": {"schema": ITEM}, "application/pdf": {}}
    both = {"responses": {"200": {"description": "", "content": content}}}
    paths = {"/a": {"get": {"operationId": "get", **both}}}
    paths["/b"] = {"get": {"operationId": "get_pdf", **both}}
    space = wrapped(document_of(paths))
    methods = [name for name in vars(space["LedgerService"]) if name.startswith("get")]
    assert sorted(name for name in methods if not name.endswith("_stream")) == [
        "get",
        "get_as_pdf",
        "get_pdf",
        "get_pdf_pdf",
    ]
