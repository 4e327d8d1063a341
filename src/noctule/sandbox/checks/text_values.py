"""Text from a form, a query or a path, in the types of its schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc.values.fits import fits
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from noctule.apidoc import Schema


def read_text(schema: Schema | None, value: Any) -> Any:
    """`value`, whose leaves are text, in the types of the schema.

    Text that is not a number where the schema wants one stays text: the validator then says so.
    """
    if schema is None:
        return value
    if schema.type == "union":
        candidates = ((variant, read_text(variant, value)) for variant in schema.variants)
        return next((new for variant, new in candidates if fits(variant, new, request=True)), value)
    if schema.type == "object" and is_object(value):
        return {name: read_text(_member(schema, name), member) for name, member in value.items()}
    if schema.type == "array":
        items = value if is_list(value) else [value]
        return [read_text(schema.items, item) for item in items]
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
