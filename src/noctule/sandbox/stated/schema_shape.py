"""Whether a schema describes a list, an object or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.node import Node

Shape = Literal["array", "object", "scalar", ""]
"""`""`: it may be more than one of them, or the document does not say."""
DEEPEST = 12


def shape(schema: Node) -> Shape:
    shapes = set(_shapes(schema, 0))
    return shapes.pop() if len(shapes) == 1 else ""


def _shapes(schema: Node, depth: int) -> Iterator[Shape]:
    node = schema.follow()
    kind = node.mapping.get("type")
    stated: list[Any] = kind if is_list(kind) else [kind]
    kinds = [each for each in stated if each not in (None, "null")]
    for each in kinds:
        yield each if each in ("array", "object") else "scalar"
    if kinds:
        return
    if "items" in node.mapping:
        yield "array"
    elif is_object(node.mapping.get("properties")):
        yield "object"
    elif "enum" in node.mapping or "const" in node.mapping:
        yield "scalar"
    for keyword in ("allOf", "anyOf", "oneOf") if depth < DEEPEST else ():
        for member in node.at(keyword).members():
            yield from _shapes(member, depth + 1)


def properties(schema: Node, depth: int = 0) -> dict[str, Node]:
    """The named members of an object, those of its parts included."""
    node = schema.follow()
    found = dict(node.at("properties").entries())
    for keyword in ("allOf", "anyOf", "oneOf") if depth < DEEPEST else ():
        for member in node.at(keyword).members():
            found = {**properties(member, depth + 1), **found}
    return found


def items(schema: Node, depth: int = 0) -> Node | None:
    """The schema of the elements of a list."""
    node = schema.follow()
    if is_object(node.mapping.get("items")):
        return node.at("items")
    for keyword in ("allOf", "anyOf", "oneOf") if depth < DEEPEST else ():
        for member in node.at(keyword).members():
            if (found := items(member, depth + 1)) is not None:
                return found
    return None


def is_binary(schema: Node) -> bool:
    """Whether it describes bytes: a file, not text."""
    node = schema.follow()
    if node.mapping.get("type") == "file" or node.text("format") == "binary":
        return True
    return bool(node.text("contentMediaType")) and not node.text("contentEncoding")
