"""New names for enumerations that several types share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from noctule.codegen.model.integration import (
    Enumeration,
    ListOf,
    MapOf,
    Method,
    Nullable,
    OneOf,
    Record,
    Type,
    Wrapper,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


def with_names(wrapper: Wrapper, names: Mapping[str, str]) -> Wrapper:
    """The wrapper with enumerations called by their new names."""
    if not names:
        return wrapper
    return replace(
        wrapper,
        records=tuple(_record(record, names) for record in wrapper.records),
        methods=tuple(_method(method, names) for method in wrapper.methods),
    )


def _record(record: Record, names: Mapping[str, str]) -> Record:
    fields = (replace(field, type=_type(field.type, names)) for field in record.fields)
    return replace(record, fields=tuple(fields))


def _method(method: Method, names: Mapping[str, str]) -> Method:
    pages = method.pages
    return replace(
        method,
        params=tuple(replace(param, type=_type(param.type, names)) for param in method.params),
        returns=_type(method.returns, names) if method.returns else None,
        also={status: kind and _type(kind, names) for status, kind in method.also.items()},
        pages=replace(pages, item=_type(pages.item, names)) if pages else None,
    )


def _type(kind: Type, names: Mapping[str, str]) -> Type:
    match kind:
        case Enumeration(name, values):
            return Enumeration(names.get(name, name), values)
        case ListOf(inner):
            return ListOf(_type(inner, names))
        case MapOf(inner):
            return MapOf(_type(inner, names))
        case Nullable(inner):
            return Nullable(_type(inner, names))
        case OneOf(options):
            return OneOf(tuple(_type(option, names) for option in options))
        case _:
            return kind
