"""One schema of the document, normalised and lazy."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, cast

from noctule.apidoc.model import composition, inheritance
from noctule.apidoc.model.keywords import MISSING, SchemaKeywords
from noctule.apidoc.model.lazy import lazy
from noctule.apidoc.model.node import NOTHING, Node
from noctule.json_types import is_list, is_object, json_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc.model.composition import Chosen, SchemaChoice

    ViewKey = tuple[tuple[str, ...], Chosen]
    """What tells views apart: where their nodes are, and the choices made."""


Type = Literal["string", "integer", "number", "boolean", "array", "object", "null", "any", "union"]
TYPES = ("string", "integer", "number", "boolean", "array", "object")
IMPLIED = {
    "properties": "object", "required": "object", "additionalProperties": "object",
    "items": "array", "prefixItems": "array", "minItems": "array",
    "pattern": "string", "minLength": "string", "maxLength": "string",
    "minimum": "number", "maximum": "number", "multipleOf": "number",
}  # fmt: skip
"""The type that a keyword implies where `type` is missing."""

BEYOND = ("additionalProperties", "patternProperties", "unevaluatedProperties")
"""Keywords for the properties that a schema does not name."""
SHAPING = frozenset({"properties", "required", "items", "enum", "const", "additionalProperties"})
"""Keywords that change a component into another schema when they are merged into it."""


class Schema(SchemaKeywords):
    """A view of one schema: references are followed, `allOf` is merged, null has one form.

    Two views of the same place are equal, so a cycle leads back to an equal view.
    """

    def __init__(self, nodes: tuple[Node, ...], chosen: Chosen, key: ViewKey) -> None:
        self._nodes = nodes
        self._chosen = chosen
        self._key = key
        self._hash = hash(key)

    @classmethod
    def of(cls, *nodes: Node, chosen: Chosen = frozenset()) -> Schema:
        """The view in which all of `nodes` apply; created once per document."""
        nodes = tuple(map(composition.beyond, nodes))
        key = (tuple([node.pointer for node in nodes]), chosen)
        memory = nodes[0].file.memory
        if key not in memory:
            memory[key] = cls(nodes, chosen, key)
        return cast("Schema", memory[key])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"<Schema {self.name or self.pointer} {self.type}>"

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The places that make up this schema; usually one."""
        return self._nodes

    @lazy
    def node(self) -> Node:
        """The place that defines the schema, after references that only point to it."""
        return composition.component(self._nodes[0], self._chosen)

    @property
    def pointer(self) -> str:
        return self.node.pointer

    @lazy
    def name(self) -> str | None:
        """The component's name, if the schema is a component or only refers to one."""
        return None if self._is_shaped else composition.component_name(self.node)

    @property
    def _is_shaped(self) -> bool:
        """Whether what is said beside the first node makes another schema of it."""
        if len(self._nodes) == 1:
            return False
        alone = composition.parts(self._nodes[:1], self._chosen)
        return any(not SHAPING.isdisjoint(part.mapping) for part in self.parts if part not in alone)

    @lazy
    def raw(self) -> Mapping[str, Any]:
        """The node as written, after one `$ref`."""
        node = self._nodes[0]
        for target in composition.reference(node):
            return target.mapping
        return node.mapping

    @property
    def broken(self) -> str:
        """Why the schema's reference cannot be resolved; "" if it can."""
        return self._nodes[0].follow().broken

    @lazy
    def parts(self) -> tuple[Node, ...]:
        """The nodes that apply together, the nearest first."""
        return composition.parts(self._nodes, self._chosen)

    @lazy
    def type(self) -> Type:
        if self.variants:
            return "union"
        types = self._types
        if types:
            return cast("Type", types[0])
        if any(composition.is_null(part) for part in self.parts):
            return "null"
        return cast("Type", self._implied_type())

    @lazy
    def nullable(self) -> bool:
        return self.type == "null" or any(map(composition.admits_null, self._nodes))

    @lazy
    def _types(self) -> tuple[str, ...]:
        """The types that all parts allow; where parts contradict each other, the nearest counts."""
        allowed: tuple[str, ...] = ()
        for part in self.parts:
            types = tuple([name for name in composition.types(part) if name in TYPES])
            if not allowed:
                allowed = types
            elif types:
                allowed = _both(allowed, types) or allowed
        return allowed

    def _implied_type(self) -> str:
        if self.enum or self.const is not MISSING:
            values = self.enum or (self.const,)
            kinds = {json_type(value) for value in values}
            return kinds.pop() if len(kinds) == 1 else "any"
        keywords = frozenset[str]().union(*self._mappings)
        return next((IMPLIED[keyword] for keyword in IMPLIED if keyword in keywords), "any")

    @lazy
    def alternatives(self) -> tuple[Schema, ...]:
        """The branches of the first choice, each merged with everything else that applies."""
        choice = self._choice
        if choice is None:
            return ()
        chosen = self._chosen | {choice.pointer}
        return tuple(Schema.of(branch, *self._nodes, chosen=chosen) for branch in choice.branches)

    @lazy
    def variants(self) -> tuple[Schema, ...]:
        """The alternatives that differ in shape; () where they only restrict one shape."""
        if self._choice is not None:
            shaped = any(_shapes(branch) for branch in self._choice.branches)
            return self.alternatives if shaped or not self._types else ()
        if len(self._types) > 1:
            return tuple(self._narrowed(kind) for kind in self._types)
        return ()

    @property
    def exclusive(self) -> bool:
        """Whether exactly one of the alternatives may apply (`oneOf`)."""
        return self._choice is not None and self._choice.pointer.endswith("/oneOf")

    @lazy
    def _choice(self) -> SchemaChoice | None:
        for part in self.parts:
            if composition.COMPOSING.isdisjoint(part.mapping):
                continue
            for choice in composition.choices(part, self._chosen):
                if len(choice.branches) > 1 and not self._is_decided(choice):
                    return choice
        return None

    def _is_decided(self, choice: SchemaChoice) -> bool:
        """Whether a branch already applies: a parent that lists its children, seen from a child."""
        pointers = {part.pointer for part in self.parts}
        return any(branch.follow().pointer in pointers for branch in choice.branches)

    def _narrowed(self, kind: str) -> Schema:
        first = self._nodes[0]
        type_only = Node({"type": kind}, first.file, f"{first.path}/type/{kind}")
        return Schema.of(*self._nodes, type_only, chosen=self._chosen)

    @lazy
    def discriminator(self) -> str:
        """The property that distinguishes the variants; "" where none is named."""
        for value in self._each("discriminator"):
            if isinstance(value, str):
                return value
            if is_object(value):
                return str(value.get("propertyName", ""))
        return ""

    @lazy
    def tags(self) -> Mapping[str, str]:
        """Discriminator value -> pointer of its schema, as the document maps them."""
        pointers: dict[str, str] = {}
        for part in self.parts:
            mapping = part.at("discriminator", "mapping")
            for tag, target in mapping.mapping.items():
                node = inheritance.named_schema(part, str(target))
                if not node.broken:
                    pointers.setdefault(tag, node.pointer)
        return MappingProxyType(pointers)

    @lazy
    def children(self) -> Mapping[str, Schema]:
        """Discriminator value -> schema, for an object that others extend: as the document maps
        them, else each component that refers to this one in its `allOf`, by its name."""
        schemas: dict[str, Schema] = {}
        mapping = self.node.at("discriminator", "mapping")
        for tag, target in mapping.mapping.items():
            node = inheritance.named_schema(self.node, str(target))
            if not node.broken:
                schemas[tag] = Schema.of(node)
        mapped = {schema.pointer for schema in schemas.values()}
        for name, node in inheritance.extensions(self.node):
            if node.pointer not in mapped:
                schemas.setdefault(name, Schema.of(node))
        return MappingProxyType(schemas)

    @lazy
    def properties(self) -> Mapping[str, Schema]:
        """The properties of all parts; one that several parts describe must fit all of them. One
        that is required and described nowhere may be what other properties may be."""
        nodes: dict[str, list[Node]] = {}
        for part in self.parts:
            for name, node in part.at("properties").entries():
                if node.value is not False:
                    nodes.setdefault(name, []).append(node)
        described = {name: Schema.of(*places) for name, places in nodes.items()}
        undescribed = self.required - described.keys() if self.required else ()
        other = self.additional if undescribed else False
        if other is not False:
            described |= {name: self._undescribed(name, other) for name in sorted(undescribed)}
        return MappingProxyType(described)

    def _undescribed(self, name: str, other: Schema | bool) -> Schema:
        if isinstance(other, Schema):
            return other
        first = self._nodes[0]
        return Schema.of(Node(NOTHING, first.file, f"{first.path}/properties/{name}"))

    @lazy
    def required(self) -> frozenset[str]:
        names: set[str] = set()
        for value in self._each("required"):
            if is_list(value):
                names.update(name for name in value if isinstance(name, str))
        return frozenset(names)

    @lazy
    def additional(self) -> Schema | bool:
        """What other properties may be: a schema, anything (True) or nothing (False)."""
        nodes = [
            n for n in self._at("additionalProperties") if n.value is not True and n.value != {}
        ]
        if any(node.value is False for node in nodes):
            return False
        return Schema.of(*nodes) if nodes else True

    @lazy
    def more(self) -> bool:
        """Whether the document says that there are properties beside those that it names."""
        return self.additional is not False and any(
            part.mapping.get(keyword, False) is not False
            for part in self.parts
            for keyword in BEYOND
        )

    def elsewhere(self, name: str) -> tuple[Schema, ...]:
        """The `additionalProperties` of the parts that do not list the property."""
        return tuple(
            Schema.of(part.at("additionalProperties"))
            for part in self.parts
            if is_object(part.mapping.get("additionalProperties"))
            and name not in part.at("properties").mapping
        )

    @lazy
    def items(self) -> Schema | None:
        """The schema of the elements; None where the document has none."""
        nodes = [node for node in self._at("items") if is_object(node.value)]
        return Schema.of(*nodes) if nodes else None

    @lazy
    def prefix(self) -> tuple[Schema, ...]:
        """The first elements of a tuple, position by position."""
        for keyword in ("prefixItems", "items"):
            for node in self._at(keyword):
                if is_list(node.value):
                    return tuple(Schema.of(member) for member in node.members())
        return ()


def _both(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The types in both; an integer is a number."""
    return tuple(
        kind
        for kind in TYPES
        if (kind in first or (kind == "integer" and "number" in first))
        and (kind in second or (kind == "integer" and "number" in second))
        and (kind in first or kind in second)
    )


def _shapes(branch: Node) -> bool:
    """Whether a branch describes a value, rather than only listing required properties."""
    kinds = {"$ref", "type", "properties", "items", "enum", "const", "allOf", "oneOf", "anyOf"}
    return not kinds.isdisjoint(branch.mapping)
