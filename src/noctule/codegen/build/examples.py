"""Example values for tests: the document's own where they fit the type, else plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import sample
from noctule.codegen.model.integration import (
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
    parts,
)
from noctule.json_types import is_list, is_object
from noctule.runtime import redact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import Schema

LONGEST = 48
FEW = 3
"""Members of an object of which none is required."""

_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
_PLAIN: dict[str, Any] = {"integer": 1, "number": 1.5, "boolean": True}


UNTOLD = "string"
"""What sampling says of a text that it knows nothing of."""


def fit(kind: Type, value: Any, records: Mapping[str, Record], name: str = "example") -> Any:
    """`value` if it is of type `kind`, else a value that is; objects keep what is required. A text
    about which nothing is known is `name`."""
    match kind:
        case Nullable(inner):
            return fit(inner, value, records, name)
        case Enumeration(_, values):
            return value if value in values else values[0]
        case ListOf(item):
            items = value if is_list(value) else list[Any]()
            return [fit(item, items[0] if items else None, records, name)]
        case MapOf(item):
            return _map(item, value, records)
        case Reference(record):
            return _object(records[record], value, records)
        case OneOf(options):
            return fit(options[0], value, records, name)
        case Scalar("json"):
            return {"example": True}
        case Scalar("bytes" | "file"):
            return "content"
        case Scalar(plain):
            return value if _is(plain, value) else _PLAIN.get(plain, name)


def sparse(kind: Type, value: Any, records: Mapping[str, Record]) -> Any:
    """What remains of the example `value` without what is optional: required members, and the
    records that it holds, so that each of those says what it can do without."""
    match kind:
        case Nullable(inner):
            return sparse(inner, value, records)
        case ListOf(item):
            return [sparse(item, one, records) for one in value]
        case Reference(record):
            return {
                field.wire: sparse(field.type, value[field.wire], records)
                for field in records[record].fields
                if field.wire in value and (field.required or _holds_records(field))
            }
        case _:
            return value


class Illustrator:
    """`fit`, with values that the document gives or that its schema admits. Only what ends up in
    the example is looked at: an answer may have hundreds of members that nobody needs. Each record
    is illustrated once, however many methods answer it: nobody may change what they are given."""

    def __init__(self, records: Mapping[str, Record], *, request: bool = False) -> None:
        self._records = records
        self._request = request
        self._made: dict[tuple[str, Schema], Any] = {}

    def value(self, kind: Type, schema: Schema, name: str = "example") -> Any:
        match kind:
            case Nullable(inner):
                return self.value(inner, schema, name)
            case Reference(record):
                if (record, schema) not in self._made:
                    self._made[record, schema] = self._object(kind, record, schema)
                return self._made[record, schema]
            case ListOf(item) if schema.items is not None and not schema.examples:
                return [self.value(item, schema.items, name)]
            case MapOf(Scalar("json")) | Scalar("json" | "bytes" | "file"):
                return fit(kind, None, self._records, name)
            case _:
                found = sample(schema, depth=1, request=self._request)
                return fit(kind, found, self._records, name)

    def _object(self, kind: Type, record: str, schema: Schema) -> Any:
        none: dict[str, Any] = {}
        given = next((example for example in schema.examples if is_object(example)), none)
        members = _told(self._records[record])
        if not members:
            return fit(kind, given, self._records)
        return {
            field.wire: fit(field.type, given.get(field.wire), self._records, field.wire)
            if field.wire in given or field.wire not in schema.properties
            else self.value(field.type, schema.properties[field.wire], field.wire)
            for field in members
        }


def _map(item: Type, value: Any, records: Mapping[str, Record]) -> dict[str, Any]:
    found = value if is_object(value) else dict[str, Any]()
    if item == Scalar("json"):
        return {"key": "value"}
    key = next((key for key in found if _is("string", key)), "key")
    return {key: fit(item, found.get(key), records)}


def _object(record: Record, value: Any, records: Mapping[str, Record]) -> dict[str, Any]:
    found = value if is_object(value) else dict[str, Any]()
    return {
        field.wire: fit(field.type, found.get(field.wire), records, field.wire)
        for field in _told(record)
    }


def _told(record: Record) -> list[Field]:
    """The members that an example has: those that are required, else a few plain ones; of an
    answer also those that are records, or called otherwise in code, so that each is read once."""
    plain = [field for field in record.fields if _plain(field)][:FEW]
    chosen = [field for field in record.fields if field.required] or plain
    if record.role == "argument":
        return chosen
    names = {field.name for field in chosen}
    return [field for field in record.fields if field.name in names or _telling(field)]


def _telling(field: Field) -> bool:
    """Whether a mistake in it would show nowhere else."""
    return _holds_records(field) or renamed(field)


def _holds_records(field: Field) -> bool:
    return any(isinstance(part, Reference) for part in parts(field.type))


def renamed(field: Field) -> bool:
    """Whether it is called otherwise in code than on the wire."""
    return field.name != field.wire


def _plain(field: Field) -> bool:
    return isinstance(field.type, Scalar | Enumeration) and field.type != Scalar("json")


def _is(kind: str, value: Any) -> bool:
    """Of this type, short, printable, and nothing that looks like a credential or a card."""
    if kind != "boolean" and isinstance(value, bool):
        return False
    if not isinstance(value, _KINDS[kind]):
        return False
    if isinstance(value, str):
        return (
            value != UNTOLD
            and 0 < len(value) <= LONGEST
            and value.isprintable()
            and redact(value) == value
        )
    return not isinstance(value, float) or abs(value) < 1e15
