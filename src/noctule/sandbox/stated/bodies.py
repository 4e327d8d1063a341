"""Bodies of requests and responses, by media type."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.apidoc.model.node import Node
from noctule.sandbox.stated.parameters import COLLECTION_FORMATS, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class StatedEncoding:
    """How a field of a form, or a part of a multipart body, is written; "" and None: not said."""

    style: str
    explode: bool | None
    content_type: str
    headers: tuple[str, ...]
    """Headers that the part must have."""
    pointer: str


@dataclass(frozen=True, slots=True)
class StatedMedia:
    """A body of one media type."""

    type: str
    schema: Node | None
    pointer: str
    encodings: Mapping[str, StatedEncoding] = field(default_factory=dict[str, StatedEncoding])
    streams: bool = False
    """Whether its schema is that of each element of a stream."""

    @property
    def essence(self) -> str:
        return essence(self.type)


@dataclass(frozen=True, slots=True)
class StatedBody:
    required: bool
    media: tuple[StatedMedia, ...]
    pointer: str


@dataclass(frozen=True, slots=True)
class StatedResponse:
    """`status` is "200", "2XX" or "default"; `headers` has the names in lower case."""

    status: str
    media: tuple[StatedMedia, ...]
    headers: Mapping[str, Node]
    pointer: str


def essence(media_type: str) -> str:
    """A media type in lower case, without its parameters."""
    return media_type.partition(";")[0].strip().lower()


def request_body(root: Node, operation: Node, item: Node) -> StatedBody | None:
    if root.text("swagger"):
        return _swagger2_body(root, operation, item)
    node = operation.at("requestBody").follow()
    if not node.mapping:
        return None
    return StatedBody(node.mapping.get("required") is True, _content(node), node.pointer)


def responses(root: Node, operation: Node) -> tuple[StatedResponse, ...]:
    return tuple(
        StatedResponse(
            status=status.upper() if status != "default" else status,
            media=_swagger2_content(root, operation, written)
            if root.text("swagger")
            else _content(written),
            headers={
                name.lower(): header.follow() for name, header in written.at("headers").entries()
            },
            pointer=written.pointer,
        )
        for status, node in operation.at("responses").entries()
        if not status.startswith("x-")
        for written in (node.follow(),)
    )


def _content(node: Node) -> tuple[StatedMedia, ...]:
    return tuple(_media(type_, content.follow()) for type_, content in node.at("content").entries())


def _media(type_: str, content: Node) -> StatedMedia:
    item = content.at("itemSchema")
    schema = item if item.mapping else content.at("schema")
    encodings = {name: _encoding(each.follow()) for name, each in content.at("encoding").entries()}
    stated = schema if schema.value not in (None, {}) else None
    return StatedMedia(type_, stated, content.pointer, encodings, streams=bool(item.mapping))


def _encoding(node: Node) -> StatedEncoding:
    explode = node.mapping.get("explode")
    required = (
        name
        for name, header in node.at("headers").entries()
        if header.follow().mapping.get("required") is True and name.lower() != "content-type"
    )
    return StatedEncoding(
        style=node.text("style"),
        explode=explode if isinstance(explode, bool) else None,
        content_type=node.text("contentType"),
        headers=tuple(required),
        pointer=node.pointer,
    )


def _swagger2_body(root: Node, operation: Node, item: Node) -> StatedBody | None:
    stated: dict[tuple[str, str], Node] = {}
    for reference in (*item.at("parameters").members(), *operation.at("parameters").members()):
        node = reference.follow()
        if node.text("in") in ("body", "formData"):
            name = node.text("name") if node.text("in") == "formData" else ""
            stated[node.text("in"), name] = node
    types = texts(operation.at("consumes")) or texts(root.at("consumes"))
    for (where, _), node in stated.items():
        if where == "body":
            schema = node.at("schema") if node.at("schema").mapping else None
            media = tuple(StatedMedia(each, schema, node.pointer) for each in types or [JSON])
            return StatedBody(node.mapping.get("required") is True, media, node.pointer)
    return _swagger2_form(operation, [*stated.values()], types) if stated else None


def _swagger2_form(operation: Node, fields: list[Node], types: list[str]) -> StatedBody:
    """The form that the parameters in `formData` make together."""
    required = [each.text("name") for each in fields if each.mapping.get("required") is True]
    members = {each.text("name"): each.value for each in fields}
    plain = {
        name: {k: v for k, v in value.items() if k not in ("in", "name", "required")}
        for name, value in members.items()
    }
    written = {"type": "object", "properties": plain, "required": required}
    schema = Node(written, operation.file, f"{operation.path}/parameters")
    encodings = {
        each.text("name"): StatedEncoding(
            *COLLECTION_FORMATS.get(each.text("collectionFormat"), ("form", False)),
            content_type="",
            headers=(),
            pointer=each.pointer,
        )
        for each in fields
        if each.text("type") == "array"
    }
    files = any(each.text("type") == "file" for each in fields)
    forms = [each for each in types if essence(each) in (FORM, MULTIPART)]
    chosen = [MULTIPART] if files else forms or [FORM]
    media = tuple(StatedMedia(each, schema, operation.pointer, encodings) for each in chosen)
    return StatedBody(bool(required), media, operation.at("parameters").pointer)


def _swagger2_content(root: Node, operation: Node, response: Node) -> tuple[StatedMedia, ...]:
    types = texts(operation.at("produces")) or texts(root.at("produces")) or [JSON]
    examples = [*response.at("examples").mapping]
    schema = response.at("schema")
    if not schema.mapping:
        return tuple(StatedMedia(each, None, response.pointer) for each in examples)
    kinds = dict.fromkeys([*types, *examples])
    return tuple(StatedMedia(each, schema, response.pointer) for each in kinds)
