"""An operation that returns a list: what it asks for, and what it says beside the items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from noctule.apidoc.pages.names import LISTS, called, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.model.schema import Schema

Names = tuple[str, ...]
DEPTH = 3
"""How deeply nested the reference to the next page may be."""
DATES = frozenset({"date", "date-time", "time"})


@dataclass(frozen=True)
class Asked:
    """A parameter of the query, or a member of the body."""

    name: str
    schema: Schema
    required: bool
    place: Literal["query", "body"]

    @property
    def numeric(self) -> bool:
        return self.schema.type in ("integer", "number")

    @property
    def dated(self) -> bool:
        return self.schema.format in DATES


@dataclass(frozen=True)
class Listing:
    """A response with a list of items."""

    operation: ApiOperation
    items: str
    """The member with the items; "" when the response is the list."""
    item: Schema | None
    schema: Schema

    @classmethod
    def of(cls, operation: ApiOperation) -> Listing | None:
        success = operation.success
        schema = success.schema if success else None
        if schema is None or operation.method not in ("GET", "POST"):
            return None
        if schema.type == "array":
            return cls(operation, "", schema.items, schema)
        if schema.type != "object":
            return None
        lists = {name: prop for name, prop in schema.properties.items() if prop.type == "array"}
        usual = [name for name in LISTS if name in lists]
        objects = [
            name
            for name, prop in lists.items()
            if prop.items is not None and prop.items.type == "object"
        ]
        names = usual or (objects if len(objects) == 1 else [*lists] if len(lists) == 1 else [])
        return cls(operation, names[0], lists[names[0]].items, schema) if names else None

    @property
    def posted(self) -> bool:
        return self.operation.method == "POST"

    @cached_property
    def asked(self) -> Mapping[str, Asked]:
        """By name; a member of the body goes before a parameter of the query."""
        found = {
            parameter.name: Asked(parameter.name, parameter.schema, parameter.required, "query")
            for parameter in self.operation.parameters
            if parameter.where == "query"
        }
        media = self.operation.body.media.values() if self.posted and self.operation.body else ()
        body = next((each.schema for each in media), None)
        if body is not None and body.type == "object":
            found |= {
                name: Asked(name, schema, name in body.required, "body")
                for name, schema in body.properties.items()
            }
        return found

    @cached_property
    def said(self) -> Mapping[Names, Schema]:
        """The members beside the items, by the names that lead there; the least deep first."""
        members = [*_members(self.schema, (), DEPTH)]
        return dict(sorted(members, key=lambda member: len(member[0])))

    @cached_property
    def headers(self) -> Mapping[str, Schema]:
        success = self.operation.success
        if success is None:
            return {}
        return {name: header.schema for name, header in success.headers.items()}

    def asks(self, *kinds: str, numeric: bool = False) -> list[Asked]:
        """The parameters of these kinds, those of the first kind first."""
        return [
            asked
            for kind in kinds
            for asked in self.asked.values()
            if called(kind, asked.name) and (asked.numeric or not numeric)
        ]

    def says(self, kind: str, *types: str) -> list[Names]:
        """The paths of the members of this kind and one of these types, at the top or in an object
        that is about pages."""
        return [
            names
            for names, schema in self.said.items()
            if called(kind, names[-1])
            and schema.type in types
            and all(called("around", name) for name in names[:-1])
        ]

    @property
    def has_id(self) -> bool:
        return self.item is not None and "id" in self.item.properties

    @property
    def looks_paged(self) -> bool:
        """Whether a parameter, a member or a header speaks of pages."""
        asked = self.asks("cursor", "offset", "number", "limit")
        said = [
            *self.says("next cursor", "string", "integer"),
            *self.says("next address", "string"),
            *self.says("next", "string", "integer", "object"),
            *self.says("more", "boolean"),
            *self.says("last", "boolean"),
            *self.says("pages", "integer", "number"),
            *self.says("end cursor", "string"),
        ]
        return bool(asked or said or any(plain(name).startswith("xnext") for name in self.headers))


def _members(schema: Schema, before: Names, depth: int) -> Iterator[tuple[Names, Schema]]:
    for name, value in schema.properties.items() if depth else ():
        yield (*before, name), value
        if value.type == "object":
            yield from _members(value, (*before, name), depth - 1)
