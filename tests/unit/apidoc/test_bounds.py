"""A document of a few hundred bytes costs neither gigabytes nor hours: it is read within bounds, or
refused with the bound that it exceeds."""

import json
from typing import Any

import pytest

from noctule.apidoc import bounds, json_schema, parse, sample
from noctule.apidoc.model.document import ApiDocument
from noctule.apidoc.values import patterns
from noctule.apidoc.values.fits import fits
from noctule.checks.gates import gate
from noctule.problem import Exit, Problem

LEVELS = 60
"""With two ways to go on at each level, more ways than anybody can try."""


def reference(level: int) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/S{level}"}


def document(schema: object, components: dict[str, Any] | None = None) -> ApiDocument:
    """A document with one operation that is complete, and whose request has this schema."""
    answer = {
        "description": "Done",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
    error = {"description": "No", "content": {"application/json": {"schema": {"type": "object"}}}}
    content = {
        "openapi": "3.1.0",
        "info": {"title": "Acme", "version": "1"},
        "security": [{"key": []}],
        "paths": {
            "/orders": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": schema}}},
                    "responses": {"200": answer, "400": error},
                }
            }
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": components or {},
        },
    }
    return parse(json.dumps(content).encode(), source="acme.json")


def chain(level: Any, last: dict[str, Any]) -> dict[str, Any]:
    return {f"S{n}": level(n + 1) for n in range(LEVELS)} | {f"S{LEVELS}": last}


def nested_arrays(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "minItems": 10, "items": schema}
    return schema


TEXT = {"type": "string"}
REQUIRED_TWICE = chain(
    lambda n: {
        "type": "object",
        "required": ["a", "b"],
        "properties": {"a": reference(n), "b": reference(n)},
    },
    TEXT,
)
TOO_LARGE = {
    "required members": (reference(0), REQUIRED_TWICE),
    "required elements": (nested_arrays(60), {}),
    "deep members": (
        reference(0),
        {
            f"S{n}": {"type": "object", "required": ["a"], "properties": {"a": reference(n + 1)}}
            for n in range(500)
        },
    ),
    "many elements": ({"type": "array", "minItems": 10**9, "items": TEXT}, {}),
    "a long text": ({"type": "string", "minLength": 10**9}, {}),
    "all of": (reference(0), chain(lambda n: {"allOf": [reference(n), reference(n)]}, TEXT)),
    "any of": (
        reference(0),
        chain(lambda n: {"anyOf": [reference(n), reference(n)], "allOf": [reference(n)]}, TEXT),
    ),
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_value_that_nobody_could_send_is_refused(name: str) -> None:
    api = document(*TOO_LARGE[name])
    with pytest.raises(Problem) as caught:
        gate(api, api.operations.values())
    assert caught.value.exit is Exit.REFUSED
    assert caught.value.place.startswith("#/")


def request_schema(api: ApiDocument) -> Any:
    [operation] = api.operations.values()
    assert operation.body is not None
    return operation.body.media["application/json"].schema


WITHIN = {
    "one of": (
        reference(0),
        chain(
            lambda n: {"oneOf": [reference(n), {"type": "object", "properties": {"x": TEXT}}]}, TEXT
        ),
    ),
    "references": (
        reference(0),
        {f"S{n}": reference(n + 1) for n in range(3000)} | {"S3000": TEXT},
    ),
    "optional members": (
        reference(0),
        chain(
            lambda n: {"type": "object", "properties": {"a": reference(n), "b": reference(n)}}, TEXT
        ),
    ),
    "thousands of elements": ({"type": "array", "minItems": 2000, "items": TEXT}, {}),
    "numbers beyond a float": (
        {
            "type": "object",
            "required": ["x", "y"],
            "properties": {
                "x": {"type": "number", "multipleOf": 1e-300, "minimum": 1e300},
                "y": {"type": "integer", "minimum": 10**400},
            },
        },
        {},
    ),
}


@pytest.mark.parametrize("name", WITHIN)
def test_an_odd_schema_within_the_bounds_is_sampled(name: str) -> None:
    api = document(*WITHIN[name])
    gate(api, api.operations.values())
    schema = request_schema(api)
    json_schema(schema, request=True)
    assert fits(schema, sample(schema, request=True), request=True)


def test_one_question_about_choices_within_choices_is_answered_once() -> None:
    choices = chain(lambda n: {"anyOf": [reference(n), reference(n)]}, {"type": "integer"})
    schema = request_schema(document(reference(0), choices))
    assert fits(schema, 1)
    assert not fits(schema, "one")


@pytest.mark.parametrize(
    "pattern",
    [
        "((a{1000}){1000}){40}",
        "(((a{1000}){1000}){1000}){1000}",
        "(((b{0}){1000}){1000}){1000}",
        "((((a?){1000}){1000}){1000}){1000}c",
        "(x{0,1000}y?){0,1000}(x{0,1000}y?){0,1000}z",
    ],
)
def test_repeats_within_repeats_are_left_unjudged(pattern: str) -> None:
    assert patterns.matches(pattern, "a" * 1000) in (None, False)
    made = patterns.example(pattern)
    assert made is None or patterns.matches(pattern, made)


@pytest.mark.parametrize(
    ("pattern", "text"), [("^((a{0,9}){0,9}){0,9}$", "a" * 500), ("^(ab|a){3,}$", "abaab" * 50)]
)
def test_usual_repeats_are_judged(pattern: str, text: str) -> None:
    assert patterns.matches(pattern, text) is True
    assert patterns.matches(pattern, text + "c") is False


def test_a_document_with_more_operations_than_any_known_is_refused() -> None:
    paths = {f"/r{n}": {"get": {}, "summary": "x"} for n in range(bounds.MAX_OPERATIONS)}
    content = {"openapi": "3.0.3", "info": {"title": "Acme"}, "paths": paths}
    assert len(parse(json.dumps(content).encode(), source="acme.json").operations) == len(paths)
    paths["/one-more"] = {"get": {}}
    with pytest.raises(Problem, match="30001 operations"):
        parse(json.dumps(content).encode(), source="acme.json")


def test_half_a_surrogate_pair_becomes_a_replacement_character() -> None:
    api = document({"type": "string", "enum": ["\ud800", "\U0001f987"]})
    [operation] = api.operations.values()
    assert request_schema(api).enum == ("\ufffd", "\U0001f987")
    assert operation.key == "POST /orders"
