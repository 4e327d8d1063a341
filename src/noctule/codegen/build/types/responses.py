"""Schemas of responses -> records.

The object that a method returns is typed, and nested objects down to the task's depth (one level by
default), the deepest ones only if they are small. Deeper parts stay JSON. An envelope
(`{"data": [...]}` and little else) does not count as a level.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from noctule.apidoc import MISSING, Schema
from noctule.codegen.build.types.money import is_decimal
from noctule.codegen.build.types.variants import DocumentedVariants, variants_of
from noctule.codegen.model.integration import (
    JSON,
    STRING,
    Enumeration,
    Field,
    ListOf,
    MapOf,
    Nullable,
    OneOf,
    Record,
    Reference,
    Scalar,
    Type,
)
from noctule.codegen.model.name_allocator import MOST_VALUES, NameAllocator, item_name
from noctule.codegen.model.naming import Naming, free
from noctule.codegen.model.text import marked, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALL = 12
"""Most fields of a nested object that gets its own record at the deepest level."""
SCALARS = {
    "string": STRING,
    "integer": Scalar("integer"),
    "number": Scalar("number"),
    "boolean": Scalar("boolean"),
}

UNSPEAKABLE = re.compile(r'["\\\x00-\x1f\ud800-\udfff]')
"""What a member's name in JSON cannot hold: msgspec refuses it when the module is imported."""
LEFT_OUT = " A member whose name has quotes or control characters is in `extra`."


class ResponseTypes:
    """Builds each record once; `records` lists them, each after the records it refers to."""

    def __init__(
        self, naming: Naming, scope: NameAllocator, roots: Iterable[Schema], depth: int = 1
    ) -> None:
        self._naming = naming
        self._depth = depth
        self.records: dict[str, Record] = {}
        self._scope = scope
        cores = map(core, roots)
        self._roots = {_identity(schema) for schema in cores if schema is not None}
        self._names: dict[str | Schema, str | None] = {}
        self._unions: dict[tuple[str | Schema, str], Type] = {}

    def root(self, schema: Schema, name: str, doc: str) -> Type:
        """The type of a whole response; `name` and `doc` are used if the document has neither for
        its record."""
        if schema.type == "array" and schema.items is not None:
            return ListOf(self.root(schema.items, item_name(name), doc))
        if (variants := variants_of(schema)) is not None:
            return self._union(schema, variants, name, "", level=0, doc=doc)
        if schema.type == "object" and schema.properties:
            return self._record(schema, name, "", level=0, doc=doc)
        return JSON if schema.type in ("object", "array") else self._plain(schema, name, "")

    def _type(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        kind = self._unnullable(schema, owner, wire, level)
        return Nullable(kind) if schema.nullable and kind != JSON else kind

    def _unnullable(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        if schema.type == "array":
            if schema.items is None:
                return ListOf(JSON)
            return ListOf(self._type(schema.items, owner, item_name(wire), level))
        if (variants := variants_of(schema)) is not None:
            return self._union(schema, variants, owner, wire, level)
        if schema.type != "object":
            return self._plain(schema, owner, wire)
        if not schema.properties:
            value = schema.additional
            if isinstance(value, Schema) and value.type in SCALARS:
                return MapOf(self._type(value, owner, wire, level))
            return MapOf(JSON)
        depth = self._depth_of(schema, level)
        return MapOf(JSON) if depth is None else self._record(schema, owner, wire, depth)

    def _depth_of(self, schema: Schema, level: int) -> int | None:
        """The level of an object's record; None if it is too deep to have one."""
        if _identity(schema) in self._roots:
            return 0
        deep = level > self._depth or (level == self._depth and len(schema.properties) > SMALL)
        return None if deep else level

    def _union(
        self,
        schema: Schema,
        variants: DocumentedVariants,
        owner: str,
        wire: str,
        level: int,
        doc: str = "",
    ) -> Type:
        """The union of the variants' records; JSON if one of them is too deep to have one."""
        key = (_identity(schema), variants.member)
        if key in self._unions:
            return self._unions[key]
        self._unions[key] = JSON
        whole = f"{owner}_{wire}" if wire else owner
        kinds: dict[Schema, Type] = {}
        for tag, variant in variants.schemas.items():
            if variant not in kinds:
                kinds[variant] = self._variant(variant, variants.member, whole, str(tag), level)
        if variants.other is not None:
            kinds[variants.other] = self._variant(variants.other, variants.member, whole, "", level)
        references = {at: kind for at, kind in kinds.items() if isinstance(kind, Reference)}
        if len(references) < len(kinds):
            # It may have a record elsewhere, where it is less deep.
            del self._unions[key]
            return JSON
        base = f"any_{schema.name}" if schema.name and variants.other else schema.name
        name = self._scope.record(base or "", whole, beside=wire)
        self.records[name] = Record(
            name,
            sentence(own_description(schema)) or doc or f"`{wire}` of `{owner}`.",
            fields=(),
            variants=tuple((tag, references[at]) for tag, at in variants.schemas.items()),
            discriminator=variants.member,
            other=references[variants.other] if variants.other else None,
        )
        self._unions[key] = Reference(name)
        return self._unions[key]

    def _variant(self, schema: Schema, member: str, owner: str, tag: str, level: int) -> Type:
        if schema.type == "union":
            inner = variants_of(schema)
            return self._union(schema, inner, owner, tag, level) if inner else JSON
        depth = self._depth_of(schema, level)
        value = f"is `{tag}`" if tag and tag.isprintable() else "has another value"
        doc = f"The variant whose `{member}` {value}."
        kind = JSON if depth is None else self._record(schema, owner, tag, depth, doc)
        if isinstance(kind, Reference):
            self.records[kind.name] = self._with_member(self.records[kind.name], member)
        return kind

    def _with_member(self, record: Record, wire: str) -> Record:
        """The record with the member that tells it from others: documents may leave it out."""
        if wire in {field.wire for field in record.fields} or UNSPEAKABLE.search(wire):
            return record
        names_in_use = {*self._naming.members, *(field.name for field in record.fields)}
        name = free((self._naming.member(wire),), names_in_use)
        return replace(record, fields=(*record.fields, Field(name, wire, STRING, required=False)))

    def _plain(self, schema: Schema, owner: str, wire: str) -> Type:
        if schema.type == "union":
            return _plain_union(schema)
        if schema.type == "string":
            values = texts(schema)
            name = self._scope.choice(values, owner, wire, schema.name or "") if values else None
            return STRING if name is None else Enumeration(name, values)
        return scalar(schema, wire)

    def _record(self, schema: Schema, owner: str, wire: str, level: int, doc: str = "") -> Type:
        identity = _identity(schema)
        if identity in self._names:
            record_name = self._names[identity]
            return Reference(record_name) if record_name else MapOf(JSON)
        self._names[identity] = None
        whole = f"{owner}_{wire}" if wire else owner
        name = self._scope.record(schema.name or "", whole, beside=wire)
        fields = self._fields(schema, name, level)
        doc = sentence(own_description(schema)) or doc or f"`{wire}` of `{owner}`."
        unspeakable = any(map(UNSPEAKABLE.search, schema.properties))
        doc += LEFT_OUT if unspeakable else ""
        self.records[name] = Record(name, doc, fields, open=schema.more or unspeakable)
        self._names[identity] = name
        return Reference(name)

    def _fields(self, schema: Schema, name: str, level: int) -> tuple[Field, ...]:
        below = 0 if level == 0 and envelope(schema) else level + 1
        names_in_use = {*self._naming.members}
        fields: list[Field] = []
        for wire, value in schema.properties.items():
            if UNSPEAKABLE.search(wire):
                continue
            required = wire in schema.required
            if value.write_only:
                continue
            kind = self._type(value, name, wire, below)
            attribute = free((self._naming.member(wire),), names_in_use)
            doc = sentence(value.description) if value.type in ("integer", "number") else ""
            fields.append(Field(attribute, wire, kind, required, marked(doc, value.deprecated)))
        return tuple(sorted(fields, key=lambda field: (not field.required, field.wire != "id")))


def scalar(schema: Schema, name: str) -> Type:
    """A plain type; a number whose decimals count keeps its digits."""
    if is_decimal(schema, name):
        return Scalar("decimal")
    return SCALARS.get(schema.type, JSON)


def own_description(schema: Schema) -> str:
    """The component's own description, rather than that of the reference."""
    return schema.node.text("description") if schema.name else schema.description


def _identity(schema: Schema) -> str | Schema:
    """A component is the same schema from every reference."""
    return schema.pointer if schema.name else schema


def core(schema: Schema) -> Schema | None:
    """The object in a response, through lists; None if there is none."""
    while schema.type == "array" and schema.items is not None:
        schema = schema.items
    return schema if schema.type == "object" and schema.properties else None


def envelope(schema: Schema) -> bool:
    """Whether the object only wraps one other object or list of objects."""
    if len(schema.properties) > 6:
        return False
    return sum(core(value) is not None for value in schema.properties.values()) == 1


def texts(schema: Schema) -> tuple[str, ...]:
    """The known values of an open enumeration; () where there are too many or none."""
    stated = schema.enum if schema.const is MISSING else (schema.const,)
    values = [value for value in stated if isinstance(value, str) and value]
    fits = 0 < len(values) <= MOST_VALUES and all(len(value) <= 60 for value in values)
    return tuple(dict.fromkeys(values)) if fits else ()


def _plain_union(schema: Schema) -> Type:
    """A union of scalars; the id of an expandable reference; anything else is JSON."""
    kinds = {variant.type for variant in schema.variants}
    if kinds <= SCALARS.keys():
        scalars = tuple(SCALARS[kind] for kind in SCALARS if kind in kinds)
        return scalars[0] if len(scalars) == 1 else OneOf(scalars)
    return STRING if expandable(schema) else JSON


def expandable(schema: Schema) -> bool:
    """Whether it is an id unless expansion is requested: text, or objects with a text `id`."""
    objects = [variant for variant in schema.variants if variant.type == "object"]
    texts = [variant for variant in schema.variants if variant.type == "string"]
    identified = all(
        "id" in variant.required and variant.properties["id"].type == "string"
        for variant in objects
    )
    only_ids_beside_objects = len(texts) == 1 and len(texts) + len(objects) == len(schema.variants)
    return bool(objects) and only_ids_beside_objects and identified and not texts[0].enum
