"""Example values for tests: the document's own where they fit the type, else plain ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import sample
from noctule.apidoc.values.fits import fits
from noctule.codegen.build.plausible import plausible_number, plausible_text
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
    "decimal": (int, float),
    "boolean": bool,
}
_PLAIN: dict[str, Any] = {"integer": 1, "number": 1.5, "decimal": 1.5, "boolean": True}

NO_TEXT = "string"
"""What sampling gives for a text about which the document says nothing."""
ANY_ADDRESS = "https://example.com/"
"""What it gives for an address."""


def fit(kind: Type, value: Any, records: Mapping[str, Record], name: str = "") -> Any:
    """`value` if it is of type `kind`, else a value that is; objects keep what is required. `name`
    says what the value is called."""
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
        case Reference(record) if records[record].variants:
            tag, variant = _variant(records[record], value)
            return {**fit(variant, value, records), records[record].discriminator: tag}
        case Reference(record):
            return _object(records[record], value, records)
        case OneOf(options):
            return fit(options[0], value, records, name)
        case Scalar("json"):
            return {"example": True}
        case Scalar("bytes" | "file"):
            return "content"
        case Scalar(plain):
            return value if _is(plain, value) else _PLAIN.get(plain, plausible_text(name))


def sparse(kind: Type, value: Any, records: Mapping[str, Record]) -> Any:
    """What remains of the example `value` without what is optional: required members, and the
    records that it holds, so that each of those says what it can do without."""
    match kind:
        case Nullable(inner):
            return sparse(inner, value, records)
        case ListOf(item):
            return [sparse(item, one, records) for one in value]
        case Reference(record) if records[record].variants:
            tag, variant = _variant(records[record], value)
            return {**sparse(variant, value, records), records[record].discriminator: tag}
        case Reference(record):
            return {
                field.wire: sparse(field.type, value[field.wire], records)
                for field in records[record].fields
                if field.wire in value and (field.required or _holds_records(field))
            }
        case _:
            return value


def _variant(record: Record, value: Any) -> tuple[str | bool, Reference]:
    """The variant that `value` is of, or else the first one."""
    tag = value.get(record.discriminator) if is_object(value) else None
    return next((variant for variant in record.variants if variant[0] == tag), record.variants[0])


class ExampleBuilder:
    """`fit`, with values that the document gives or that its schema admits.

    Only what ends up in the example is looked at: an answer may have hundreds of members that
    nobody needs. Each record has one example, however many methods answer it; do not change it.
    """

    def __init__(self, records: Mapping[str, Record], *, request: bool = False) -> None:
        self._records = records
        self._request = request
        self._examples: dict[str, Any] = {}

    def value(
        self, kind: Type, schema: Schema, name: str = "", *, owner: str = "", about: str = ""
    ) -> Any:
        """An example of `kind`, of a member `name` of the record `owner`; `about` describes it."""
        match kind:
            case Nullable(inner):
                return self.value(inner, schema, name, owner=owner, about=about)
            case Reference(record):
                if record not in self._examples:
                    self._examples[record] = self._object(kind, record, schema)
                return self._examples[record]
            case ListOf(item) if schema.items is not None and not schema.examples:
                return [self.value(item, schema.items, name, owner=owner, about=about)]
            case MapOf(Scalar("json")) | Scalar("json" | "bytes" | "file"):
                return fit(kind, None, self._records, name)
            case _:
                sampled = sample(schema, depth=1, request=self._request)
                if isinstance(kind, Scalar):
                    about = f"{schema.description} {about}"
                    sampled = _plausible(sampled, schema, name, owner, about)
                return fit(kind, sampled, self._records, name)

    def documented(self, kind: Type, value: Any, name: str = "") -> Any:
        """`fit` for a value that the document gives."""
        match kind:
            case Nullable(inner):
                return self.documented(inner, value, name)
            case ListOf(item):
                items = value if is_list(value) else list[Any]()
                return [self.documented(item, items[0] if items else None, name)]
            case Reference(record):
                if record not in self._examples:
                    self._examples[record] = fit(kind, value, self._records, name)
                return self._examples[record]
            case _:
                return fit(kind, value, self._records, name)

    def _object(self, kind: Type, record: str, schema: Schema) -> Any:
        if self._records[record].variants:
            return fit(kind, sample(schema, depth=1, request=self._request), self._records)
        none: dict[str, Any] = {}
        example = next((example for example in schema.examples if is_object(example)), none)
        members = _members(self._records[record])
        if not members:
            return fit(kind, example, self._records)
        value = {
            field.wire: self.documented(field.type, example.get(field.wire), field.wire)
            if field.wire in example or field.wire not in schema.properties
            else self.value(field.type, schema.properties[field.wire], field.wire, owner=record)
            for field in members
        }
        return value | _one_more(self._records[record], schema)


def _one_more(record: Record, schema: Schema) -> dict[str, Any]:
    """A member beside those that an open record names, as the document allows it."""
    name = "another_member"
    if not record.open or not schema.more or name in schema.properties:
        return {}
    additional = schema.additional
    return {name: "value" if isinstance(additional, bool) else sample(additional)}


def _plausible(sampled: Any, schema: Schema, name: str, owner: str, about: str) -> Any:
    """A value by its name, where the document says no more than a type or a format."""
    value = sampled
    if sampled == NO_TEXT:
        value = plausible_text(name, about=about, owner=owner)
    elif sampled == ANY_ADDRESS and name:
        value = plausible_text(f"{name} url")
    elif type(sampled) is int and sampled == 1:
        value = plausible_number(name)
    return value if value is sampled or fits(schema, value, request=True) else sampled


def _map(item: Type, value: Any, records: Mapping[str, Record]) -> dict[str, Any]:
    entries = value if is_object(value) else dict[str, Any]()
    if item == Scalar("json"):
        return {"key": "value"}
    key = next((key for key in entries if _is("string", key)), "key")
    return {key: fit(item, entries.get(key), records)}


def _object(record: Record, value: Any, records: Mapping[str, Record]) -> dict[str, Any]:
    values = value if is_object(value) else dict[str, Any]()
    return {
        field.wire: fit(field.type, values.get(field.wire), records, field.wire)
        for field in _members(record)
    }


def _members(record: Record) -> list[Field]:
    """The members that an example has: those that are required, else a few plain ones; of an
    answer also those that are records, or called otherwise in code, so that each is read once."""
    plain = [field for field in record.fields if _plain(field)][:FEW]
    chosen = [field for field in record.fields if field.required] or plain
    if record.role == "argument":
        return chosen
    names = {field.name for field in chosen}
    return [field for field in record.fields if field.name in names or _shows_nowhere_else(field)]


def _shows_nowhere_else(field: Field) -> bool:
    """Whether a mistake in it would show nowhere else."""
    return _holds_records(field) or renamed(field)


def _holds_records(field: Field) -> bool:
    if isinstance(field.type, Scalar | Enumeration):
        return False
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
            value != NO_TEXT
            and 0 < len(value) <= LONGEST
            and value.isprintable()
            and redact(value) == value
        )
    return not isinstance(value, float) or abs(value) < 1e15
