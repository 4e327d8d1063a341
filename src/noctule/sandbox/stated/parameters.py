"""Parameters: where they go and in which style."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from noctule.apidoc.model.node import Node
from noctule.json_types import is_list
from noctule.sandbox.stated.schema_shape import Shape, shape

COLLECTION_FORMATS = {
    "csv": ("form", False),
    "ssv": ("spaceDelimited", False),
    "tsv": ("tabDelimited", False),
    "pipes": ("pipeDelimited", False),
    "multi": ("form", True),
}
"""Swagger 2's `collectionFormat`, as OpenAPI 3's style and explode."""
VARIABLE = re.compile(r"\{([^{}]+)\}")
IGNORED = frozenset({"accept", "content-type", "authorization"})
"""Headers of which a parameter says nothing (OpenAPI, "Fixed fields for a parameter")."""


@dataclass(frozen=True, slots=True)
class StatedParameter:
    """One parameter. `media` is the media type of one that carries a document, else ""."""

    name: str
    where: str
    required: bool
    style: str
    explode: bool
    media: str
    schema: Node
    pointer: str

    @property
    def shape(self) -> Shape:
        return shape(self.schema)

    @property
    def spelling(self) -> str:
        """How the document wants it written: "form, explode"."""
        return f"{self.style}{', explode' if self.explode else ''}"


def parameters(operation: Node, item: Node) -> tuple[StatedParameter, ...]:
    """The operation's own replace those of its path."""
    stated: dict[tuple[str, str], StatedParameter] = {}
    for node in (*item.at("parameters").members(), *operation.at("parameters").members()):
        written = node.follow()
        name, where = written.text("name"), written.text("in")
        if not name or where not in ("query", "path", "header", "cookie"):
            continue
        if where != "header" or name.lower() not in IGNORED:
            stated[where, name] = _parameter(written, name, where)
    return tuple(stated.values())


def in_template(
    path: str, stated: tuple[StatedParameter, ...], operation: Node
) -> tuple[StatedParameter, ...]:
    """The parameters with the variables of the path that none of them describes, which are texts.
    A variable in a query that the path holds ("/search?q={text}") is a parameter of the query."""
    template, _, query = path.partition("#")[0].partition("?")
    by_name = {each.name: each for each in stated if each.where == "path"}
    for name in VARIABLE.findall(path.partition("#")[0]):
        if name not in by_name:
            by_name[name] = _parameter(_text(operation, name), name, "path")
    fields = (field.partition("=") for field in query.split("&"))
    held = {value[1:-1]: name for name, _, value in fields if VARIABLE.fullmatch(value)}
    others = [each for each in stated if each.where != "path"]
    asked = {each.name for each in others if each.where == "query"}
    of_query = [
        replace(by_name[variable], name=name, where="query", style="form", explode=True)
        for variable, name in held.items()
        if name not in asked
    ]
    of_path = [by_name[name] for name in VARIABLE.findall(template)]
    return (*of_path, *others, *of_query)


def _parameter(node: Node, name: str, where: str) -> StatedParameter:
    style, explode = _style(node, where)
    content = node.at("content")
    media, carried = next(iter(content.entries()), ("", node))
    inline = "schema" not in node.mapping and not media
    return StatedParameter(
        name=name,
        where=where,
        required=where == "path" or node.mapping.get("required") is True,
        style=style,
        explode=explode,
        media=media,
        schema=_inline(node) if inline else carried.follow().at("schema"),
        pointer=node.pointer,
    )


def _style(node: Node, where: str) -> tuple[str, bool]:
    usual = "form" if where in ("query", "cookie") else "simple"
    if "type" in node.mapping and "schema" not in node.mapping:
        listed = COLLECTION_FORMATS.get(node.text("collectionFormat"), ("form", False))
        return listed if where == "query" else (usual, False)
    style = node.text("style") or usual
    explode = node.mapping.get("explode")
    return style, explode if isinstance(explode, bool) else style in ("form", "cookie")


def _inline(node: Node) -> Node:
    """Swagger 2 writes the schema into the parameter."""
    own = ("name", "in", "required", "collectionFormat", "allowEmptyValue")
    members = {key: value for key, value in node.mapping.items() if key not in own}
    return Node(members, node.file, node.path)


def _text(operation: Node, name: str) -> Node:
    return Node({"type": "string"}, operation.file, f"{operation.path}/parameters/{{{name}}}")


def texts(node: Node) -> list[str]:
    """The texts in a list."""
    return [each for each in node.value if isinstance(each, str)] if is_list(node.value) else []
