"""Unions of objects: typed by the member that tells them apart, and whole whatever comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import InvalidMember, InvalidResponse
from noctule.runtime.testing import MockProvider
from support.wrapped import answers, document_of, json_body, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = {"type": "string"}
SCHEMAS = "#/components/schemas/"


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"{SCHEMAS}{name}"}


def animal(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"kind": TEXT, **members}, "required": ["kind"]}


CAT, DOG = animal(lives={"type": "integer"}), animal(bark={"type": "boolean"})
BOTH = [ref("Cat"), ref("Dog")]
MAPPED = {"big_cat": f"{SCHEMAS}Cat", "kitten": f"{SCHEMAS}Cat", "dog": "Dog"}


def constant(value: str, **members: Any) -> dict[str, Any]:
    return animal(**members, kind={"type": "string", "enum": [value]})


def child(**members: Any) -> dict[str, Any]:
    return {"allOf": [ref("Pet"), {"type": "object", "properties": members}]}


LIVES, BARK = {"lives": {"type": "integer"}}, {"bark": {"type": "boolean"}}
PARENT = {**animal(age={"type": "integer"}), "discriminator": {"propertyName": "kind"}}
BIRD = {"oneOf": [ref("Owl"), ref("Hen")], "discriminator": {"propertyName": "sort"}}
SORTED = {"type": "object", "properties": {"kind": TEXT, "sort": TEXT, "egg": TEXT}}

UNIONS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "mapping by reference and name": (
        {
            "Pet": {"oneOf": BOTH, "discriminator": {"propertyName": "kind", "mapping": MAPPED}},
            "Cat": CAT,
            "Dog": DOG,
        },
        {"big_cat": "Cat", "kitten": "Cat", "dog": "Dog", "unicorn": "dict"},
    ),
    "names of the schemas": (
        {
            "Pet": {"anyOf": BOTH, "discriminator": {"propertyName": "kind"}},
            "Cat": CAT,
            "Dog": DOG,
        },
        {"Cat": "Cat", "Dog": "Dog", "cat": "dict"},
    ),
    "constants of the schemas": (
        {
            "Pet": {"oneOf": BOTH, "discriminator": {"propertyName": "kind"}},
            "Cat": constant("c", **LIVES),
            "Dog": constant("d", **BARK),
        },
        {"c": "Cat", "d": "Dog", "e": "dict"},
    ),
    "constants without a discriminator": (
        {
            "Pet": {"oneOf": BOTH},
            "Cat": constant("c", **LIVES),
            "Dog": constant("d", **BARK),
        },
        {"c": "Cat", "d": "Dog", "e": "dict"},
    ),
    "a member that the schemas do not list": (
        {
            "Pet": {"oneOf": BOTH, "discriminator": {"propertyName": "kind"}},
            "Cat": {"type": "object", "properties": LIVES},
            "Dog": {"type": "object", "properties": BARK},
        },
        {"Cat": "Cat", "Dog": "Dog", "x": "dict"},
    ),
    "a union in a union": (
        {
            "Pet": {
                "oneOf": [ref("Cat"), ref("Bird")],
                "discriminator": {"propertyName": "kind", "mapping": {"cat": "Cat", "b": "Bird"}},
            },
            "Cat": CAT,
            "Bird": BIRD,
            "Owl": SORTED,
            "Hen": SORTED,
        },
        {"cat": "Cat", "b": "Hen", "other": "dict"},
    ),
    "children of an object, by name": (
        {"Pet": PARENT, "Cat": child(**LIVES), "Dog": child(**BARK)},
        {"Cat": "Cat", "Dog": "Dog", "Horse": "Pet"},
    ),
    "children of an object, mapped": (
        {
            "Pet": {**PARENT, "discriminator": {"propertyName": "kind", "mapping": MAPPED}},
            "Cat": child(**LIVES),
            "Dog": child(**BARK),
        },
        {"kitten": "Cat", "dog": "Dog", "horse": "Pet"},
    ),
}
"""Schemas, and what an object with a value of `kind` is read as."""


def module_of(schemas: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    get = {"operationId": "get", "responses": answers(schema)}
    return wrapped(document_of({"/pets": {"get": get}}, components={"schemas": schemas}))


def sent(kind: str) -> dict[str, Any]:
    return {"kind": kind, "sort": "Hen", "lives": 9, "bark": True, "egg": "e", "age": 3}


PET = ref("Pet")
PETS = {"type": "array", "items": PET}


def holder(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": TEXT, "of": of}}


PLACES: dict[str, tuple[dict[str, Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
    "whole": (PET, lambda pet: pet, lambda answer: answer),
    "item": (PETS, lambda pet: [pet], lambda answer: answer[0]),
    "member": (holder(PET), lambda pet: {"of": pet}, lambda answer: answer.of),
    "members": (holder(PETS), lambda pet: {"of": [pet]}, lambda answer: answer.of[0]),
    "or null": (
        holder({"oneOf": [PET, {"type": "null"}]}),
        lambda pet: {"of": pet},
        lambda answer: answer.of,
    ),
}
OWN = {"Cat": "lives", "Dog": "bark", "Hen": "egg", "Pet": "age"}


@pytest.mark.parametrize(("schemas", "kinds"), UNIONS.values(), ids=UNIONS)
@pytest.mark.parametrize(("schema", "put", "take"), PLACES.values(), ids=PLACES)
def test_an_object_is_of_the_variant_that_its_member_names(
    schemas: dict[str, Any],
    kinds: dict[str, str],
    schema: dict[str, Any],
    put: Callable[[Any], Any],
    take: Callable[[Any], Any],
) -> None:
    module = module_of(schemas, schema)
    for value, expected in kinds.items():
        provider = MockProvider().replies(json=put(sent(value)))
        pet = take(module["LedgerService"](transport=provider).get())
        assert type(pet).__name__ == expected
        if isinstance(pet, dict):
            assert pet == sent(value)
        else:
            assert (pet.kind, getattr(pet, OWN[expected])) == (value, sent("")[OWN[expected]])


@pytest.mark.parametrize("wrong", [[], "cat", 3])
def test_what_is_no_object_is_told(wrong: Any) -> None:
    schemas, _ = UNIONS["mapping by reference and name"]
    whole = MockProvider().replies(json=wrong, times=None)
    with pytest.raises(InvalidResponse):
        module_of(schemas, PET)["LedgerService"](transport=whole).get()
    member = MockProvider().replies(json={"id": "1", "of": wrong})
    answer = module_of(schemas, holder(PET))["LedgerService"](transport=member).get()
    assert answer.id == "1"
    with pytest.raises(InvalidMember, match=r"Cat \| Dog \| object"):
        answer.of  # noqa: B018


def test_members_of_a_variant_that_do_not_fit_are_told() -> None:
    schemas, _ = UNIONS["mapping by reference and name"]
    provider = MockProvider().replies(json={"id": "1", "of": {"kind": "dog", "bark": "loud"}})
    answer = module_of(schemas, holder(PET))["LedgerService"](transport=provider).get()
    assert (type(answer.of).__name__, answer.of.kind) == ("Dog", "dog")
    with pytest.raises(InvalidMember, match="expected boolean"):
        answer.of.bark  # noqa: B018


def test_flags_tell_a_success_from_a_failure() -> None:
    def flagged(value: bool, **members: Any) -> dict[str, Any]:
        flag = {"type": "boolean", "enum": [value]}
        return {"type": "object", "properties": {"ok": flag, **members}, "required": ["ok"]}

    schemas = {"Pet": {"oneOf": BOTH}, "Cat": flagged(True, **LIVES), "Dog": flagged(False)}
    for flag, name in ((True, "Cat"), (False, "Dog"), (1, "dict"), ("true", "dict")):
        provider = MockProvider().replies(json={"ok": flag, "lives": 9})
        pet = module_of(schemas, PET)["LedgerService"](transport=provider).get()
        assert type(pet).__name__ == name


UNTOLD: dict[str, dict[str, Any]] = {
    "nothing tells them apart": {"Pet": {"oneOf": BOTH}, "Cat": CAT, "Dog": DOG},
    "the same constant": {
        "Pet": {"oneOf": BOTH},
        "Cat": constant("a", **LIVES),
        "Dog": constant("a", **BARK),
    },
    "an object or a text": {
        "Pet": {"oneOf": [ref("Cat"), TEXT], "discriminator": {"propertyName": "kind"}},
        "Cat": CAT,
    },
    "a mapping to nowhere": {
        "Pet": {
            "oneOf": [CAT, DOG],
            "discriminator": {"propertyName": "kind", "mapping": {"cat": "Nobody"}},
        }
    },
}


@pytest.mark.parametrize("schemas", UNTOLD.values(), ids=UNTOLD)
def test_a_union_that_nothing_tells_apart_stays_json(schemas: dict[str, Any]) -> None:
    provider = MockProvider().replies(json=sent("Cat"))
    assert module_of(schemas, PET)["LedgerService"](transport=provider).get() == sent("Cat")


@pytest.mark.parametrize(("schemas", "kinds"), UNIONS.values(), ids=UNIONS)
def test_any_variant_is_sent(schemas: dict[str, Any], kinds: dict[str, str]) -> None:
    body = {"type": "object", "properties": {"of": PET}}
    put = {"operationId": "put", "requestBody": json_body(body), "responses": answers({})}
    document = document_of({"/pets": {"put": put}}, components={"schemas": schemas})
    for kind in kinds:
        provider = MockProvider().replies(json={})
        wrapped(document)["LedgerService"](transport=provider).put(of=sent(kind))
        assert provider.requests[0].json == {"of": sent(kind)}
