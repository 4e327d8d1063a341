"""Values against schemas: read from text, tested for fit, and merged into a sample."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from noctule.apidoc.values.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Schema

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
    "file": (str,),
}


def as_object(value: object) -> dict[str, Any] | None:
    """The value when it is a JSON object."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """The value when it is a JSON array."""
    items = cast("list[Any]", value)
    return items if isinstance(value, list) else None


def fits(schema: Schema, value: Any) -> bool:
    """Whether `value` has the schema's type, and respects its enum, pattern and lengths, and so
    does all that it holds. Quick and forgiving: what is out of reach is left to a validator."""
    if value is None:
        return schema.nullable or schema.type in {"null", "any"}
    if schema.type == "union":
        return any(fits(variant, value) for variant in schema.variants)
    if schema.type == "any":
        return True
    if isinstance(value, bool) != (schema.type == "boolean"):
        return False
    if not isinstance(value, _TYPES[schema.type]) or (schema.enum and value not in schema.enum):
        return False
    if isinstance(value, str):
        return _text_fits(schema, value)
    items, fields = as_list(value), as_object(value)
    if fields is not None:
        return _fields_fit(schema, fields)
    return items is None or _items_fit(schema, items)


def _items_fit(schema: Schema, items: list[Any]) -> bool:
    if len(items) < (schema.min_items or 0):
        return False
    return schema.items is None or all(fits(schema.items, each) for each in items)


def _fields_fit(schema: Schema, fields: Mapping[str, Any]) -> bool:
    described = ((_member(schema, name), value) for name, value in fields.items())
    return schema.required <= fields.keys() and all(
        member is None or fits(member, value) for member, value in described
    )


def _text_fits(schema: Schema, value: str) -> bool:
    least, most, pattern = _text_bounds(schema)
    if len(value) < least or (most is not None and len(value) > most):
        return False
    return pattern is None or matches(pattern, value) is not False


@lru_cache(maxsize=8192)
def _text_bounds(schema: Schema) -> tuple[int, int | None, str | None]:
    return schema.min_length or 0, schema.max_length, schema.pattern


def read_text(schema: Schema | None, value: Any) -> Any:
    """`value`, whose leaves came as text (form, query, path), in the types of the schema.

    Text that is no number where one is due stays text: the validator then says so.
    """
    if schema is None:
        return value
    if schema.type == "union":
        read = ((variant, read_text(variant, value)) for variant in schema.variants)
        return next((new for variant, new in read if fits(variant, new)), value)
    fields = as_object(value)
    if schema.type == "object" and fields is not None:
        return {name: read_text(_member(schema, name), each) for name, each in fields.items()}
    if schema.type == "array":
        values = as_list(value)
        return [read_text(schema.items, each) for each in ([value] if values is None else values)]
    return _scalar(schema.type, value) if isinstance(value, str) else value


def _member(schema: Schema, name: str) -> Schema | None:
    if name in schema.properties:
        return schema.properties[name]
    return None if isinstance(schema.additional, bool) else schema.additional


def _scalar(kind: str, text: str) -> Any:
    try:
        if kind == "integer":
            return int(text)
        if kind == "number":
            return float(text)
    except ValueError:
        return text
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """A name without case and separators: `AccountSid` and `account_sid` are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def fill(schema: Schema, sample: Any, facts: Mapping[str, Any]) -> Any:
    """`sample`, a value of `schema`, with each known fact in the property of its name.

    A fact that does not fit its property is left out, so that the answer stays valid.
    """
    described = as_object(sample)
    if described is None:
        return sample
    filled = dict(described)
    for name, prop in schema.properties.items():
        key = plain(name)
        if key not in facts:
            continue
        fact = as_object(facts[key])
        if fact is not None and prop.properties and as_object(filled.get(name)) is not None:
            inner = {plain(each): value for each, value in fact.items()}
            filled[name] = fill(prop, filled[name], inner)
        elif fits(prop, facts[key]):
            filled[name] = facts[key]
    return filled
