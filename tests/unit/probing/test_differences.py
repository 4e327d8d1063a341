"""What an answer says that its document does not: one line per place, at the right branch."""

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule import apidoc
from noctule.apidoc import Schema
from noctule.probing.differences import MOST, MOST_VALUES, body_differences

ROOT = "#/paths/~1pets/get/responses/200/content/application~1json/schema"


def schema_of(schema: Any, **components: Any) -> Schema:
    media = {"application/json": {"schema": schema}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1"},
        "paths": {"/pets": {"get": {"responses": {"200": {"description": "", "content": media}}}}},
        "components": {"schemas": components},
    }
    read = apidoc.parse(json.dumps(document).encode(), source="pets.json")
    (operation,) = read.operations.values()
    found = operation.responses["200"].media["application/json"].schema
    assert found is not None
    return found


def told(schema: Any, value: Any, **components: Any) -> list[tuple[str, str]]:
    return [
        (each.kind, each.at)
        for each in body_differences(schema_of(schema, **components), value, ROOT)
    ]


PET = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "maxLength": 5},
        "born": {"type": "string", "format": "date"},
        "kind": {"enum": ["cat", "dog"]},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
CAT = {
    "type": "object",
    "required": ["object", "lives"],
    "properties": {"object": {"const": "cat"}, "lives": {"type": "integer"}},
}
DOG = {
    "type": "object",
    "required": ["object", "barks"],
    "properties": {"object": {"const": "dog"}, "barks": {"type": "boolean"}},
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": "1", "name": "Tom"}, []),
        ({"id": "1", "name": "Tom", "age": None, "kind": "cat"}, []),
        ({"id": "1"}, [("missing_member", "/name")]),
        ({"id": 1, "name": "Tom"}, [("type", "/id")]),
        ({"id": None, "name": "Tom"}, [("null", "/id")]),
        ({"id": ["1"], "name": "Tom"}, [("container", "/id")]),
        ({"id": "1", "name": "Thomasina"}, [("bounds", "/name")]),
        ({"id": "1", "name": "Tom", "born": "today"}, [("format", "/born")]),
        ({"id": "1", "name": "Tom", "kind": "cow"}, [("enum", "/kind")]),
        ({"id": "1", "name": "Tom", "age": -1}, [("bounds", "/age")]),
        ({"id": "1", "name": "Tom", "age": "1"}, [("type", "/age")]),
        ({"id": "1", "name": "Tom", "new/one": 1}, [("undocumented_member", "/new~1one")]),
        ({"id": "1", "name": "Tom", "tags": [1, "a", 2]}, [("type", "/tags/*")]),
        ({"id": "1", "name": "Tom", "tags": {"a": 1}}, [("container", "/tags")]),
        ([], [("container", "")]),
        (None, [("null", "")]),
        ("Tom", [("container", "")]),
    ],
)
def test_each_difference_is_told_at_its_place(value: Any, expected: list[tuple[str, str]]) -> None:
    assert told(PET, value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"object": "cat", "lives": 9}, []),
        ({"object": "cat", "lives": "nine"}, [("type", "/lives")]),
        ({"object": "dog", "barks": True, "lives": 9}, [("undocumented_member", "/lives")]),
        ({"object": "dog"}, [("missing_member", "/barks")]),
        ("a cat", [("no_branch", "")]),
    ],
)
def test_a_choice_is_judged_by_the_branch_that_the_answer_means(
    value: Any, expected: list[tuple[str, str]]
) -> None:
    assert told({"anyOf": [CAT, DOG]}, value) == expected


def test_a_discriminator_decides_before_likeness() -> None:
    components = {
        "Cat": {"type": "object", "required": ["kind", "lives"], "properties": {
            "kind": {"type": "string"}, "lives": {"type": "integer"}}},
        "Dog": {"type": "object", "required": ["kind", "barks"], "properties": {
            "kind": {"type": "string"}, "barks": {"type": "boolean"}}},
    }  # fmt: skip
    choice = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"hound": "#/components/schemas/Dog"}},
    }
    assert told(choice, {"kind": "hound", "lives": 9}, **components) == [
        ("missing_member", "/barks"),
        ("undocumented_member", "/lives"),
    ]


def test_elements_that_differ_alike_are_one_place_in_the_shared_component() -> None:
    value = {"data": [{"id": n, "name": "Tom"} for n in range(50)], "first": {"id": 1, "name": "T"}}
    pet = {"$ref": "#/components/schemas/Pet"}
    properties = {"data": {"type": "array", "items": pet}, "first": pet}
    schema = schema_of({"type": "object", "properties": properties}, Pet=PET)
    found = body_differences(schema, value, ROOT)
    assert [each.at for each in found] == ["/data/*/id", "/first/id"]
    assert {each.pointer for each in found} == {"#/components/schemas/Pet/properties/id"}
    assert [len(values) for values in found.values()] == [MOST_VALUES, 1]


def test_no_value_of_an_answer_is_told() -> None:
    value = {"id": ["s3cret"], "name": "s3cret-s3cret", "kind": "s3cret", "born": "s3cret"}
    assert "s3cret" not in repr(list(body_differences(schema_of(PET), value, ROOT)))


def test_what_is_told_of_one_answer_is_bounded() -> None:
    value = {"id": "1", "name": "Tom"} | {f"n{n}": n for n in range(5 * MOST)}
    assert len(told(PET, value)) == MOST


names = st.sampled_from("abc")
schemas = st.recursive(
    st.sampled_from([
        {"type": "string"}, {"type": "integer"}, {"type": "number"}, {"type": "boolean"},
        {"type": ["string", "null"]}, {"enum": ["x", 1]}, {"const": "x"},
        {"type": "integer", "minimum": 0}, {"type": "string", "maxLength": 1},
    ]),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda properties, required: {
                "type": "object",
                "properties": properties,
                "required": sorted(required & properties.keys()),
            },
            st.dictionaries(names, inner, min_size=1, max_size=3),
            st.sets(names),
        ),
        st.builds(lambda *each: {"anyOf": list(each)}, inner, inner),
    ),
    max_leaves=8,
)  # fmt: skip
values = st.recursive(
    st.sampled_from([None, True, 0, -1, 1, 1.5, "", "x", "xyz"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


@given(schemas, values)
def test_an_independent_validator_agrees_on_what_is_valid(schema: Any, value: Any) -> None:
    valid = jsonschema_rs.Draft202012Validator(schema).is_valid(value)
    found = [kind for kind, _ in told(schema, value) if kind != "undocumented_member"]
    assert valid == (not found)
