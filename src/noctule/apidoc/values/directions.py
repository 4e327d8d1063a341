"""What of a value is sent in an answer: everything but write-only members."""

from __future__ import annotations

from typing import Any

from noctule.apidoc.model.schema import Schema
from noctule.apidoc.values.fits import DEEPEST, carried, fits
from noctule.json_types import is_list, is_object


def answered(schema: Schema, value: Any, depth: int = 0) -> Any:
    """`value` without the members that `schema` says are for requests only, at any depth."""
    if depth > DEEPEST or not (is_object(value) or is_list(value)):
        return value
    branches = schema.alternatives or schema.variants
    if branches:
        fitting = (branch for branch in branches if fits(branch, value))
        return answered(next(fitting, branches[0]), value, depth + 1)
    if is_object(value):
        return _object(schema, value, depth)
    return [_element(schema, place, item, depth) for place, item in enumerate(value)]


def _object(schema: Schema, value: dict[str, Any], depth: int) -> dict[str, Any]:
    return {
        name: answered(prop, member, depth + 1) if prop is not None else member
        for name, member in value.items()
        if (prop := _member(schema, name)) is None or carried(prop, request=False)
    }


def _element(schema: Schema, place: int, item: Any, depth: int) -> Any:
    described = schema.prefix[place] if place < len(schema.prefix) else schema.items
    return item if described is None else answered(described, item, depth + 1)


def _member(schema: Schema, name: str) -> Schema | None:
    additional = schema.additional
    other = additional if isinstance(additional, Schema) else None
    return schema.properties.get(name, other)
