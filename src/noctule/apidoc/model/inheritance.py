"""Which schemas a discriminator leads to: by name or reference, or because they extend a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from noctule.apidoc.model.composition import reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.node import Node

COMPONENTS = ("#/components/schemas", "#/definitions")


def named_schema(node: Node, text: str) -> Node:
    """What a discriminator of `node` maps to: the name of a component, or a reference."""
    if "/" not in text and "#" not in text:
        for place in COMPONENTS:
            target = node.target(place)
            named = target.at(text)
            if not target.broken and named.value is not None:
                return named
    return node.target(text)


def extensions(node: Node) -> Iterator[tuple[str, Node]]:
    """Name and place of each component that has this one in its `allOf`, itself or through
    others."""
    by_parent = _extensions(node)
    waiting, visited = [node.pointer], set[str]()
    while waiting:
        for name, child in by_parent.get(waiting.pop(), ()):
            if child.pointer not in visited:
                visited.add(child.pointer)
                waiting.append(child.pointer)
                yield child.text("x-ms-discriminator-value") or name, child


def _extensions(node: Node) -> dict[str, list[tuple[str, Node]]]:
    """Pointer of a component -> those that extend it; a file is looked through once."""
    memory, key = node.file.memory, ("extensions", node.file.label)
    if key not in memory:
        by_parent: dict[str, list[tuple[str, Node]]] = {}
        for place in COMPONENTS:
            components = node.target(place)
            for name, child in () if components.broken else components.entries():
                for member in child.at("allOf").members():
                    for parent in reference(member):
                        by_parent.setdefault(parent.pointer, []).append((name, child))
        memory[key] = by_parent
    return cast("dict[str, list[tuple[str, Node]]]", memory[key])
