"""Sample values: valid against a schema, and always the same."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from noctule.apidoc.model.keywords import MISSING
from noctule.apidoc.model.schema import Schema
from noctule.apidoc.values import patterns
from noctule.apidoc.values.directions import answered
from noctule.apidoc.values.fits import DEEPEST, carried, fits, fits_text, needed
from noctule.json_types import is_list, is_number, is_object
from noctule.problem import Exit, Problem

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
"""Values after which only required properties are written."""
MOST_VALUES = 20_000
"""Values after which the schema counts as one that nobody can satisfy."""
MOST_ITEMS = 50
"""Elements of an array, unless more are required."""
LONGEST_TEXT = 100_000


def sample(schema: Schema, *, depth: int = 3, request: bool = False, optional: bool = False) -> Any:
    """A JSON value valid against the schema.

    Uses the examples of the document where they fit. Objects have all properties down to `depth`
    levels, and only required ones below. `request`: no read-only property, and no optional one
    unless `optional`. Raises `Problem` (exit 3) where no value with `MOST_VALUES` members is found.
    """
    sampler = Sampler(schema.pointer, request=request, optional=optional or not request)
    return sampler.value(schema, depth)


class Sampler:
    """Creates one value; keeps track of open schemas, so that cycles end."""

    def __init__(self, root: str, *, request: bool, optional: bool) -> None:
        self.root = root
        self.request = request
        self.optional = optional
        self.open: list[str] = []
        self.budget = BUDGET

    def value(self, schema: Schema, depth: int, hint: object = MISSING) -> Any:
        self.budget -= 1
        if self.budget < BUDGET - MOST_VALUES or len(self.open) > DEEPEST or boundless(schema):
            raise Problem(
                "apidoc.too_large_values",
                exit=Exit.REFUSED,
                place=self.root,
                limit=MOST_VALUES,
                depth=DEEPEST,
                length=LONGEST_TEXT,
            )
        if (const := schema.const) is not MISSING:
            return const
        for stated in (hint, *schema.examples, schema.default, *schema.enum):
            candidate = stated if self.request else answered(schema, stated)
            if candidate is not MISSING and self.usable(schema, candidate):
                return candidate
        if schema.enum and not schema.alternatives:
            return schema.enum[0]  # a bound or format beside it contradicts every listed value
        if self.open.count(schema.pointer) > 1:
            return None if schema.nullable else self.ended(schema)
        self.open.append(schema.pointer)
        try:
            return self.made(schema, depth, hint)
        finally:
            self.open.pop()

    def usable(self, schema: Schema, candidate: object) -> bool:
        """Whether an example can be used as it is; objects of requests are built here."""
        if self.request and is_object(candidate) and candidate:
            return False
        if candidate is None and schema.type != "null":
            return False
        return fits(schema, candidate, request=self.request)

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
        """The first branch whose value fits the whole schema, branches that end a cycle first.

        Optional properties are written too where required ones do not distinguish the branches.
        """
        ordered = sorted(branches, key=lambda branch: branch.pointer in self.open)
        first: Any = MISSING
        usual = self.optional
        for filled in (True,) if usual else (False, True):
            self.optional = filled
            for branch in ordered:
                value = self.value(branch, depth, hint)
                self.tag(schema, branch, value)
                if self.budget < -BUDGET or fits(schema, value, request=self.request):
                    self.optional = usual
                    return value
                first = value if first is MISSING else first
        self.optional = usual
        return first

    def tag(self, schema: Schema, branch: Schema, value: object) -> None:
        """Write the discriminator of the branch, where the branch allows it."""
        name = schema.discriminator
        if not name or not is_object(value):
            return
        mapped = [tag for tag, pointer in schema.tags.items() if pointer == branch.pointer]
        tag = mapped[0] if mapped else branch.name
        prop = branch.properties.get(name)
        if prop is None:
            return
        if tag is not None and fits(prop, tag):
            value[name] = tag
        elif name not in value and (prop.enum or prop.const is not MISSING):
            value[name] = self.value(prop, 0)

    def ended(self, schema: Schema) -> Any:
        """The value that ends a cycle."""
        value: Any = [] if schema.type == "array" else {}
        for branch in schema.alternatives[:1]:
            self.tag(schema, branch, value)
        return value

    def mapping(self, schema: Schema, depth: int, hint: object) -> dict[str, Any]:
        hints = dict(hint) if is_object(hint) else {}
        for example in reversed(schema.examples):
            if is_object(example):
                hints.update(example)
        required = needed(schema, request=self.request)
        members: dict[str, Any] = {}
        for name, prop in self.written(schema, depth):
            value = self.value(prop, depth - 1, hints.get(name, MISSING))
            if name in required or all(fits(other, value) for other in schema.elsewhere(name)):
                members[name] = value
        for name in sorted(required - members.keys()):
            other = schema.additional
            members[name] = self.value(other, depth - 1) if isinstance(other, Schema) else "string"
        self.fill(schema, members, depth)
        return members

    def written(self, schema: Schema, depth: int) -> Iterator[tuple[str, Schema]]:
        """The properties to write: required ones, and others down to `depth`."""
        required = needed(schema, request=self.request)
        for name, prop in schema.properties.items():
            if name in required or (
                self.optional
                and depth > 0
                and self.budget > 0
                and prop.pointer not in self.open
                and carried(prop, request=self.request)
            ):
                yield name, prop

    def fill(self, schema: Schema, members: dict[str, Any], depth: int) -> None:
        """Add properties up to the minimum, and one entry to a map."""
        least = schema.min_properties or 0
        for name, prop in schema.properties.items():
            if len(members) >= least:
                break
            if name not in members and carried(prop, request=self.request):
                members[name] = self.value(prop, depth - 1)
        other = schema.additional
        if isinstance(other, Schema) and not members and self.optional and depth > 0:
            least = max(least, 1) if other.pointer not in self.open else least
        while len(members) < min(least, MOST_ITEMS) and other is not False:
            name = f"key{len(members) + 1}" if members else "key"
            members[name] = self.value(other, depth - 1) if isinstance(other, Schema) else "string"

    def array(self, schema: Schema, depth: int, hint: object) -> list[Any]:
        least = schema.min_items or 0
        most = schema.max_items if schema.max_items is not None else max(MOST_ITEMS, least)
        elements = [self.value(item, depth - 1) for item in schema.prefix[:most]]
        item = schema.items
        shown = depth > 0 and self.budget > 0 and (item is None or item.pointer not in self.open)
        count = max(least, 1) if shown else least
        hints = hint if is_list(hint) else []
        while len(elements) < min(count, most):
            if item is None:
                elements.append("string")
                continue
            position = len(elements)
            element_hint = hints[position] if position < len(hints) else MISSING
            elements.append(self.value(item, depth - 1, element_hint))
        return distinct(elements, item) if schema.unique_items and len(elements) > 1 else elements


def boundless(schema: Schema) -> bool:
    """Whether the smallest value is larger than anybody would send."""
    return (schema.min_items or 0) > MOST_VALUES or (schema.min_length or 0) > LONGEST_TEXT


def distinct(elements: list[Any], item: Schema | None) -> list[Any]:
    """The same elements made distinct: values of the enum in turn, numbers and texts numbered."""
    enum = item.enum if item else ()
    if len(enum) >= len(elements):
        return list(enum[: len(elements)])
    return [
        value + position
        if is_number(value)
        else f"{value[: len(value) - len(str(position))]}{position}"
        if isinstance(value, str) and position
        else value
        for position, value in enumerate(elements)
    ]


def text(schema: Schema) -> str:
    least, most = schema.min_length or 0, schema.max_length
    candidates = [TEXTS[schema.format]] if schema.format in TEXTS else []
    if schema.pattern is not None:
        example = patterns.example(schema.pattern, least=least, most=most)
        candidates += [example] if example is not None else []
    plain = "string".ljust(least, "x")
    candidates.append(plain if most is None else plain[: max(most, 0)])
    return next((text for text in candidates if fits_text(schema, text)), candidates[0])


def number(schema: Schema) -> int | float:
    """1, or the nearest allowed value."""
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
        value = _multiple(value, step)
    if schema.type == "integer" and isinstance(value, float) and math.isfinite(value):
        value = math.ceil(value) if low is not None else math.floor(value)
    return value


def _multiple(value: float, step: float) -> float:
    """The first multiple of `step` from `value` on; `value` where no float holds it."""
    try:
        return math.ceil(value / step) * step
    except OverflowError:
        return value
