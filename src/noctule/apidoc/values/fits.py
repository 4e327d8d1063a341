"""Whether a value fits a schema: for examples, samples and stored facts. Requests are validated
with `json_schema` and a JSON Schema validator."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.apidoc.model.keywords import MISSING
from noctule.apidoc.model.schema import Schema
from noctule.apidoc.values import patterns
from noctule.json_types import is_list, is_number, is_object, json_type, same

if TYPE_CHECKING:
    from collections.abc import Mapping

OCTET = r"(25[0-5]|2[0-4]\d|1?\d?\d)"
URI = r"[!#-;=?-Z_a-z~]"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
FORMATS: Mapping[str, re.Pattern[str]] = {
    "date": re.compile(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])\Z"),
    "date-time": re.compile(
        r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-6]\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)\Z"
    ),
    "time": re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-6]\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)\Z"),
    "email": re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z"),
    "uri": re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:{URI}+\Z"),
    "uri-reference": re.compile(rf"{URI}*\Z"),
    "ipv4": re.compile(rf"{OCTET}(\.{OCTET}){{3}}\Z"),
    "ipv6": re.compile(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*\Z"),
    "hostname": re.compile(rf"{LABEL}(\.{LABEL})*\Z"),
    "duration": re.compile(r"P(?=\w)(\d+[YMWD])*(T(\d+[HMS])+)?\Z"),
}  # fmt: skip
DEEPEST = 100
MOST_COMPARED = 500


def fits(schema: Schema, value: object, *, request: bool = False) -> bool:
    """Whether the value is valid against the schema, as far as this check goes.

    In a request, required read-only properties may be absent; in an answer, write-only ones.
    """
    return Fit(request=request).holds(schema, value, 0)


class Fit:
    """One question and all those inside it, each answered once: choices within choices lead to the
    same schema in more ways than can be counted."""

    def __init__(self, *, request: bool) -> None:
        self.request = request
        self._answers: dict[tuple[Schema, int], bool] = {}
        """By schema and identity of the value, which outlives the question."""

    def holds(self, schema: Schema, value: object, depth: int) -> bool:
        if depth > DEEPEST:
            return False
        key = schema, id(value)
        if key not in self._answers:
            self._answers[key] = self._answer(schema, value, depth)
        return self._answers[key]

    def _answer(self, schema: Schema, value: object, depth: int) -> bool:
        if value is None:
            return schema.nullable or schema.type == "any"
        if schema.const is not MISSING and not same(schema.const, value):
            return False
        if schema.enum and not any(same(allowed, value) for allowed in schema.enum):
            return False
        if schema.alternatives:
            fitting = [s for s in schema.alternatives if self.holds(s, value, depth + 1)]
            exclusive = schema.exclusive and not schema.discriminator
            return len(fitting) == 1 if exclusive else bool(fitting)
        if schema.variants:
            return any(self.holds(s, value, depth + 1) for s in schema.variants)
        return self._shape(schema, value, depth)

    def _shape(self, schema: Schema, value: object, depth: int) -> bool:
        kind = json_type(value)
        wanted_type = schema.type
        whole = isinstance(value, float) and value.is_integer()
        if wanted_type not in ("any", kind) and not (
            (wanted_type == "number" and kind == "integer") or (wanted_type == "integer" and whole)
        ):
            return False
        if isinstance(value, str):
            return fits_text(schema, value)
        if is_number(value):
            return fits_number(schema, value)
        if is_list(value):
            return self._array(schema, value, depth)
        if is_object(value):
            return self._object(schema, value, depth)
        return True

    def _array(self, schema: Schema, value: list[object], depth: int) -> bool:
        if len(value) < (schema.min_items or 0):
            return False
        if schema.max_items is not None and len(value) > schema.max_items:
            return False
        if schema.unique_items and _repeats(value):
            return False
        prefix, rest = schema.prefix, schema.items
        return all(
            self.holds(expected, item, depth + 1)
            for position, item in enumerate(value)
            if (expected := prefix[position] if position < len(prefix) else rest) is not None
        )

    def _object(self, schema: Schema, value: dict[str, object], depth: int) -> bool:
        if not needed(schema, request=self.request) <= value.keys():
            return False
        if len(value) < (schema.min_properties or 0):
            return False
        properties, additional = schema.properties, schema.additional
        for name, member in value.items():
            expected = properties.get(name, additional)
            if expected is False:
                return False
            if isinstance(expected, Schema) and not self.holds(expected, member, depth + 1):
                return False
            others = schema.elsewhere(name) if name in properties else ()
            if not all(self.holds(other, member, depth + 1) for other in others):
                return False
        return True


def _repeats(value: list[object]) -> bool:
    """Whether two elements are the same; not looked at in a long array."""
    if len(value) > MOST_COMPARED:
        return False
    return any(same(a, b) for i, a in enumerate(value) for b in value[:i])


def fits_text(schema: Schema, value: str) -> bool:
    if len(value) < (schema.min_length or 0):
        return False
    if schema.max_length is not None and len(value) > schema.max_length:
        return False
    if schema.pattern is not None and patterns.matches(schema.pattern, value) is False:
        return False
    check = FORMATS.get(schema.format)
    return check is None or check.match(value) is not None


def fits_number(schema: Schema, value: float) -> bool:
    low, high, step = schema.minimum, schema.maximum, schema.multiple_of
    if low is not None and (value < low or (schema.exclusive_minimum and value == low)):
        return False
    if high is not None and (value > high or (schema.exclusive_maximum and value == high)):
        return False
    return not step or _divides(step, value)


def _divides(step: float, value: float) -> bool:
    try:
        return abs(value / step - round(value / step)) < 1e-9
    except OverflowError:  # beyond what a float can hold: not judged
        return True


def needed(schema: Schema, *, request: bool) -> frozenset[str]:
    """The required properties that are sent in this direction."""
    return frozenset(
        name
        for name in schema.required
        if name not in schema.properties or carried(schema.properties[name], request=request)
    )


def carried(schema: Schema, *, request: bool) -> bool:
    """Whether a property is sent: read-only ones only in responses, write-only ones in requests."""
    return not (schema.read_only if request else schema.write_only)
