"""How JSON Schema keywords combine: `$ref`, `allOf`, `oneOf`, `anyOf` and the spellings of null.

A schema consists of *parts* that all apply (references followed, `allOf` flattened) and of
*choices* of which one branch applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from noctule.json_types import is_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.node import Node

ANNOTATIONS = frozenset(
    {
        "$comment", "default", "deprecated", "description", "example", "examples", "externalDocs",
        "nullable", "readOnly", "summary", "title", "writeOnly", "xml",
    }
)  # fmt: skip
"""Keywords that say something about a value without restricting it."""

COMPOSING = frozenset({"$ref", "allOf", "oneOf", "anyOf"})
"""Keywords that make other nodes apply as well."""

Chosen = frozenset[str]
"""Pointers of the choices already made, so that a branch that names its parent ends there."""


@dataclass(frozen=True, slots=True)
class SchemaChoice:
    """A `oneOf` or `anyOf`: its place and the branches that are not null."""

    pointer: str
    branches: tuple[Node, ...]


def parts(nodes: tuple[Node, ...], decided: Chosen) -> tuple[Node, ...]:
    """All nodes that apply, the nearest first; a choice with one branch counts as that branch."""
    if len(nodes) == 1 and COMPOSING.isdisjoint(nodes[0].mapping):
        return nodes
    by_pointer: dict[str, Node] = {}
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if node.pointer in by_pointer:
            continue
        by_pointer[node.pointer] = node
        nexts = [*reference(node), *node.at("allOf").members()]
        for choice in choices(node, decided):
            if len(choice.branches) == 1:
                nexts.extend(choice.branches)
        waiting.extend(reversed(nexts))
    return tuple(by_pointer.values())


def reference(node: Node) -> Iterator[Node]:
    """The target of this node's `$ref`, if it has one."""
    name = node.mapping.get("$ref")
    if isinstance(name, str):
        target = node.target(name)
        if not target.broken:
            yield target


def beyond(node: Node) -> Node:
    """The target of a `$ref` without other keywords; otherwise the node itself.

    The ends of chains are remembered, so that a long one is walked once.
    """
    if "$ref" not in node.mapping or len(node.mapping) != 1:
        return node
    memory = node.file.memory
    visited: set[str] = set()
    while list(node.mapping) == ["$ref"] and (key := node.pointer) not in visited:
        if ("beyond", key) in memory:
            node = cast("Node", memory["beyond", key])
            break
        visited.add(key)
        node = next(reference(node), node)
    memory.update((("beyond", pointer), node) for pointer in visited)
    return node


def choices(node: Node, decided: Chosen) -> Iterator[SchemaChoice]:
    """The `oneOf` and `anyOf` of this very node."""
    for keyword in ("oneOf", "anyOf"):
        if keyword not in node.mapping:
            continue
        group = node.at(keyword)
        if group.pointer not in decided:
            branches = tuple(b for b in group.members() if not is_null(b.follow()))
            if branches:
                yield SchemaChoice(group.pointer, branches)


def types(node: Node) -> tuple[str, ...]:
    """The types a node states, null left out; () where it states none. A file is a string."""
    kinds = node.mapping.get("type")
    if isinstance(kinds, str):
        kinds = [kinds]
    if not is_list(kinds):
        return ()
    names = [t for t in kinds if isinstance(t, str) and t != "null"]
    return tuple(["string" if name == "file" else name for name in names])


def is_null(node: Node) -> bool:
    """The node admits null and nothing else."""
    value = node.mapping
    if value.get("type") in ("null", ["null"]) or value.get("enum") == [None]:
        return True
    return "const" in value and value["const"] is None


def admits_null(node: Node, visited: frozenset[str] = frozenset()) -> bool:
    """Null is a value of the node, in any spelling.

    A node that says nothing itself follows its reference, every member of its `allOf`, or any
    branch of its choice. `nullable` beside `allOf` counts, as authors mean it, although OpenAPI
    3.0.3 gives it no meaning there.
    """
    if states_null(node):
        return True
    if COMPOSING.isdisjoint(node.mapping) or node.pointer in visited:
        return False
    visited |= {node.pointer}
    if any(admits_null(target, visited) for target in reference(node)):
        return True
    members = [m for m in node.at("allOf").members() if not is_annotation(m)]
    if members and all(admits_null(member, visited) for member in members):
        return True
    groups = [node.at(keyword) for keyword in ("oneOf", "anyOf") if keyword in node.mapping]
    return bool(groups) and all(
        any(admits_null(branch, visited) for branch in group.members()) for group in groups
    )


def states_null(node: Node) -> bool:
    """Whether the node itself allows null."""
    value = node.mapping
    if value.get("nullable") is True or value.get("x-nullable") is True or is_null(node):
        return True
    kinds, enum = value.get("type"), value.get("enum")
    return (is_list(kinds) and "null" in kinds) or (is_list(enum) and None in enum)


def is_annotation(node: Node) -> bool:
    """The node restricts nothing."""
    return all(key in ANNOTATIONS or key.startswith("x-") for key in node.mapping)


def component(node: Node, decided: Chosen) -> Node:
    """The named place this node only wraps (a `$ref`, `allOf` or branch alone), or itself."""
    visited: set[str] = set()
    while not COMPOSING.isdisjoint(node.mapping) and node.pointer not in visited:
        visited.add(node.pointer)
        carried = [key for key in node.mapping if key not in ANNOTATIONS and key[:2] != "x-"]
        if component_name(node) or len(carried) != 1:
            return node
        inner = [*reference(node), *(m for m in node.at("allOf").members() if not is_annotation(m))]
        inner.extend(branch for choice in choices(node, decided) for branch in choice.branches)
        if len(inner) != 1:
            return node
        node = inner[0]
    return node


def component_name(node: Node) -> str | None:
    """The name of a component schema, seen from its place; None anywhere else."""
    tokens = node.path.split("/")[1:]
    if not tokens and node.file.label:
        return node.file.label.rpartition("/")[2].partition(".")[0]
    at = {"components": 3, "definitions": 2, "$defs": 2}.get(tokens[0]) if tokens else None
    if at != len(tokens) or (at == 3 and tokens[1] != "schemas"):
        return None
    return tokens[-1].replace("~1", "/").replace("~0", "~")
