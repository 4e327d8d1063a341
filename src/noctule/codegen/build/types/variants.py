"""Which schemas a union is made of, and the member that tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.apidoc import MISSING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import Schema

MOST = 24
"""A union with more variants stays JSON."""


@dataclass(frozen=True)
class DocumentedVariants:
    member: str
    schemas: Mapping[Any, Schema]
    """The schema of each value of the member, a text or a flag: an object, or a union with
    variants of its own."""
    other: Schema | None = None
    """The schema of an object with another value; None where the document has none."""


def variants_of(schema: Schema) -> DocumentedVariants | None:
    """The variants of a union, or of an object that lists its children; None where no member tells
    them apart."""
    if schema.type == "union":
        return _of_union(schema)
    if schema.type != "object" or "discriminator" not in schema.node.mapping:
        return None
    children = schema.children
    others = {tag: child for tag, child in children.items() if child.pointer != schema.pointer}
    fits = 0 < len(others) <= MOST and all(child.type == "object" for child in others.values())
    return DocumentedVariants(schema.discriminator, children, schema) if fits else None


def _of_union(schema: Schema) -> DocumentedVariants | None:
    branches = [branch for branch in schema.variants if branch.type != "null"]
    member = schema.discriminator or _constant_member(branches)
    if not member or not 1 < len(branches) <= MOST:
        return None
    schemas: dict[str | bool, Schema] = {}
    for branch in branches:
        tags: list[str | bool] = [
            tag for tag, pointer in schema.tags.items() if pointer == branch.pointer
        ]
        if branch.type == "object" and branch.properties:
            tags += _values(branch, member) or ([] if tags or not branch.name else [branch.name])
        elif (inner := variants_of(branch)) is None:
            return None
        elif inner.member == member:
            tags += inner.schemas
        for tag in tags:
            schemas.setdefault(tag, branch)
    return (
        DocumentedVariants(member, schemas) if len(set(schemas.values())) == len(branches) else None
    )


def _values(schema: Schema, member: str) -> list[str | bool]:
    """The constants that the member may have by this schema."""
    kind = schema.properties.get(member)
    if kind is None:
        return []
    stated = kind.enum if kind.const is MISSING else (kind.const,)
    return [value for value in stated if isinstance(value, str | bool)]


def _constant_member(branches: Iterable[Schema]) -> str:
    """A member that each branch requires, with constants that no other branch has; "" if none."""
    branches = list(branches)
    if not all(branch.type == "object" for branch in branches):
        return ""
    for member in branches[0].properties if branches else ():
        values = [_values(branch, member) for branch in branches]
        whole = [value for some in values for value in some]
        required = all(member in branch.required for branch in branches)
        if required and all(values) and len({*whole}) == len(whole):
            return member
    return ""
