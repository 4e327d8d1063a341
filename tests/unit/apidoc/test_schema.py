"""One normalised view for every way a document can write a schema."""

import json

import pytest

from noctule.apidoc import MISSING, ApiDocument, Schema, parse, sample


def document(version: str = "3.0.3", **schemas: object) -> ApiDocument:
    raw = {"openapi": version, "info": {}, "paths": {}, "components": {"schemas": schemas}}
    return parse(json.dumps(raw).encode(), source="test")


def view(written: object, version: str = "3.0.3", **others: object) -> Schema:
    return document(version, It=written, **others).schemas["It"]


def held(written: object, version: str = "3.0.3", **others: object) -> Schema:
    """The same, as a property of another schema."""
    return view({"properties": {"it": written}}, version, **others).properties["it"]


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    "written",
    [
        {"type": "string", "nullable": True},
        {"type": "string", "x-nullable": True},
        {"type": ["string", "null"]},
        {"type": ["null", "string"]},
        {"anyOf": [TEXT, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, TEXT]},
        {"oneOf": [TEXT, {"enum": [None]}]},
        {"oneOf": [TEXT, {"const": None}]},
        {"type": "string", "enum": ["a", None]},
        {"allOf": [{"$ref": "#/components/schemas/Text"}], "nullable": True},
        {"$ref": "#/components/schemas/MaybeText"},
        {"allOf": [{"$ref": "#/components/schemas/MaybeText"}]},
        {"anyOf": [{"$ref": "#/components/schemas/MaybeText"}]},
        {"$ref": "#/components/schemas/Text", "nullable": True},
        {"anyOf": [TEXT, {"nullable": True, "type": "string", "enum": ["x"]}]},
    ],
    ids=json.dumps,
)
def test_every_spelling_of_null_is_one(written: object) -> None:
    schema = view(written, Text=TEXT, MaybeText={"type": "string", "nullable": True})
    assert schema.nullable
    assert schema.type in ("string", "union")
    assert None not in schema.enum


@pytest.mark.parametrize(
    "written",
    [
        TEXT,
        {"type": "string", "nullable": False},
        {"allOf": [{"type": "string", "nullable": True}, TEXT]},
        {"anyOf": [TEXT, {"type": "integer"}]},
        {"allOf": [{"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "integer"}]}]},
    ],
    ids=json.dumps,
)
def test_what_is_not_null(written: object) -> None:
    assert not view(written).nullable


def test_a_lone_non_null_branch_is_the_thing_itself() -> None:
    schema = held({"anyOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "null"}]}, Pet=PET)
    assert (schema.name, schema.type, schema.nullable) == ("Pet", "object", True)
    assert schema.variants == ()
    assert set(schema.properties) == {"name"}


PET = {"type": "object", "required": ["name"], "properties": {"name": TEXT}}


def test_all_of_is_merged() -> None:
    schema = view(
        {
            "description": "mine",
            "allOf": [
                {"$ref": "#/components/schemas/Pet"},
                {
                    "required": ["age"],
                    "properties": {"age": {"type": "number", "minimum": 0}},
                    "description": "theirs",
                },
                {"properties": {"age": {"type": "integer", "minimum": 1, "maximum": 30}}},
            ],
        },
        Pet=PET,
    )
    assert schema.name == "It"
    assert schema.description == "mine"
    assert set(schema.properties) == {"name", "age"}
    assert schema.required == {"name", "age"}
    age = schema.properties["age"]
    assert (age.type, age.minimum, age.maximum) == ("integer", 1, 30)


def test_all_of_meets_enums_and_bounds() -> None:
    schema = view(
        {
            "allOf": [
                {"enum": ["a", "b", "c"], "maxLength": 9, "minLength": 1},
                {"enum": ["c", "b"], "maxLength": 3},
            ]
        }
    )
    assert schema.enum == ("b", "c")
    assert (schema.min_length, schema.max_length) == (1, 3)


def test_annotations_beside_a_reference_count() -> None:
    pet = {**PET, "description": "a pet", "readOnly": True}
    schema = held({"$ref": "#/components/schemas/Pet", "description": "my pet"}, Pet=pet)
    assert (schema.name, schema.description, schema.read_only) == ("Pet", "my pet", True)
    assert schema.pointer == "#/components/schemas/Pet"
    assert schema.raw["description"] == "a pet"


def test_a_property_that_adds_to_a_component_is_not_that_component() -> None:
    holder = {
        "properties": {
            "pet": {
                "allOf": [
                    {"$ref": "#/components/schemas/Pet"},
                    {"properties": {"tag": TEXT}},
                ]
            }
        }
    }
    pet = view(holder, Pet=PET).properties["pet"]
    assert pet.name is None
    assert set(pet.properties) == {"name", "tag"}


def test_variants_hold_what_stands_beside_them() -> None:
    schema = view(
        {
            "type": "object",
            "required": ["id"],
            "properties": {"id": TEXT},
            "oneOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"size": TEXT}}],
        },
        Pet=PET,
    )
    assert schema.type == "union"
    assert [set(variant.properties) for variant in schema.variants] == [
        {"name", "id"},
        {"size", "id"},
    ]
    assert [variant.required for variant in schema.variants] == [{"name", "id"}, {"id"}]
    assert schema.variants[0].name is None, "it is more than Pet"


def test_branches_that_only_require_are_no_variants() -> None:
    schema = view(
        {
            "type": "object",
            "properties": {"a": TEXT, "b": TEXT},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        }
    )
    assert (schema.type, schema.variants) == ("object", ())
    assert set(schema.properties) == {"a", "b"}
    assert [set(branch.required) for branch in schema.alternatives] == [{"a"}, {"b"}]
    assert sample(schema, request=True) == {"a": "string"}


def test_several_types_are_variants() -> None:
    schema = view({"type": ["string", "integer", "null"], "maxLength": 3}, "3.1.0")
    assert schema.nullable
    assert {variant.type for variant in schema.variants} == {"string", "integer"}


@pytest.mark.parametrize(
    ("written", "implied"),
    [
        ({"properties": {}}, "object"),
        ({"items": {}}, "array"),
        ({"pattern": "a"}, "string"),
        ({"enum": ["a", "b"]}, "string"),
        ({"enum": [1, 2]}, "integer"),
        ({"const": True}, "boolean"),
        ({"enum": ["a", 1]}, "any"),
        ({}, "any"),
        (True, "any"),
        ({"type": "null"}, "null"),
        ({"type": "strnig"}, "any"),
        ({"type": "file"}, "string"),
    ],
    ids=str,
)
def test_types_the_document_forgets_are_implied(written: object, implied: str) -> None:
    assert view(written, "3.1.0").type == implied


def test_a_parent_that_lists_its_children_does_not_go_round() -> None:
    pets = document(
        Pet={
            **PET,
            "discriminator": {
                "propertyName": "kind",
                "mapping": {"cat": "#/components/schemas/Cat", "dog": "Dog", "cow": "#/nowhere"},
            },
            "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        },
        Cat={
            "allOf": [
                {"$ref": "#/components/schemas/Pet"},
                {"properties": {"kind": TEXT, "lives": {"type": "integer"}}},
            ]
        },
        Dog={"allOf": [{"$ref": "#/components/schemas/Pet"}, {"properties": {"kind": TEXT}}]},
    ).schemas
    assert pets["Pet"].type == "union"
    cat, dog = pets["Pet"].variants
    assert (cat.type, set(cat.properties)) == ("object", {"name", "kind", "lives"})
    assert pets["Cat"].type == "object"
    assert pets["Pet"].discriminator == "kind"
    assert dict(pets["Pet"].tags) == {"cat": cat.pointer, "dog": dog.pointer}
    assert sample(pets["Pet"])["kind"] == "cat"


def test_a_recursive_schema_is_met_again() -> None:
    again = {"$ref": "#/components/schemas/It"}
    schema = view({"properties": {"kids": {"type": "array", "items": again}}})
    assert schema.properties["kids"].items == schema
    assert hash(schema.properties["kids"].items) == hash(schema)


@pytest.mark.parametrize(
    "schemas",
    [
        {"It": {"$ref": "#/components/schemas/It"}},
        {
            "It": {"$ref": "#/components/schemas/Other"},
            "Other": {"$ref": "#/components/schemas/It"},
        },
        {"It": {"allOf": [{"$ref": "#/components/schemas/It"}]}},
        {"It": {"anyOf": [{"$ref": "#/components/schemas/It"}, {"type": "null"}]}},
        {"It": {"oneOf": [{"$ref": "#/components/schemas/It"}, TEXT]}},
    ],
    ids=json.dumps,
)
def test_circles_end(schemas: dict[str, object]) -> None:
    schema = document(**schemas).schemas["It"]
    assert schema.type in ("any", "null", "string")
    assert dict(schema.properties) == {}
    sample(schema)


@pytest.mark.parametrize(
    "reference",
    [
        "#/components/schemas/Gone",
        "other.json#/It",
        "http://x.example/y.json",
        "#oops",
        "#/paths/9",
    ],
)
def test_a_broken_reference_is_any_and_says_so(reference: str) -> None:
    schema = held({"$ref": reference})
    assert (schema.type, schema.name) == ("any", None)
    assert reference in schema.broken
    assert view(TEXT).broken == ""


def test_pointers_follow_escapes_and_percent_signs() -> None:
    inner = {"properties": {"a~b/{c}": TEXT, "list": {"prefixItems": [{}, {"type": "integer"}]}}}
    place = "#/components/schemas/Inner/properties"
    escaped = held({"$ref": f"{place}/a~0b~1%7Bc%7D"}, Inner=inner)
    assert (escaped.type, escaped.pointer) == ("string", f"{place}/a~0b~1{{c}}")
    assert held({"$ref": f"{place}/list/prefixItems/1"}, Inner=inner).type == "integer"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"minimum": 1, "exclusiveMinimum": True}, (1, True, None, False)),
        ({"exclusiveMinimum": 1}, (1, True, None, False)),
        ({"minimum": 3, "exclusiveMinimum": 1, "maximum": 5}, (3, False, 5, False)),
        ({"maximum": 5, "exclusiveMaximum": True}, (None, False, 5, True)),
        ({"maximum": 5, "exclusiveMaximum": False}, (None, False, 5, False)),
    ],
    ids=str,
)
def test_excluded_bounds_in_both_spellings(
    written: dict[str, object], expected: tuple[object, ...]
) -> None:
    it = view({"type": "number", **written})
    assert (it.minimum, it.exclusive_minimum, it.maximum, it.exclusive_maximum) == expected


def test_silence_is_not_null() -> None:
    silent, loud = view({}), view({"default": None, "const": None, "example": 0}, "3.1.0")
    assert silent.default is MISSING
    assert silent.const is MISSING
    assert silent.examples == ()
    assert loud.default is None
    assert loud.const is None
    assert loud.examples == (0,)


def test_additional_properties() -> None:
    assert view({"type": "object"}).additional is True
    assert view({"additionalProperties": {}}).additional is True
    assert view({"additionalProperties": False}).additional is False
    other = view({"additionalProperties": TEXT}).additional
    assert isinstance(other, Schema)
    assert other.type == "string"


def test_tuples() -> None:
    pair = view({"prefixItems": [TEXT, {"type": "integer"}]}, "3.1.0")
    assert [element.type for element in pair.prefix] == ["string", "integer"]
    assert [element.type for element in view({"items": [TEXT]}).prefix] == ["string"]


@pytest.mark.parametrize(
    "junk",
    [
        {"type": 5},
        {"properties": []},
        {"required": "name"},
        {"enum": "a"},
        {"allOf": {}},
        {"oneOf": [3]},
        {"items": 7},
        {"minLength": "3"},
        {"$ref": 5},
        {"discriminator": 3},
        {"pattern": 4},
        {"additionalProperties": "no"},
        "text",
        None,
        [],
    ],
    ids=str,
)
def test_junk_is_read_as_silence(junk: object) -> None:
    schema = view(junk)
    read = [
        schema.type, schema.properties, schema.required, schema.enum, schema.items, schema.variants,
        schema.min_length, schema.discriminator, schema.tags, schema.pattern, schema.nullable,
    ]  # fmt: skip
    assert len(read) == 11
    sample(schema)
