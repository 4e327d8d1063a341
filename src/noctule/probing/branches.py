"""Which branch of a choice (`oneOf`, `anyOf`, several types) an answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc import MISSING
from noctule.apidoc.values.fits import fits
from noctule.json_types import is_object, json_type, same

if TYPE_CHECKING:
    from noctule.apidoc import Schema

DEEPEST = 8
"""Choices within choices that are looked into for a branch's type."""


def branch_of(schema: Schema, value: object) -> Schema | None:
    """The branch that the discriminator names, else the first that fits `value`; else the one it
    means: by members of one value (`object: "customer"`), by the members that both have. None if
    no branch has its type."""
    branches = schema.alternatives or schema.variants
    if is_object(value) and (tagged := _tagged(schema, branches, value)) is not None:
        return tagged
    for branch in branches:
        if fits(branch, value):
            return branch
    alike = [branch for branch in branches if _same_type(branch, value, 0)]
    if not is_object(value):
        return alike[0] if alike else None
    return max(alike, key=lambda branch: _likeness(branch, value), default=None)


def _tagged(
    schema: Schema, branches: tuple[Schema, ...], value: dict[str, object]
) -> Schema | None:
    tag = value.get(schema.discriminator) if schema.discriminator else None
    if not isinstance(tag, str):
        return None
    pointer = schema.tags.get(tag)
    for branch in branches:
        if branch.pointer == pointer or branch.name == tag:
            return branch
    return None


def _same_type(branch: Schema, value: object, depth: int) -> bool:
    inner = branch.alternatives or branch.variants
    if inner and depth < DEEPEST:
        return any(_same_type(each, value, depth + 1) for each in inner)
    kind = json_type(value)
    return branch.type in ("any", "union", kind) or (branch.type == "number" and kind == "integer")


def _likeness(branch: Schema, value: dict[str, object]) -> tuple[int, int, int]:
    """Members of one value that agree less those that disagree; members in both; missing ones."""
    agree = 0
    for name, schema in branch.properties.items():
        allowed = schema.enum or (() if schema.const is MISSING else (schema.const,))
        if len(allowed) == 1 and name in value:
            agree += 1 if same(allowed[0], value[name]) else -1
    shared = len(branch.properties.keys() & value.keys())
    return agree, shared, -len(branch.required - value.keys())
