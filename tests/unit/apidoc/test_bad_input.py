"""Whatever is not an API document is refused with its place, its cause and what to do next."""

import io
import json
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.apidoc import ApiDocument, bounds, json_schema, load, parse, sample
from noctule.apidoc.quality.gaps import gaps
from noctule.messages import LANGUAGES
from noctule.problem import Exit, Problem

GOOD = b'{"openapi": "3.0.0", "info": {"title": "T", "version": "1"}, "paths": {}}'


def refused(data: bytes, source: str = "doc.json") -> Problem:
    with pytest.raises(Problem) as raised:
        parse(data, source=source)
    problem = raised.value
    for language in LANGUAGES:
        assert problem.cause(language).startswith(problem.place)
        assert problem.next_step(language)
    assert problem.exit is Exit.USAGE
    return problem


@pytest.mark.parametrize(
    ("data", "key", "place"),
    [
        (b"", "empty", "doc.json"),
        (b" \n\t", "empty", "doc.json"),
        (b"<!DOCTYPE html><html></html>", "markup", "doc.json"),
        (b"\x89PNG\r\n\x1a\n\xff", "not_text", "doc.json"),
        (b'{"a": "\xff"}', "not_text", "doc.json"),
        (b"\x1f\x8b\x08\x00", "not_text", "doc.json"),
        (b'{"openapi": "3.0.0",\n "paths": }}', "malformed", "doc.json:2:11"),
        (b'{"openapi": "3.0.0", "x": NaN}', "malformed", "doc.json"),
        (b"openapi: 3.0.0\npaths: [\n", "malformed", "doc.json:3"),
        (b"a: b: c", "malformed", "doc.json:1"),
        (b"just words", "not_openapi", "doc.json"),
        (b"[1, 2]", "not_openapi", "doc.json"),
        (b"{}", "not_openapi", "doc.json"),
        (b'{"openapi": "4.0.0"}', "unknown_version", "doc.json"),
        (b'{"openapi": "3.10.0"}', "unknown_version", "doc.json"),
        (b'{"swagger": "1.2"}', "unknown_version", "doc.json"),
        (b'{"openapi": "3.0.0", "paths": []}', "malformed_section", "doc.json#/paths"),
        (b'{"openapi": "3.1.0", "webhooks": 3}', "malformed_section", "doc.json#/webhooks"),
        (b'{"openapi": "3.0.0", "info": "x"}', "malformed_section", "doc.json#/info"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "too_deep", "doc.json"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "too_deep", "doc.json"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_refusals(data: bytes, key: str, place: str) -> None:
    problem = refused(data)
    assert (problem.key, problem.place) == (f"apidoc.{key}", place)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"asyncapi": "3.0.0"}, "AsyncAPI"),
        ({"swaggerVersion": "1.2"}, "Swagger 1"),
        ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "JSON Schema"),
        ({"name": "x", "version": "1"}, "name, version"),
    ],
    ids=str,
)
def test_a_stranger_is_named(data: dict[str, object], found: str) -> None:
    assert found in refused(json.dumps(data).encode()).cause("en")


def test_versions_in_every_spelling() -> None:
    for text, dialect in [
        ("swagger: '2.0'", "swagger-2.0"),
        ("swagger: 2.0", "swagger-2.0"),
        ("openapi: 3.0", "openapi-3.0"),
        ("openapi: 3.1.1", "openapi-3.1"),
        ("openapi: '3.2.0-rc1'", "openapi-3.2"),
    ]:
        assert parse(text.encode(), source="x").dialect == dialect


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_of_json_are_read(encoding: str) -> None:
    assert parse(GOOD.decode().encode(encoding), source="x").title == "T"


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_BYTES", len(GOOD))
    assert parse(GOOD, source="x").title == "T"
    assert refused(GOOD + b" ").key == "apidoc.too_large"


def test_a_50_mb_document_is_read_in_bounded_time() -> None:
    described = {"type": "string", "description": "What this property means to people. " * 6}
    schema = {"type": "object", "properties": {f"p{n}": described for n in range(200)}}
    one = json.dumps(schema)
    count = 50_000_000 // len(one)
    schemas = ",".join(f'"S{n}":{one}' for n in range(count))
    data = f'{{"openapi":"3.0.0","components":{{"schemas":{{{schemas}}}}}}}'.encode()
    assert len(data) > 49_000_000
    started = time.process_time()
    document = parse(data, source="big.json")
    assert document.schemas["S7"].properties["p3"].type == "string"
    assert time.process_time() - started < 20


def test_keys_stated_twice_in_json_are_reported() -> None:
    document = parse(
        b'{"openapi": "3.0.0", "openapi": "3.1.0", "info": {"a": 1, "a": 2}}', source="x"
    )
    assert document.dialect == "openapi-3.1"
    assert document.duplicates == ("a", "openapi")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, key in [(tmp_path / "none.json", "missing"), (tmp_path, "folder")]:
        with pytest.raises(Problem) as raised:
            load(path)
        assert (raised.value.key, raised.value.place) == (f"apidoc.{key}", str(path))
        assert raised.value.exit is Exit.USAGE
        assert raised.value.next_step("fr")


def test_an_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "closed.json"
    path.write_bytes(GOOD)

    def no(*_: object, **__: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", no)
    with pytest.raises(Problem) as raised:
        load(path)
    assert raised.value.key == "apidoc.unreadable"
    assert "Permission denied" in raised.value.cause("en")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD)))
    document = load("-")
    assert (document.title, document.source) == ("T", "-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"nothing")))
    with pytest.raises(Problem, match="standard input"):
        load("-")


def test_an_empty_document_says_nothing_and_breaks_nothing() -> None:
    document = parse(b'{"openapi": "3.0.0"}', source="x")
    assert (document.title, document.version, document.description) == ("", "", "")
    found = [document.operations, document.webhooks, document.schemas, document.servers]
    assert not any([*found, document.security_schemes])
    assert document.find("GET /") is None


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.sampled_from(["", "x", "#/paths", "get"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                "$ref", "get", "post", "parameters", "requestBody", "responses", "200", "default",
                "content", "application/json", "schema", "type", "properties", "items", "allOf",
                "oneOf", "name", "in", "security", "enum", "required", "servers", "url", "/a",
                "schemas", "securitySchemes", "callbacks", "encoding", "examples", "headers",
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=25,
)  # fmt: skip


def look_at(document: ApiDocument) -> None:
    for operation in document.operations.values():
        media = [*(operation.body.media.values() if operation.body else ())]
        media += [m for response in operation.responses.values() for m in response.media.values()]
        for schema in [p.schema for p in operation.parameters] + [
            m.schema for m in media if m.schema
        ]:
            sample(schema)
            json_schema(schema)
    gaps(document, document.operations.values())
    assert document.servers is not None
    assert document.security_schemes is not None
    for schema in document.schemas.values():
        sample(schema)
        json_schema(schema)


@given(
    st.sampled_from([{"openapi": "3.0.0"}, {"openapi": "3.1.0"}, {"swagger": "2.0"}]),
    st.fixed_dictionaries(
        {},
        optional={
            "paths": st.dictionaries(st.sampled_from(["/a", "/b/{c}"]), JUNK),
            "components": st.dictionaries(st.sampled_from(["schemas", "securitySchemes"]), JUNK),
            "definitions": st.dictionaries(st.sampled_from(["A", "B"]), JUNK),
            "servers": st.lists(JUNK, max_size=2),
            "webhooks": st.dictionaries(st.just("w"), JUNK),
        },
    ),
)
def test_no_junk_crashes(version: dict[str, str], sections: dict[str, object]) -> None:
    look_at(parse(json.dumps({**version, **sections}).encode(), source="junk"))


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_no_bytes_crash(data: bytes) -> None:
    with suppress(Problem):
        look_at(parse(data, source="bytes"))


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255))
def test_no_flipped_byte_crashes(at: int, byte: int) -> None:
    data = bytearray(GOOD)
    data[at] = byte
    with suppress(Problem):
        look_at(parse(bytes(data), source="flipped"))
