"""Schemas of request parameters -> types of a method's arguments.

Small objects become records with the provider's names, so that a call reads like the provider's own
examples; larger and deeper ones are maps.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

from noctule.apidoc import Schema
from noctule.codegen.build.types.responses import SCALARS, own_description, scalar, texts
from noctule.codegen.build.types.variants import variants_of
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
    named,
)
from noctule.codegen.model.name_allocator import NameAllocator, item_name
from noctule.codegen.model.text import marked, sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.codegen.model.naming import Naming

SMALL = 8
"""Most fields of an object that gets its own type."""
TINY = 4
"""The same one level deeper, for objects with plain values only."""
MOST_OPTIONS = 3


class ArgumentTypes:
    """Builds each record once; two of the same shape and name are one."""

    def __init__(self, naming: Naming, scope: NameAllocator, called: Mapping[str, str]) -> None:
        """`called` maps the names that types are derived from to the methods on the service."""
        self._naming = naming
        self._called = called
        self.records: dict[str, Record] = {}
        self._scope = scope
        self._known: dict[tuple[str, tuple[Field, ...]], str] = {}
        self._files = False

    def param(
        self, schema: Schema, owner: str, wire: str, *, clears: bool, files: bool = False
    ) -> Type:
        """The type of parameter `wire` of method `owner`. With `clears`, null is allowed if null or
        an empty string clears the value; with `files`, binary strings are files."""
        self._files = files
        kind = self._unnullable(schema, owner, wire, level=1)
        return Nullable(kind) if clears and clearable(schema) and kind != JSON else kind

    def _type(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        kind = self._unnullable(schema, owner, wire, level)
        return Nullable(kind) if schema.nullable and kind != JSON else kind

    def _unnullable(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        match schema.type:
            case "string":
                return self._text(schema, owner, wire, level)
            case "array":
                inner = schema.items
                return ListOf(
                    JSON if inner is None else self._type(inner, owner, item_name(wire), level)
                )
            case "object":
                return self._object(schema, owner, wire, level)
            case "union":
                return self._union(schema, owner, wire, level)
            case _:
                return scalar(schema, wire)

    def _text(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        if self._files and level == 1 and _is_file(schema):
            return Scalar("file")
        values = texts(schema)
        name = self._scope.choice(values, owner, wire, schema.name or "") if values else None
        return STRING if name is None else Enumeration(name, values)

    def _object(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        names = schema.properties
        if not names:
            value = schema.additional
            if isinstance(value, Schema) and value.type in SCALARS:
                return MapOf(self._type(value, owner, wire, level + 1))
            return MapOf(JSON)
        limit = SMALL if level == 1 else TINY if level == 2 and _flat(schema) else 0
        if len(names) > limit or not all(map(self._naming.is_key, names)):
            return MapOf(JSON)
        fields = tuple(self._fields(schema, owner, wire, level))
        if any(map(_hidden, fields, repeat(fields))):
            return MapOf(JSON)
        key = (schema.name or wire, fields)
        if key not in self._known:
            candidates = (schema.name or "", wire, f"{wire}_input", f"{owner}_{wire}")
            name = self._scope.record(*candidates, beside=wire)
            doc = (
                sentence(own_description(schema))
                or f"`{wire}` of `{self._called.get(owner, owner)}`."
            )
            self.records[name] = Record(name, doc, fields, role="argument")
            self._known[key] = name
        reference = Reference(self._known[key])
        # A record takes no other keys: the type has to allow them.
        more = schema.more or variants_of(schema) is not None
        return OneOf((reference, MapOf(JSON))) if more else reference

    def _fields(self, schema: Schema, owner: str, wire: str, level: int) -> Iterable[Field]:
        for name, value in schema.properties.items():
            required = name in schema.required
            if value.read_only:
                continue
            kind = self._type(value, f"{owner}_{wire}", name, level + 1)
            doc = marked(sentence(value.description), value.deprecated)
            yield Field(name, name, kind, required, doc)

    def _union(self, schema: Schema, owner: str, wire: str, level: int) -> Type:
        """A union of a few simple types, or of objects that a member tells apart, else JSON. An
        empty string is not a type of its own."""
        if (told_apart := variants_of(schema)) is not None:
            kinds: dict[Schema, Type] = {}
            for tag, variant in told_apart.schemas.items():
                if variant not in kinds:
                    kinds[variant] = self._unnullable(variant, owner, f"{tag}_{wire}", level)
            objects = all(isinstance(kind, Reference) for kind in kinds.values())
            return OneOf(tuple(kinds.values())) if objects else JSON
        variants = [variant for variant in schema.variants if variant.enum != ("",)]
        options = {self._unnullable(variant, owner, wire, level): None for variant in variants}
        if len(options) == 1:
            return next(iter(options))
        simple = all(
            isinstance(option, Scalar | Enumeration | ListOf | MapOf) for option in options
        )
        if JSON in options or not simple or len(options) > MOST_OPTIONS:
            return JSON
        return OneOf(tuple(options))


def _is_file(schema: Schema) -> bool:
    """Whether it is bytes: OpenAPI 3.1 says so by a media type without an encoding."""
    media = str(schema.raw.get("contentMediaType", ""))
    encoded = bool(schema.raw.get("contentEncoding"))
    texts = media.startswith("text/") or media.endswith("json")
    return schema.format == "binary" or (bool(media) and not encoded and not texts)


def _flat(schema: Schema) -> bool:
    return all(value.type in SCALARS for value in schema.properties.values())


def _hidden(field: Field, fields: Iterable[Field]) -> bool:
    """Whether the field has the name of another field's type, which it would hide."""
    return field.wire in set(named(other.type for other in fields if other is not field))


def clearable(schema: Schema) -> bool:
    """Whether null or an empty string clears the value."""
    return schema.nullable or any(variant.enum == ("",) for variant in schema.variants)
