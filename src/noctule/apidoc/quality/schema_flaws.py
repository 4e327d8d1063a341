"""Flaws of one schema: contradicting keywords, and examples that do not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.model import composition
from noctule.apidoc.model.keywords import MISSING
from noctule.apidoc.model.schema import TYPES, Schema
from noctule.apidoc.values.fits import FORMATS, fits, needed
from noctule.apidoc.values.json_schema import readable
from noctule.json_types import is_list, is_number, is_object, json_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc.model.node import Node

LIMITS = (
    ("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)  # fmt: skip
SHAPES: dict[str, type | tuple[type, ...]] = {
    "properties": dict, "required": (list, bool), "enum": list, "allOf": list, "oneOf": list,
    "anyOf": list, "items": (dict, list, bool), "additionalProperties": (dict, bool),
}  # fmt: skip
"""Keyword -> what may stand there; a `required` that is a flag is an old habit, and harmless."""
OWNERS = {"properties": "object", "items": "array"}
WORDS = frozenset({"$ref", "allOf", "oneOf", "anyOf"})


def of_schema(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Kind, pointer and detail of each flaw of this schema, without inner schemas."""
    if schema.broken:
        yield "broken_reference", schema.nodes[0].pointer, schema.broken
        return
    stated = [found for part in schema.parts if (found := json_types(part))]
    agreed = stated[0] if stated else set[str]()
    for kinds in stated[1:]:
        agreed &= kinds
    if stated and not agreed:
        words = dict.fromkeys(kind for part in schema.parts for kind in composition.types(part))
        yield "contradiction", schema.pointer, " ≠ ".join(words)
    if says_nothing(schema):
        yield "empty_schema", schema.nodes[0].pointer, ""
    for part in schema.parts:
        yield from of_node(part)
    yield from of_values(schema)


def of_node(node: Node) -> Iterator[tuple[str, str, str]]:
    """Contradictions within one node."""
    value = node.mapping
    for keyword, shape in SHAPES.items():
        if value.get(keyword) is not None and not isinstance(value[keyword], shape):
            yield "malformed", f"{node.pointer}/{keyword}", keyword
    kinds = composition.types(node)
    for kind in kinds:
        if kind not in TYPES:
            yield "unknown_type", f"{node.pointer}/type", kind
    for keyword, owner in OWNERS.items():
        if keyword in value and kinds and owner not in kinds and set(kinds) <= set(TYPES):
            yield "contradiction", node.pointer, f"{kinds[0]} ≠ {keyword}"
    for low, high in LIMITS:
        if is_number(value.get(low)) and is_number(value.get(high)) and value[low] > value[high]:
            yield "contradiction", node.pointer, f"{low} {value[low]} > {high} {value[high]}"
    pattern = value.get("pattern")
    if isinstance(pattern, str) and not readable(pattern):
        yield "unreadable_pattern", f"{node.pointer}/pattern", pattern[:60]
    members = value.get("properties")
    if is_object(members):
        for name, member in members.items():
            if not isinstance(member, dict | bool):
                yield "malformed", node.at("properties", name).pointer, name


def of_values(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Examples, defaults and listed values that the schema itself refuses."""
    for part in schema.parts:
        several = part.mapping.get("examples")
        for key in ("example", "x-example", "default"):
            if part.mapping.get(key) is not None:
                for detail in misfits(schema, [part.mapping[key]]):
                    yield "unfit_example", f"{part.pointer}/{key}", detail
        if is_list(several):
            for detail in misfits(schema, several):
                yield "unfit_example", f"{part.pointer}/examples", detail
        kinds = json_types(part)
        listed = part.mapping.get("enum")
        for value in listed if kinds and is_list(listed) else ():
            if value is not None and json_type(value) not in kinds:
                detail = f"enum: {json_type(value)} ≠ {composition.types(part)[0]}"
                yield "contradiction", f"{part.pointer}/enum", detail
                break


def misfits(
    schema: Schema, values: Iterable[object], *, request: bool | None = None
) -> Iterator[str]:
    """Where and by which keyword each value does not fit; without `request` either way may fit."""
    ways = (False, True) if request is None else (request,)
    for value in values:
        if not any(fits(schema, value, request=way) for way in ways):
            yield misfit(schema, value, request=ways[0])


def misfit(schema: Schema, value: object, *, request: bool, at: str = "") -> str:
    """The innermost place of a value that does not fit, and the keyword that refuses it."""
    if schema.alternatives:
        return f"{at or '/'}: {'oneOf' if schema.exclusive else 'anyOf'}"
    if schema.type == "object" and is_object(value):
        absent = sorted(needed(schema, request=request) - value.keys())
        if absent:
            return f"{at}/{absent[0]}: required"
        for name, held in value.items():
            expected = schema.properties.get(name, schema.additional)
            if expected is False:
                return f"{at}/{name}: additionalProperties"
            if isinstance(expected, Schema) and not fits(expected, held, request=request):
                return misfit(expected, held, request=request, at=f"{at}/{name}")
    if schema.type == "array" and is_list(value) and schema.items:
        for position, item in enumerate(value):
            if not fits(schema.items, item, request=request):
                return misfit(schema.items, item, request=request, at=f"{at}/{position}")
    return f"{at or '/'}: {refusing(schema, value)}"


def refusing(schema: Schema, value: object) -> str:
    """The keyword of a schema that refuses a value; types as "string ≠ integer"."""
    kind = json_type(value)
    kinds = {one.type for one in schema.variants} or {schema.type}
    if "any" not in kinds and kind not in widened({*kinds}):
        return f"{kind} ≠ {' or '.join(sorted(kinds))}"
    if schema.enum or schema.const is not MISSING:
        return "enum" if schema.enum else "const"
    check = FORMATS.get(schema.format)
    if check and isinstance(value, str) and not check.match(value):
        return f"format {schema.format}"
    return {"string": "pattern, minLength, maxLength", "array": "minItems, maxItems"}.get(
        kind, "minimum, maximum, multipleOf"
    )


def json_types(node: Node) -> set[str]:
    """The JSON types that one node allows; empty where it has no type."""
    return widened(set(composition.types(node)) & set(TYPES))


def says_nothing(schema: Schema) -> bool:
    """No part restricts anything, whatever it is called."""
    return schema.type == "any" and not any(
        key not in composition.ANNOTATIONS and key not in WORDS and key[:2] != "x-"
        for part in schema.parts
        for key in part.mapping
    )


def widened(kinds: set[str]) -> set[str]:
    """An integer is a number."""
    return kinds | {"integer"} if "number" in kinds else kinds
