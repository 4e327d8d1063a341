"""A value that a schema admits, always the same one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from noctule.apidoc.model.keywords import MISSING
from noctule.apidoc.model.schema import Schema
from noctule.apidoc.values import patterns
from noctule.apidoc.values.fits import carried, fits, fits_text, needed
from noctule.json_types import is_list, is_number, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TEXTS: Mapping[str, str] = {
    "date": "2026-01-15",
    "date-time": "2026-01-15T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "iri": "https://example.com/",
    "uri-reference": "/example",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "byte": "c2FtcGxl",
    "json-pointer": "/example",
    "regex": "^a$",
    "phone": "+15550100",
    "phone-number": "+15550100",
}
"""Format -> text; names and numbers are those reserved for examples (RFC 2606, 5737, 3849)."""
BUDGET = 3_000
"""Values after which only what must be there is written."""
MOST_ITEMS = 50


def sample(schema: Schema, *, depth: int = 3, request: bool = False, optional: bool = False) -> Any:
    """A JSON value valid against the schema.

    The document's examples first, where they fit. Objects hold every property `depth` levels
    deep and only what is required below. `request`: no read-only property, and no optional one
    unless `optional`.
    """
    return Sampler(request=request, optional=optional or not request).value(schema, depth)


class Sampler:
    """Writes one value; knows the places it stands in, so that cycles end."""

    def __init__(self, *, request: bool, optional: bool) -> None:
        self.request = request
        self.optional = optional
        self.open: list[str] = []
        self.budget = BUDGET

    def value(self, schema: Schema, depth: int, hint: object = MISSING) -> Any:
        self.budget -= 1
        if schema.const is not MISSING:
            return schema.const
        for known in (hint, *schema.examples, schema.default, *schema.enum):
            if known is not MISSING and self.usable(schema, known):
                return known
        if schema.enum and not schema.alternatives:
            return schema.enum[0]  # a bound or format beside it contradicts every listed value
        if self.open.count(schema.pointer) > 1:
            return None if schema.nullable else empty(schema)
        self.open.append(schema.pointer)
        try:
            return self.made(schema, depth, hint)
        finally:
            self.open.pop()

    def usable(self, schema: Schema, known: object) -> bool:
        """An example may stand as it is. A request's object is written property by property."""
        if self.request and is_object(known) and known:
            return False
        if known is None and schema.type != "null":
            return False
        return fits(schema, known, request=self.request)

    def made(self, schema: Schema, depth: int, hint: object) -> Any:
        branches = schema.alternatives or schema.variants
        if branches:
            return self.one_of(schema, branches, depth, hint)
        match schema.type:
            case "object":
                return self.mapping(schema, depth, hint)
            case "array":
                return self.array(schema, depth, hint)
            case "string":
                return text(schema)
            case "integer" | "number":
                return number(schema)
            case "boolean":
                return True
            case "null":
                return None
            case _:
                return {}

    def one_of(self, schema: Schema, branches: tuple[Schema, ...], depth: int, hint: object) -> Any:
        """The first branch whose value the whole schema admits, those that end a cycle first.

        Where what is required does not tell the branches apart, what is optional is written too.
        """
        ordered = sorted(branches, key=lambda branch: branch.pointer in self.open)
        first: Any = MISSING
        sparse = self.optional
        for filled in (True,) if sparse else (False, True):
            self.optional = filled
            for branch in ordered:
                made = self.value(branch, depth, hint)
                self.tag(schema, branch, made)
                if self.budget < -BUDGET or fits(schema, made, request=self.request):
                    self.optional = sparse
                    return made
                first = made if first is MISSING else first
        self.optional = sparse
        return first

    def tag(self, schema: Schema, branch: Schema, made: object) -> None:
        """Write the discriminator that names the branch, where the branch admits it."""
        name = schema.discriminator
        if not name or not is_object(made):
            return
        mapped = [tag for tag, pointer in schema.tags.items() if pointer == branch.pointer]
        tag = mapped[0] if mapped else branch.name
        held = branch.properties.get(name)
        if tag is not None and held is not None and fits(held, tag):
            made[name] = tag

    def mapping(self, schema: Schema, depth: int, hint: object) -> dict[str, Any]:
        known = dict(hint) if is_object(hint) else {}
        for example in reversed(schema.examples):
            if is_object(example):
                known.update(example)
        must = needed(schema, request=self.request)
        made: dict[str, Any] = {}
        for name, held in self.written(schema, depth):
            value = self.value(held, depth - 1, known.get(name, MISSING))
            if name in must or all(fits(other, value) for other in schema.elsewhere(name)):
                made[name] = value
        for name in sorted(must - made.keys()):
            other = schema.additional
            made[name] = self.value(other, depth - 1) if isinstance(other, Schema) else "string"
        self.fill(schema, made, depth)
        return made

    def written(self, schema: Schema, depth: int) -> Iterator[tuple[str, Schema]]:
        """The properties to write: what is required, and the rest as deep as asked."""
        must = needed(schema, request=self.request)
        for name, held in schema.properties.items():
            if name in must or (
                self.optional
                and depth > 0
                and self.budget > 0
                and held.pointer not in self.open
                and carried(held, request=self.request)
            ):
                yield name, held

    def fill(self, schema: Schema, made: dict[str, Any], depth: int) -> None:
        """Reach the least number of properties; show one entry of a map."""
        least = schema.min_properties or 0
        for name, held in schema.properties.items():
            if len(made) >= least:
                break
            if name not in made and carried(held, request=self.request):
                made[name] = self.value(held, depth - 1)
        other = schema.additional
        if isinstance(other, Schema) and not made and self.optional and depth > 0:
            least = max(least, 1) if other.pointer not in self.open else least
        while len(made) < min(least, MOST_ITEMS) and other is not False:
            name = f"key{len(made) + 1}" if made else "key"
            made[name] = self.value(other, depth - 1) if isinstance(other, Schema) else "string"

    def array(self, schema: Schema, depth: int, hint: object) -> list[Any]:
        least = schema.min_items or 0
        most = schema.max_items if schema.max_items is not None else MOST_ITEMS
        made = [self.value(item, depth - 1) for item in schema.prefix[:most]]
        item = schema.items
        shown = depth > 0 and self.budget > 0 and (item is None or item.pointer not in self.open)
        wanted = max(least, 1) if shown else least
        hints = hint if is_list(hint) else []
        while len(made) < min(wanted, most, MOST_ITEMS):
            if item is None:
                made.append("string")
                continue
            position = len(made)
            known = hints[position] if position < len(hints) else MISSING
            made.append(self.value(item, depth - 1, known))
        return distinct(made, item) if schema.unique_items and len(made) > 1 else made


def empty(schema: Schema) -> Any:
    """What ends a cycle."""
    return [] if schema.type == "array" else {}


def distinct(made: list[Any], item: Schema | None) -> list[Any]:
    """The same elements told apart: the enum's values in turn, numbers and texts counted on."""
    listed = item.enum if item else ()
    if len(listed) >= len(made):
        return list(listed[: len(made)])
    return [
        value + position
        if is_number(value)
        else f"{value[: len(value) - len(str(position))]}{position}"
        if isinstance(value, str) and position
        else value
        for position, value in enumerate(made)
    ]


def text(schema: Schema) -> str:
    least, most = schema.min_length or 0, schema.max_length
    candidates = [TEXTS[schema.format]] if schema.format in TEXTS else []
    if schema.pattern is not None:
        made = patterns.example(schema.pattern, least=least, most=most)
        candidates += [made] if made is not None else []
    plain = "string".ljust(min(least, 100_000), "x")
    candidates.append(plain if most is None else plain[: max(most, 0)])
    return next((text for text in candidates if fits_text(schema, text)), candidates[0])


def number(schema: Schema) -> int | float:
    """1, moved to the nearest admitted value."""
    low, high, step = schema.minimum, schema.maximum, schema.multiple_of
    tiny = 1 if schema.type == "integer" else (step or 0.5)
    value: int | float = 1
    if high is not None and value >= high:
        value = high - tiny if schema.exclusive_maximum else high
    if low is not None and value <= low:
        value = low + tiny if schema.exclusive_minimum else low
    if low is not None and high is not None and schema.exclusive_minimum and value >= high:
        value = (low + high) / 2
    if step:
        value = math.ceil(value / step) * step
    if schema.type == "integer":
        value = math.ceil(value) if low is not None else math.floor(value)
    return value
