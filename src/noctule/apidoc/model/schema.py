"""One schema of the document, normalised and lazy."""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, cast

from noctule.apidoc.model import composition
from noctule.apidoc.model.node import Node
from noctule.json_types import is_list, is_number, is_object, json_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc.model.composition import Chosen, SchemaChoice


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing.MISSING
"""Stands where the document says nothing and null would say something."""

Type = Literal["string", "integer", "number", "boolean", "array", "object", "null", "any", "union"]
TYPES = ("string", "integer", "number", "boolean", "array", "object")
IMPLIED = {
    "properties": "object", "required": "object", "additionalProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array",
    "pattern": "string", "minLength": "string", "maxLength": "string",
    "minimum": "number", "maximum": "number", "multipleOf": "number",
}  # fmt: skip
"""What a keyword says of the type where the document forgets `type`."""

SHAPING = frozenset({"properties", "required", "items", "enum", "const", "additionalProperties"})
"""Keywords by which a schema merged into a component makes it another one."""


class Schema:
    """A view of one schema: references followed, `allOf` merged, null spelled one way.

    Two views of the same place are equal, so a cycle is a view met before.
    """

    def __init__(self, nodes: tuple[Node, ...], chosen: Chosen = frozenset()) -> None:
        self._nodes = nodes
        self._chosen = chosen
        self._key = (tuple(node.pointer for node in nodes), chosen)
        self._hash = hash(self._key)

    @classmethod
    def of(cls, *nodes: Node, chosen: Chosen = frozenset()) -> Schema:
        """The view of a place where all of `nodes` hold; made once per document."""
        nodes = tuple(composition.beyond(node) for node in nodes)
        key = (tuple(node.pointer for node in nodes), chosen)
        memory = nodes[0].file.memory
        if key not in memory:
            memory[key] = cls(nodes, chosen)
        return cast("Schema", memory[key])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"<Schema {self.name or self.pointer} {self.type}>"

    # -- what it is

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The places that were joined to make this schema; mostly one."""
        return self._nodes

    @cached_property
    def node(self) -> Node:
        """The place that gives the schema its shape: past references that only point to it."""
        return composition.component(self._nodes[0], self._chosen)

    @property
    def pointer(self) -> str:
        return self.node.pointer

    @cached_property
    def name(self) -> str | None:
        """The component's name, where the schema is one or only refers to one."""
        alone = composition.parts(self._nodes[:1], self._chosen)
        shaped = any(
            not SHAPING.isdisjoint(part.mapping) for part in self.parts if part not in alone
        )
        return None if shaped else composition.component_name(self.node)

    @cached_property
    def raw(self) -> Mapping[str, Any]:
        """This node as written, `$ref` followed one step."""
        node = self._nodes[0]
        for target in composition.reference(node):
            return target.mapping
        return node.mapping

    @property
    def broken(self) -> str:
        """Why the schema's reference leads nowhere; "" where it does lead somewhere."""
        return self._nodes[0].follow().broken

    @cached_property
    def parts(self) -> tuple[Node, ...]:
        """The nodes that must all hold, the nearest first."""
        return composition.parts(self._nodes, self._chosen)

    @cached_property
    def type(self) -> Type:
        if self.variants:
            return "union"
        stated = self._types
        if stated:
            return cast("Type", stated[0])
        if any(composition.is_null(part) for part in self.parts):
            return "null"
        return cast("Type", self._implied_type())

    @cached_property
    def nullable(self) -> bool:
        said = [composition.admits_null(node) for node in self._nodes]
        return self.type == "null" or any(said)

    @cached_property
    def _types(self) -> tuple[str, ...]:
        """The types that every part allows; where parts contradict each other, the nearest wins."""
        allowed: tuple[str, ...] = ()
        for part in self.parts:
            stated = tuple(t for t in composition.types(part) if t in TYPES)
            allowed = _both(allowed, stated) or allowed or stated
        return allowed

    def _implied_type(self) -> str:
        if self.enum or self.const is not MISSING:
            values = self.enum or (self.const,)
            kinds = {json_type(value) for value in values}
            return kinds.pop() if len(kinds) == 1 else "any"
        for keyword, implied in IMPLIED.items():
            if any(keyword in part.mapping for part in self.parts):
                return implied
        return "any"

    # -- choices

    @cached_property
    def alternatives(self) -> tuple[Schema, ...]:
        """The branches of the first choice, each merged with all else that must hold."""
        choice = self._choice
        if choice is None:
            return ()
        chosen = self._chosen | {choice.pointer}
        return tuple(Schema.of(branch, *self._nodes, chosen=chosen) for branch in choice.branches)

    @cached_property
    def variants(self) -> tuple[Schema, ...]:
        """The alternatives a value's shape depends on; () where they only restrict one shape."""
        if self._choice is not None:
            shaped = any(_shapes(branch) for branch in self._choice.branches)
            return self.alternatives if shaped or not self._types else ()
        if len(self._types) > 1:
            return tuple(self._narrowed(kind) for kind in self._types)
        return ()

    @property
    def exclusive(self) -> bool:
        """Exactly one of the alternatives may hold (`oneOf`)."""
        return self._choice is not None and self._choice.pointer.endswith("/oneOf")

    @cached_property
    def _choice(self) -> SchemaChoice | None:
        for part in self.parts:
            for choice in composition.choices(part, self._chosen):
                if len(choice.branches) > 1 and not self._made(choice):
                    return choice
        return None

    def _made(self, choice: SchemaChoice) -> bool:
        """One branch already holds: a parent that lists its children, seen from a child."""
        held = {part.pointer for part in self.parts}
        return any(branch.follow().pointer in held for branch in choice.branches)

    def _narrowed(self, kind: str) -> Schema:
        first = self._nodes[0]
        narrow = Node({"type": kind}, first.file, f"{first.path}/type/{kind}")
        return Schema.of(*self._nodes, narrow, chosen=self._chosen)

    @cached_property
    def discriminator(self) -> str:
        """The property that tells the variants apart; "" where none is named."""
        for stated in self._each("discriminator"):
            if isinstance(stated, str):
                return stated
            if is_object(stated):
                return str(stated.get("propertyName", ""))
        return ""

    @cached_property
    def tags(self) -> Mapping[str, str]:
        """Discriminator value -> pointer of the schema it stands for, as the document maps them."""
        found: dict[str, str] = {}
        for part in self.parts:
            mapping = part.at("discriminator", "mapping")
            for tag, target in mapping.mapping.items():
                name = str(target)
                plain = "/" not in name and "#" not in name and "." not in name
                place = f"#/components/schemas/{name}" if plain else name
                target = part.target(place)
                if not target.broken:
                    found.setdefault(tag, target.pointer)
        return MappingProxyType(found)

    # -- objects and arrays

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """Every property of every part; one that several parts describe must fit them all."""
        nodes: dict[str, list[Node]] = {}
        for part in self.parts:
            for name, node in part.at("properties").entries():
                if node.value is not False:
                    nodes.setdefault(name, []).append(node)
        return MappingProxyType({name: Schema.of(*found) for name, found in nodes.items()})

    @cached_property
    def required(self) -> frozenset[str]:
        names: set[str] = set()
        for stated in self._each("required"):
            if is_list(stated):
                names.update(name for name in stated if isinstance(name, str))
        return frozenset(names)

    @cached_property
    def additional(self) -> Schema | bool:
        """What other properties hold: a schema, anything (True) or nothing (False)."""
        stated = [
            n for n in self._at("additionalProperties") if n.value is not True and n.value != {}
        ]
        if any(node.value is False for node in stated):
            return False
        return Schema.of(*stated) if stated else True

    def elsewhere(self, name: str) -> tuple[Schema, ...]:
        """What the parts that do not list a property say of it by their `additionalProperties`."""
        return tuple(
            Schema.of(part.at("additionalProperties"))
            for part in self.parts
            if is_object(part.mapping.get("additionalProperties"))
            and name not in part.at("properties").mapping
        )

    @cached_property
    def items(self) -> Schema | None:
        """What every element is; None where the document does not say."""
        stated = [node for node in self._at("items") if is_object(node.value)]
        return Schema.of(*stated) if stated else None

    @cached_property
    def prefix(self) -> tuple[Schema, ...]:
        """The first elements of a tuple, position by position."""
        for keyword in ("prefixItems", "items"):
            for node in self._at(keyword):
                if is_list(node.value):
                    return tuple(Schema.of(member) for member in node.members())
        return ()

    # -- values

    @cached_property
    def enum(self) -> tuple[object, ...]:
        """The values that every part lists, null left out."""
        allowed: list[object] | None = None
        for stated in self._each("enum"):
            if is_list(stated):
                listed = [v for v in stated if v is not None]
                allowed = (
                    listed if allowed is None else [v for v in allowed if v in listed] or allowed
                )
        return tuple(allowed or ())

    @property
    def const(self) -> object:
        return self._first("const", MISSING)

    @property
    def default(self) -> object:
        return self._first("default", MISSING)

    @cached_property
    def examples(self) -> tuple[object, ...]:
        """The document's examples, the nearest first, as written (they may not fit)."""
        found: list[object] = []
        for part in self.parts:
            several = part.mapping.get("examples")
            if is_list(several):
                found.extend(several)
            found.extend(
                part.mapping[key] for key in ("example", "x-example") if key in part.mapping
            )
        return tuple(found)

    @property
    def format(self) -> str:
        """The format as written; "binary" for Swagger 2's files."""
        if "file" in self._each("type"):
            return "binary"
        return str(self._first("format", "") or "")

    @property
    def pattern(self) -> str | None:
        stated = self._first("pattern", None)
        return stated if isinstance(stated, str) else None

    @property
    def title(self) -> str:
        return str(self._first("title", "") or "")

    @property
    def description(self) -> str:
        return str(self._first("description", "") or "")

    @property
    def read_only(self) -> bool:
        return any(stated is True for stated in self._each("readOnly"))

    @property
    def write_only(self) -> bool:
        return any(stated is True for stated in self._each("writeOnly"))

    @property
    def deprecated(self) -> bool:
        return any(stated is True for stated in self._each("deprecated"))

    # -- bounds

    @cached_property
    def minimum(self) -> int | float | None:
        return max(self._numbers("minimum", "exclusiveMinimum"), default=None)

    @cached_property
    def maximum(self) -> int | float | None:
        return min(self._numbers("maximum", "exclusiveMaximum"), default=None)

    @cached_property
    def exclusive_minimum(self) -> bool:
        """The minimum itself is not a value (both spellings: a flag, or a bound of its own)."""
        return self._excludes("minimum", "exclusiveMinimum", self.minimum)

    @cached_property
    def exclusive_maximum(self) -> bool:
        return self._excludes("maximum", "exclusiveMaximum", self.maximum)

    @property
    def multiple_of(self) -> int | float | None:
        return next(iter(self._numbers("multipleOf")), None)

    @property
    def min_length(self) -> int | None:
        return self._least("minLength")

    @property
    def max_length(self) -> int | None:
        return self._most("maxLength")

    @property
    def min_items(self) -> int | None:
        return self._least("minItems")

    @property
    def max_items(self) -> int | None:
        return self._most("maxItems")

    @property
    def min_properties(self) -> int | None:
        return self._least("minProperties")

    @property
    def unique_items(self) -> bool:
        return any(stated is True for stated in self._each("uniqueItems"))

    # -- reading the parts

    def _each(self, keyword: str) -> Iterator[Any]:
        return (part.mapping[keyword] for part in self.parts if keyword in part.mapping)

    def _at(self, keyword: str) -> Iterator[Node]:
        return (part.at(keyword) for part in self.parts if keyword in part.mapping)

    def _first(self, keyword: str, otherwise: object) -> object:
        return next(self._each(keyword), otherwise)

    def _numbers(self, *keywords: str) -> list[int | float]:
        return [v for keyword in keywords for v in self._each(keyword) if is_number(v)]

    def _least(self, keyword: str) -> int | None:
        return max((int(bound) for bound in self._numbers(keyword)), default=None)

    def _most(self, keyword: str) -> int | None:
        return min((int(bound) for bound in self._numbers(keyword)), default=None)

    def _excludes(self, bound: str, keyword: str, limit: int | float | None) -> bool:
        return any(
            part.mapping.get(keyword) == limit
            if is_number(part.mapping.get(keyword))
            else part.mapping.get(keyword) is True and part.mapping.get(bound) == limit
            for part in self.parts
        )


def _both(allowed: tuple[str, ...], stated: tuple[str, ...]) -> tuple[str, ...]:
    """The types in both; an integer is a number."""
    return tuple(
        kind
        for kind in TYPES
        if (kind in allowed or (kind == "integer" and "number" in allowed))
        and (kind in stated or (kind == "integer" and "number" in stated))
        and (kind in allowed or kind in stated)
    )


def _shapes(branch: Node) -> bool:
    """A branch says what a value is, rather than only which properties must be there."""
    kinds = {"$ref", "type", "properties", "items", "enum", "const", "allOf", "oneOf", "anyOf"}
    return not kinds.isdisjoint(branch.mapping)
