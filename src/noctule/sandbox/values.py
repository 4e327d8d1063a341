"""Values against schemas, shallowly: read from text, tested for fit, and merged into a sample."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

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
    """Whether `value` has the schema's type, and respects its enum, pattern and lengths."""
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
    items = as_list(value)
    return items is None or schema.items is None or all(fits(schema.items, i) for i in items)


def _text_fits(schema: Schema, value: str) -> bool:
    if schema.max_length is not None and len(value) > schema.max_length:
        return False
    if schema.min_length is not None and len(value) < schema.min_length:
        return False
    try:
        return schema.pattern is None or re.search(schema.pattern, value) is not None
    except re.error:
        return True


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
        if key in facts and fits(prop, facts[key]):
            filled[name] = facts[key]
    return filled
