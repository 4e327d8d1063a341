"""The parts of a multipart body: their media types and headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.sandbox.checks.accept import admits
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.schema_shape import is_binary, items, properties, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc.model.node import Node
    from noctule.sandbox.stated.bodies import StatedMedia
    from noctule.sandbox.stated.operation import StatedOperation

JSON = "application/json"
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    type: str
    """Media type; "" where the part has none, which is text/plain (RFC 7578, 4.4)."""
    headers: frozenset[str]
    """Names in lower case."""
    content: bytes
    is_file: bool


def part_findings(
    operation: StatedOperation, media: StatedMedia, parts: list[Part]
) -> Iterator[RequestFinding]:
    schemas = properties(media.schema) if media.schema is not None else {}
    for part in parts:
        encoding = media.encodings.get(part.name)
        stated = encoding.content_type if encoding is not None else ""
        pointer = encoding.pointer if encoding is not None else media.pointer
        wanted = stated or _usual(schemas.get(part.name))
        if wanted and not _is_one_of(part, wanted):
            sent = f"{part.name} as {part.type or 'text/plain'}"
            yield RequestFinding("part_type", operation.key, sent, wanted, pointer)
        for header in encoding.headers if encoding is not None else ():
            if header.lower() not in part.headers:
                yield RequestFinding("part_header", operation.key, part.name, header, pointer)


def _usual(schema: Node | None) -> str:
    """The media type of a part of which the document says nothing: JSON for an object (OpenAPI 3,
    "Encoding Object"); "" where any will do."""
    if schema is None:
        return ""
    element = (items(schema) or schema) if shape(schema) == "array" else schema
    if is_binary(element):
        return ""
    return JSON if shape(element) == "object" else ""


def _is_one_of(part: Part, wanted: str) -> bool:
    """Whether the part has one of the `wanted` types. A file may not say which of several it is."""
    kind = part.type or "text/plain"
    unsaid = part.is_file and kind == OCTETS and _is_open(wanted)
    return admits(wanted, kind) or unsaid or (wanted == JSON and kind.endswith("+json"))


def _is_open(wanted: str) -> bool:
    return "," in wanted or "*" in wanted
