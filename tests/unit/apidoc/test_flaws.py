"""What a document says wrongly is told with its place, and reading goes on past it."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.apidoc import ApiDocument, findings, flaws, json_schema, parse, sample
from noctule.apidoc.quality.schema_flaws import misfits
from noctule.messages import LANGUAGES

TEXT = {"type": "string"}
JSON = "application/json"


def read(paths: object, **sections: object) -> ApiDocument:
    return parse(json.dumps({"openapi": "3.1.0", "paths": paths, **sections}).encode(), source="t")


def answering(schema: object, **media: object) -> ApiDocument:
    content = {JSON: {"schema": schema, **media}}
    return read({"/a": {"get": {"responses": {"200": {"content": content}}}}})


def told(document: ApiDocument) -> list[tuple[str, str, str]]:
    found = flaws(document, document.operations.values())
    return [(flaw.kind, flaw.pointer, flaw.detail) for flaw in found]


BODY = "#/paths/~1a/get/responses/200/content/application~1json/schema"


def test_a_sound_document_has_none() -> None:
    schema = {"type": "object", "properties": {"a": TEXT}, "example": {"a": "b"}}
    assert told(answering(schema)) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"$ref": "#/gone"}, ("broken_reference", "", "#/gone: nothing is there")),
        ({"type": "array", "items": {"$ref": "#/gone"}},
         ("broken_reference", "/items", "#/gone: nothing is there")),
        ({"type": "date"}, ("unknown_type", "/type", "date")),
        ({"type": "string", "properties": {"a": TEXT}},
         ("contradiction", "", "string ≠ properties")),
        ({"allOf": [TEXT, {"type": "object"}]}, ("contradiction", "", "string ≠ object")),
        ({"type": "integer", "minimum": 5, "maximum": 4},
         ("contradiction", "", "minimum 5 > maximum 4")),
        ({"type": "integer", "enum": [1, "2"]},
         ("contradiction", "/enum", "enum: string ≠ integer")),
        ({"type": "string", "pattern": "("}, ("unreadable_pattern", "/pattern", "(")),
        ({"type": "object", "properties": {"a": {}}}, ("empty_schema", "/properties/a", "")),
        ({"type": "object", "properties": {"a": {"description": "What?"}}},
         ("empty_schema", "/properties/a", "")),
        ({"type": "object", "properties": {"a": "string"}},
         ("malformed", "/properties/a", "a")),
        ({"type": "object", "properties": []}, ("malformed", "/properties", "properties")),
        ({"type": "array", "items": TEXT, "example": ["a", 1]},
         ("unfit_example", "/example", "/1: integer ≠ string")),
        ({"type": "integer", "default": "1"}, ("unfit_example", "/default", "/: string ≠ integer")),
        ({"type": ["string", "integer"], "example": [1]},
         ("unfit_example", "/example", "/: array ≠ integer or string")),
        ({"type": "string", "format": "date", "example": "12/31/2026"},
         ("unfit_example", "/example", "/: format date")),
        ({"type": "object", "required": ["id"], "properties": {"id": TEXT}, "examples": [{}]},
         ("unfit_example", "/examples", "/id: required")),
        ({"oneOf": [TEXT, {"type": "integer"}], "example": True},
         ("unfit_example", "/example", "/: oneOf")),
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_that_is_wrong(schema: object, expected: tuple[str, str, str]) -> None:
    kind, below, detail = expected
    document = answering(schema)
    assert (kind, f"{BODY}{below}", detail) in told(document)
    operation = document.operations["GET /a"]
    assert operation.success is not None
    if operation.success.schema is not None:
        sample(operation.success.schema)  # reading goes on


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "number", "example": 3},
        {"allOf": [{"type": "integer"}, {"type": "number"}], "example": 3},
        {"type": "integer", "enum": [1, 2], "nullable": True, "example": None},
        {"type": "object", "additionalProperties": {}},
        {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "type": "object"},
        {"type": "object", "required": ["a"], "properties": {"a": {**TEXT, "readOnly": True}},
         "example": {}},
        {"const": 3},
    ],
    ids=str,
)  # fmt: skip
def test_a_schema_that_is_odd_and_right(schema: dict[str, object]) -> None:
    found = {kind for kind, _, _ in told(answering(schema))}
    assert found <= {"empty_schema"}
    assert not found or "additionalProperties" in schema


def test_examples_of_a_body_are_judged_in_the_direction_it_goes() -> None:
    secret = {
        "type": "object",
        "required": ["pin"],
        "properties": {"pin": {**TEXT, "writeOnly": True}},
    }
    content = {JSON: {"schema": secret, "example": {}}}
    paths = {"/a": {"post": {"requestBody": {"content": content},
                             "responses": {"200": {"content": content}}}}}  # fmt: skip
    assert [(kind, detail) for kind, _, detail in told(read(paths))] == [
        ("unfit_example", f"{JSON} /pin: required")
    ]


def test_operations_that_are_wrong() -> None:
    response = {"responses": {"200": {"$ref": "#/gone"}}, "security": [{"nobody": []}]}
    paths = {
        "/a/{id}": {
            "get": {"operationId": "same", "parameters": [{"name": "di", "in": "path"}, 7]}
        },
        "/a/{name}": {"get": {"operationId": "same", **response}},
        "/b": "a path",
        "/c\u200b": {"get": {}},
    }
    document = read(paths)
    kinds = [(f.operation, f.kind, f.detail) for f in flaws(document, document.operations.values())]
    for expected in (
        ("GET /a/{id}", "duplicate_id", "GET /a/{name}"),
        ("GET /a/{name}", "duplicate_id", "GET /a/{id}"),
        ("GET /a/{id}", "same_path", "GET /a/{name}"),
        ("GET /a/{id}", "path_parameter", "id"),
        ("GET /a/{id}", "malformed", "name, in"),
        ("GET /a/{name}", "broken_reference", "#/gone: nothing is there"),
        ("GET /a/{name}", "unknown_scheme", "nobody"),
        ("", "malformed", "/b"),
        ("GET /c\u200b", "strange_name", "/c\\u200b"),
    ):
        assert expected in kinds
    assert len(document.operations) == 3


@pytest.mark.parametrize("paths", [{}, None], ids=str)
def test_a_document_without_paths(paths: object) -> None:
    document = read(paths)
    assert told(document) == [("no_paths", "#/paths", "")]
    assert document.operations == {}


def test_duplicate_keys_have_their_place() -> None:
    document = parse(b'{"openapi": "3.0.0", "paths": {"/a": {}, "/a": {"get": {}}}}', source="t")
    assert ("duplicate_key", "/a", "/a") in told(document)


def test_a_shared_place_is_told_once() -> None:
    answer = {
        "responses": {"200": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/A"}}}}}
    }
    broken = {"A": {"type": "object", "properties": {"a": {"$ref": "#/gone"}}}}
    paths = {"/a": {"get": answer}, "/b": {"get": answer}}
    document = read(paths, components={"schemas": broken})
    found = flaws(document, document.operations.values())
    assert [(f.operation, f.kind, f.pointer) for f in found] == [
        ("GET /a", "broken_reference", "#/components/schemas/A/properties/a")
    ]
    only = flaws(document, [document.operations["GET /b"]])
    assert [flaw.operation for flaw in only] == ["GET /b"]


def test_a_circle_of_schemas_ends() -> None:
    loop = {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/A"}}}
    answer = {
        "responses": {"200": {"content": {JSON: {"schema": {"$ref": "#/components/schemas/A"}}}}}
    }
    assert told(read({"/a": {"get": answer}}, components={"schemas": {"A": loop}})) == []


def test_findings_are_gaps_and_flaws_with_words_and_a_fix() -> None:
    document = answering({"type": "date"})
    found = findings(document)
    assert {"unknown_type", "error_responses", "auth"} <= {finding.kind for finding in found}
    for finding in found:
        assert len({finding.text(language) for language in LANGUAGES}) == 2
        assert len({finding.fix(language) for language in LANGUAGES}) == 2


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "2026-01-01"]),
    lambda inner: st.lists(inner, max_size=2)
    | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=5,
)  # fmt: skip
SCHEMAS: list[dict[str, Any]] = [
    {"type": "string", "minLength": 1},
    {"type": "integer", "minimum": 0},
    {"type": "array", "items": {"type": "integer"}, "maxItems": 1},
    {"type": "object", "properties": {"a": TEXT, "b": {"type": "integer"}}, "required": ["a"]},
    {"type": "object", "additionalProperties": {"type": "boolean"}},
    {"type": ["string", "null"], "enum": ["a", None]},
    {"anyOf": [TEXT, {"type": "array", "items": TEXT}]},
]


@given(st.sampled_from(SCHEMAS), VALUES)
def test_an_example_is_judged_as_a_validator_judges_it(
    schema: dict[str, Any], value: object
) -> None:
    success = answering(schema).operations["GET /a"].success
    assert success is not None
    assert success.schema is not None
    valid = jsonschema_rs.is_valid(json_schema(success.schema), value)
    assert (not list(misfits(success.schema, [value]))) == valid


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["$ref", "type", "properties", "items", "allOf", "oneOf", "enum", "example",
                         "required", "parameters", "responses", "content", "schema", "get", "/a",
                         "200", "application/json", "requestBody", "security", "name", "in",
                         "#/paths"]),
        inner, max_size=5),
    max_leaves=25,
))  # fmt: skip
def test_whatever_the_paths_hold_is_read_or_told(paths: object) -> None:
    document = read(
        paths if isinstance(paths, dict) else {"/a": {"get": paths, "post": {"responses": paths}}}
    )
    for finding in findings(document):
        assert finding.text("en")


def test_a_path_without_its_slash_is_read_with_one() -> None:
    made = read({"{tenant}/orders": {"get": {"operationId": "list"}}, "/b": {"get": {}}})
    assert [(kind, detail) for kind, _, detail in told(made) if kind == "rootless_path"] == [
        ("rootless_path", "{tenant}/orders")
    ]
    assert list(made.operations) == ["GET /{tenant}/orders", "GET /b"]
    assert made.find("get {tenant}/orders") is made.operations["GET /{tenant}/orders"]
