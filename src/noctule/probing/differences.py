"""Where an answer and the document's schema of it differ, each place once.

A JSON Schema validator says of a choice only that no branch matches. Here the branch that the
answer means is found first, and its differences are told; members that the document does not know
are differences as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from noctule.apidoc import MISSING, Schema
from noctule.apidoc.values.fits import FORMATS, fits_number, fits_text, needed
from noctule.json_types import as_list, is_list, is_number, is_object, json_type, same
from noctule.probing.branches import branch_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.schema import Type

Kind = Literal[
    "undocumented_member", "missing_member", "container", "type", "null", "format", "enum",
    "bounds", "no_branch", "undocumented_status", "media_type", "not_json", "no_body",
    "undocumented_path", "base_path", "undocumented_header", "undocumented_credential",
    "credential",
]  # fmt: skip
CONTAINERS = ("object", "array")
DEEPEST = 60
MOST = 200
"""Differences told of one answer."""
MOST_ELEMENTS = 500
"""Elements looked at in each list."""
MOST_VALUES = 20


@dataclass(frozen=True, order=True)
class Difference:
    """One place where an answer is not what the document says."""

    kind: Kind
    at: str
    """The place in the answer's body: `/data/*/id`, where `*` is any element of a list; "" is the
    body as a whole."""
    pointer: str
    """The place in the document that says otherwise, or would have to say it."""
    documented: str
    observed: str
    """Names of types, statuses and media types; never a value."""

    @property
    def member(self) -> str:
        """The last name in `at`."""
        return self.at.rpartition("/")[2].replace("~2", "*").replace("~1", "/").replace("~0", "~")


Shown = tuple[Difference, object]
"""A difference, and a value that shows it."""


def body_differences(schema: Schema, value: object, pointer: str) -> dict[Difference, list[object]]:
    """How the body of an answer differs from its schema, which stands (or is referred to) at
    `pointer`: in order of the body, each with the values that show it; at most MOST places, and
    MOST_VALUES values of each. Elements of a list that differ alike are one place."""
    found: dict[Difference, list[object]] = {}
    for difference, shown in _value(schema, value, _Place("", pointer, 0)):
        if len(found) == MOST and difference not in found:
            break
        values = found.setdefault(difference, [])
        if len(values) < MOST_VALUES:
            values.append(shown)
    return found


@dataclass(frozen=True)
class _Place:
    """A place in the body, and the one in the document that gives it a schema."""

    at: str
    site: str
    depth: int

    def below(self, step: str, site: str) -> _Place:
        return _Place(f"{self.at}/{step}", site, self.depth + 1)

    def differs(self, kind: Kind, pointer: str, documented: str, observed: str) -> Difference:
        return Difference(kind, self.at, pointer, documented, observed)


def _value(schema: Schema, value: object, place: _Place) -> Iterator[Shown]:
    if place.depth > DEEPEST or schema.broken:
        return
    if value is None:
        if not schema.nullable and (schema.type != "any" or not _is_listed(schema, value)):
            yield place.differs("null", place.site, _said(schema), "null"), value
    elif schema.variants or schema.alternatives:
        yield from _choice(schema, value, place)
    elif not _has_type(schema.type, value):
        contained = schema.type in CONTAINERS or json_type(value) in CONTAINERS
        if contained:
            found = place.differs("container", place.site, _said(schema), json_type(value))
        else:
            stated = _stated(schema, "type")
            found = place.differs("type", stated, _said(schema), json_type(value))
        yield found, value
    elif not _is_listed(schema, value):
        stated = _stated(schema, "enum", "const")
        yield place.differs("enum", stated, "a listed value", "another value"), value
    elif is_object(value):
        yield from _object(schema, value, place)
    elif is_list(value):
        yield from _array(schema, value, place)
    else:
        yield from _scalar(schema, value, place)


def _choice(schema: Schema, value: object, place: _Place) -> Iterator[Shown]:
    branch = branch_of(schema, value)
    if branch is None:
        yield place.differs("no_branch", place.site, _said(schema), json_type(value)), value
    else:
        yield from _value(branch, value, _Place(place.at, branch.nodes[0].pointer, place.depth + 1))


def _object(schema: Schema, value: dict[str, Any], place: _Place) -> Iterator[Shown]:
    for name in sorted(needed(schema, request=False) - value.keys()):
        stated = next(n.pointer for n in schema.parts if name in as_list(n.mapping.get("required")))
        member = place.below(_escaped(name), "")
        yield member.differs("missing_member", stated, "required", "absent"), None
    for name, member in value.items():
        expected = schema.properties.get(name, schema.additional)
        if isinstance(expected, Schema):
            yield from _value(expected, member, place.below(_escaped(name), _site(schema, name)))
        elif expected is False or schema.properties:
            there = place.below(_escaped(name), "")
            yield (
                there.differs("undocumented_member", schema.pointer, "", json_type(member)),
                member,
            )


def _site(schema: Schema, name: str) -> str:
    """Where the schema of a member is given."""
    for part in schema.parts:
        if name in part.at("properties").mapping:
            return part.at("properties", name).pointer
    return f"{schema.pointer}/additionalProperties"


def _array(schema: Schema, value: list[Any], place: _Place) -> Iterator[Shown]:
    low, high = schema.min_items, schema.max_items
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        stated = _stated(schema, "minItems", "maxItems")
        yield place.differs("bounds", stated, "its length", "another length"), value
    prefix, rest = schema.prefix, schema.items
    for index, element in enumerate(value[:MOST_ELEMENTS]):
        expected = prefix[index] if index < len(prefix) else rest
        if expected is not None:
            step = str(index) if index < len(prefix) else "*"
            yield from _value(expected, element, place.below(step, _items_site(schema, expected)))


def _items_site(schema: Schema, items: Schema) -> str:
    for part in schema.parts:
        if is_object(part.mapping.get("items")):
            return part.at("items").pointer
    return items.pointer


def _scalar(schema: Schema, value: object, place: _Place) -> Iterator[Shown]:
    if isinstance(value, str):
        check = FORMATS.get(schema.format)
        if check is not None and not check.match(value):
            stated = _stated(schema, "format")
            yield place.differs("format", stated, schema.format, "another form"), value
        elif not fits_text(schema, value):
            stated = _stated(schema, "minLength", "maxLength", "pattern")
            yield place.differs("bounds", stated, "length or pattern", "outside"), value
    elif is_number(value) and not fits_number(schema, value):
        stated = _stated(schema, "minimum", "maximum", "multipleOf")
        yield place.differs("bounds", stated, "minimum, maximum or multiple", "outside"), value


def _stated(schema: Schema, *keywords: str) -> str:
    """The part of the schema that has one of the keywords."""
    for part in schema.parts:
        if not part.mapping.keys().isdisjoint(keywords):
            return part.pointer
    return schema.pointer


def _has_type(wanted: Type, value: object) -> bool:
    kind = json_type(value)
    if wanted == "integer":
        return kind == "integer" or (isinstance(value, float) and value.is_integer())
    return wanted in ("any", kind) or (wanted == "number" and kind == "integer")


def _is_listed(schema: Schema, value: object) -> bool:
    if schema.const is not MISSING and not same(schema.const, value):
        return False
    return not schema.enum or any(same(listed, value) for listed in schema.enum)


def _said(schema: Schema) -> str:
    if schema.type == "union":
        return " or ".join(dict.fromkeys(each.type for each in schema.variants))
    return f"{schema.type} ({schema.format})" if schema.format else schema.type


def _escaped(name: str) -> str:
    """`name` as a step of a JSON pointer (RFC 6901), `*` as `~2`, which no name escapes to."""
    return name.replace("~", "~0").replace("/", "~1").replace("*", "~2")
