"""A schema of the document as a self-contained JSON Schema (2020-12) for any validator."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any, cast

from noctule.apidoc.model import composition
from noctule.apidoc.model.schema import TYPES, Schema
from noctule.apidoc.values import patterns
from noctule.apidoc.values.fits import carried
from noctule.json_types import is_list, is_number, is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.node import Node

COUNTS = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties",
    "minContains", "maxContains",
)  # fmt: skip
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
ONE = (
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
)
NAMED = ("properties", "patternProperties", "dependentSchemas")
IN_PLACE = ("allOf", "anyOf", "oneOf")
IN_PLACE_ONE = ("not", "if", "then", "else")
"""Keywords whose schema applies to the same value."""

DEFINITIONS = "#/$defs/"

UNPORTABLE = re.compile(
    r"\{\d*,?\d{4,}\}"  # repeats a compiled automaton has no room for
    r"|\{\d+-"  # a count that is none
    r"|\\[dwsDWS]-(?!\])"  # a range that starts at a class
    r"|\\0\d|\\u[dD][89a-fA-F]"  # octal, surrogates
    r"|\(\?<?[!=][^()]*\)[*+?{]"  # a repeated look-around
)

MOST_APPLIED = 10_000
"""Schemas that may apply to one value, counted once for each way that leads to them: a validator
takes every way."""
DEEPEST_APPLIED = 100

Chain = frozenset[str]
"""Pointers of the schemas that already apply to this value, from the outside in."""


def json_schema(schema: Schema, *, request: bool = False) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12, `$defs` included) of a schema, null as a type.

    In a response (`request=False`) required write-only properties may be absent, in a request
    required read-only ones. What no validator accepts (an unknown type, an invalid pattern) is
    left out. The definitions are shared by all calls on one document: do not change them.
    Raises `Problem` (exit 3) where more schemas apply to one value than a validator can try.
    """
    translator = Translator.of(schema, request=request)
    schemas = [translator.schema(node, frozenset({node.pointer})) for node in schema.nodes]
    definitions = translator.closure(schemas)
    translator.weigh(schema.pointer, schemas, definitions)
    body: dict[str, Any] = (
        schemas[0] if len(schemas) == 1 and is_object(schemas[0]) else {"allOf": schemas}
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **body,
        **({"$defs": definitions} if definitions else {}),
    }


class Translator:
    """Translates one document's schemas for one direction; each definition once."""

    def __init__(self, *, request: bool) -> None:
        self.request = request
        self._names: dict[tuple[str, Chain], str] = {}
        self._places: dict[str, tuple[Node, Chain]] = {}
        self._definitions: dict[str, tuple[dict[str, Any] | bool, frozenset[str]]] = {}
        self._reach: dict[str, frozenset[str]] = {}
        self._weights: dict[str, int] = {}

    @classmethod
    def of(cls, schema: Schema, *, request: bool) -> Translator:
        memory = schema.nodes[0].file.memory
        translator = memory.setdefault(("json_schema", request), cls(request=request))
        return cast("Translator", translator)

    def closure(self, schema: object) -> dict[str, Any]:
        """Every definition that the given JSON Schema needs, by name."""
        definitions: dict[str, Any] = {}
        pending = set(named(schema))
        while pending:
            name = pending.pop()
            if name not in self._definitions:
                node, chain = self._places[name]
                body = self.schema(node, chain | {node.pointer})
                self._definitions[name] = (body, frozenset(named(body)))
            definitions[name], needs = self._definitions[name]
            pending |= needs - definitions.keys()
        return definitions

    def weigh(self, place: str, schemas: object, definitions: dict[str, Any]) -> None:
        """Raise `Problem` where too many schemas, or too deep ones, apply to one value."""
        for schema in inner_schemas([schemas, *definitions.values()]):
            if self.weight(schema, definitions, 0) > MOST_APPLIED:
                raise Problem(
                    "apidoc.too_many_schemas",
                    exit=Exit.REFUSED,
                    place=place,
                    limit=MOST_APPLIED,
                    depth=DEEPEST_APPLIED,
                )

    def weight(self, schema: object, definitions: dict[str, Any], depth: int) -> int:
        """How many schemas a validator tries for one value of `schema`."""
        if not is_object(schema):
            return 1
        if depth > DEEPEST_APPLIED:
            return MOST_APPLIED + 1
        total = 1
        name = str(schema.get("$ref", "")).removeprefix(DEFINITIONS)
        if name:
            if name not in self._weights:
                self._weights[name] = 1  # where it leads back to itself
                self._weights[name] = self.weight(definitions[name], definitions, depth + 1)
            total += self._weights[name]
        in_place = [member for key in IN_PLACE for member in schema.get(key, ())]
        in_place += [schema[key] for key in IN_PLACE_ONE if key in schema]
        for member in in_place:
            total += self.weight(member, definitions, depth + 1)
        return min(total, MOST_APPLIED + 1)

    def schema(self, node: Node, chain: Chain) -> dict[str, Any] | bool:
        """One node. `chain` breaks cycles in which a validator would not end."""
        if isinstance(node.value, bool):
            return node.value
        keywords: dict[str, Any] = {}
        if isinstance(node.mapping.get("$ref"), str):
            keywords |= self.referred(node, chain)
        keywords |= values(node) | sizes(node)
        keywords |= self.members(node)
        keywords |= self.in_place(node, chain)
        if composition.states_null(node) and not composition.is_null(node):
            return with_null(keywords)
        return keywords

    def referred(self, node: Node, chain: Chain) -> dict[str, Any]:
        target = node.target(str(node.mapping["$ref"]))
        if target.broken or node.follow().broken or target.pointer in chain:
            return {}
        return {"$ref": f"{DEFINITIONS}{self.name(target, chain & self.reach(target))}"}

    def name(self, target: Node, chain: Chain) -> str:
        key = (target.pointer, chain)
        if key not in self._names:
            plain = composition.component_name(target) or target.path.rpartition("/")[2]
            base = re.sub(r"[^\w.-]", "_", plain) or "schema"
            name, count = base, 1
            while name in self._places:
                count += 1
                name = f"{base}_{count}"
            self._names[key] = name
            self._places[name] = (target, chain)
        return self._names[key]

    def reach(self, node: Node) -> frozenset[str]:
        """Every node that applies to the same value as this one, through references and choices."""
        if node.pointer not in self._reach:
            pointers: set[str] = set()
            pending = [node]
            while pending:
                place = pending.pop()
                if place.pointer not in pointers:
                    pointers.add(place.pointer)
                    pending.extend(composition.reference(place))
                    pending.extend(m for key in IN_PLACE for m in place.at(key).members())
                    pending.extend(place.at(key) for key in IN_PLACE_ONE if key in place.mapping)
            self._reach[node.pointer] = frozenset(pointers)
        return self._reach[node.pointer]

    def in_place(self, node: Node, chain: Chain) -> dict[str, Any]:
        keywords: dict[str, Any] = {}
        for keyword in IN_PLACE:
            members = list(node.at(keyword).members())
            circular = keyword != "allOf" and any(m.follow().pointer in chain for m in members)
            if members and not circular:
                schemas = [self.schema(member, chain) for member in members]
                if keyword == "oneOf" and "discriminator" in node.mapping:
                    decided = {"anyOf": list(map(tagged, schemas, tags_of(node, members)))}
                    keywords.setdefault("allOf", []).append(decided)
                else:
                    keywords[keyword] = schemas
        for keyword in IN_PLACE_ONE:
            if isinstance(node.mapping.get(keyword), dict | bool):
                keywords[keyword] = self.schema(node.at(keyword), chain)
        return keywords

    def members(self, node: Node) -> dict[str, Any]:
        """The schemas of properties and elements: other values, so a new chain begins."""
        keywords: dict[str, Any] = {}
        for keyword in NAMED:
            entries = [(k, n) for k, n in node.at(keyword).entries() if is_schema(n)]
            if entries:
                keywords[keyword] = {key: self.schema(n, frozenset()) for key, n in entries}
        for keyword in ONE:
            if is_schema(node.at(keyword)):
                keywords[keyword] = self.schema(node.at(keyword), frozenset())
        elements = [*node.at("prefixItems").members(), *node.at("items").members()]
        if elements:
            keywords["prefixItems"] = [self.schema(member, frozenset()) for member in elements]
        if is_schema(node.at("items")):
            keywords["items"] = self.schema(node.at("items"), frozenset())
        if required := self.required(node):
            keywords["required"] = required
        return keywords

    def required(self, node: Node) -> list[str]:
        names_ = node.mapping.get("required")
        if not is_list(names_):
            return []
        properties = dict(node.at("properties").entries())
        unique = dict.fromkeys(n for n in names_ if isinstance(n, str))
        return [
            name
            for name in unique
            if name not in properties
            or not is_schema(properties[name])
            or carried(Schema.of(properties[name]), request=self.request)
        ]


def tags_of(node: Node, branches: list[Node]) -> Iterator[tuple[str, list[str]]]:
    """For each branch the discriminating property, and the values that the document maps to it."""
    schema = Schema.of(node)
    for branch in branches:
        pointer = branch.follow().pointer
        yield schema.discriminator, [tag for tag, to in schema.tags.items() if to == pointer]


def tagged(schema: dict[str, Any] | bool, tag: tuple[str, list[str]]) -> dict[str, Any] | bool:
    """A branch that the discriminator decides for: others may fit the same value."""
    name, values = tag
    if not name or not values:
        return schema
    return {"allOf": [schema, {"properties": {name: {"enum": values}}}]}


def named(schema: object) -> Iterator[str]:
    """The definitions that a JSON Schema refers to."""
    pending = [schema]
    while pending:
        value = pending.pop()
        if is_list(value):
            pending.extend(value)
        elif is_object(value):
            reference = value.get("$ref")
            if isinstance(reference, str) and reference.startswith(DEFINITIONS):
                yield reference.removeprefix(DEFINITIONS)
            pending.extend(value.values())


def inner_schemas(schemas: list[object]) -> Iterator[object]:
    """The schemas of members and elements at any depth, each the first for its value."""
    pending = schemas
    while pending:
        value = pending.pop()
        if is_list(value):
            pending.extend(value)
        elif is_object(value):
            yield value
            pending.extend(value.get(key, ()) for key in ("allOf", "anyOf", "oneOf", "prefixItems"))
            pending.extend([*value.get(key, {}).values()] for key in NAMED)
            pending.extend(value[key] for key in (*ONE, *IN_PLACE_ONE, "items") if key in value)


def is_schema(node: Node) -> bool:
    return isinstance(node.value, dict | bool)


def values(node: Node) -> dict[str, Any]:
    """type, enum, const, format and pattern, where a validator accepts them."""
    value = node.mapping
    keywords: dict[str, Any] = {}
    kinds = [kind for kind in composition.types(node) if kind in TYPES]
    raw_type = value.get("type")
    if raw_type == "null" or (is_list(raw_type) and "null" in raw_type):
        kinds.append("null")
    if kinds and raw_type != "file":
        keywords["type"] = kinds[0] if len(kinds) == 1 else list(dict.fromkeys(kinds))
    if is_list(value.get("enum")) and value["enum"]:
        keywords["enum"] = value["enum"]
    if "const" in value:
        keywords["const"] = value["const"]
    if isinstance(value.get("format"), str):
        keywords["format"] = value["format"]
    if isinstance(value.get("pattern"), str) and readable(value["pattern"]):
        keywords["pattern"] = value["pattern"]
    return keywords


def sizes(node: Node) -> dict[str, Any]:
    """Bounds; OpenAPI 3.0's flags for excluded bounds become bounds."""
    value = node.mapping
    keywords: dict[str, Any] = {
        key: int(value[key])
        for key in COUNTS
        if is_number(value.get(key)) and value[key] >= 0 and value[key] == int(value[key])
    }
    keywords |= {key: value[key] for key in BOUNDS if is_number(value.get(key))}
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if value.get(flag) is True and bound in keywords:
            keywords[flag] = keywords.pop(bound)
    if is_number(value.get("multipleOf")) and value["multipleOf"] > 0:
        keywords["multipleOf"] = value["multipleOf"]
    if value.get("uniqueItems") is True:
        keywords["uniqueItems"] = True
    return keywords


def with_null(keywords: dict[str, Any]) -> dict[str, Any]:
    """The same schema, with null allowed."""
    kind = keywords.get("type")
    simple = {"enum", "const", "$ref", "allOf", "anyOf", "oneOf", "not", "if"}.isdisjoint(keywords)
    if simple and isinstance(kind, str):
        return {**keywords, "type": list(dict.fromkeys([kind, "null"]))}
    if simple and (kind is None or "null" in kind):
        return keywords
    return {"anyOf": [keywords, {"type": "null"}]}


def readable(pattern: str) -> bool:
    """Whether the pattern is valid in every dialect of regular expressions that validators use."""
    if UNPORTABLE.search(pattern):
        return False
    if patterns.parsed(pattern) is not None:
        return True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", pattern))
    except (re.error, RecursionError, OverflowError):
        return False
    return True
