"""Flaws of a document: contradictions, and parts that are not what OpenAPI requires.

Reading goes on past a flaw; each has its place, so that a person can repair it and a generator can
say what it left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from typing import TYPE_CHECKING, cast

from noctule.apidoc.model.schema import Schema
from noctule.apidoc.quality.gaps import Gap
from noctule.apidoc.quality.schema_flaws import misfits, of_schema
from noctule.json_types import is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc.model.document import ApiDocument
    from noctule.apidoc.model.operation import ApiOperation
    from noctule.apidoc.model.parts import Media

Flaw = tuple[str, str, str]
"""Kind, pointer, detail."""

MOST_SCHEMAS = 100
"""Schemas looked at for one operation, the nearest first."""


def flaws(document: ApiDocument, operations: Iterable[ApiOperation]) -> tuple[Gap, ...]:
    """Every flaw of these operations and of the document itself; a place that several operations
    share is reported once, for the first of them."""
    by_place: dict[tuple[str, str], Gap] = {}
    for operation in operations:
        for kind, pointer, detail in of_operation(document, operation):
            by_place.setdefault((kind, pointer), Gap(operation.key, kind, pointer, detail))
    for kind, pointer, detail in of_document(document):
        by_place.setdefault((kind, pointer), Gap("", kind, pointer, detail))
    return tuple(by_place.values())


def of_document(document: ApiDocument) -> Iterator[Flaw]:
    if not document.operations:
        yield "no_paths", "#/paths", ""
    for place in document.duplicates:
        yield "duplicate_key", place, place
    for path, node in document.root.at("paths").entries():
        if path.startswith("x-"):
            continue
        if not path.startswith("/"):
            yield "rootless_path", node.pointer, printable(path)
        item = node.follow()
        if item.broken:
            yield "broken_reference", node.pointer, item.broken
        elif not is_object(item.value):
            yield "malformed", node.pointer, path
    for name, schema in document.schemas.items():
        if strange(name):
            yield "strange_name", schema.nodes[0].pointer, printable(name)


def of_operation(document: ApiDocument, operation: ApiOperation) -> tuple[Flaw, ...]:
    """Every flaw of one operation, of its parameters, bodies and answers; looked for once."""
    memory = operation.node.file.memory
    key = ("flaws", operation.key)
    if key not in memory:
        memory[key] = tuple(found_in(document, operation))
    return cast("tuple[Flaw, ...]", memory[key])


def found_in(document: ApiDocument, operation: ApiOperation) -> Iterator[Flaw]:
    at = operation.pointer
    for other in document.namesakes(operation):
        yield "duplicate_id", f"{at}/operationId", other.key
    for other in document.lookalikes(operation):
        yield "same_path", at, other.key
    for name in (operation.path, operation.operation_id):
        if strange(name):
            yield "strange_name", at, printable(name)
    for scheme in sorted({name for names in operation.security for name in names}):
        if scheme not in document.security_schemes:
            yield "unknown_scheme", f"{at}/security", scheme
    yield from of_parameters(operation)
    yield from of_bodies(operation)
    for schema in reached(operation):
        yield from remembered(schema)


def of_parameters(operation: ApiOperation) -> Iterator[Flaw]:
    at = f"{operation.pointer}/parameters"
    written = set(re.findall(r"\{([^{}]+)\}", operation.path.partition("?")[0]))
    known = {p.name for p in operation.parameters if p.where == "path"}
    for name in (*sorted(operation.undeclared), *sorted(known - written)):
        yield "path_parameter", at, name
    for node in operation.parameter_nodes:
        if node.broken:
            yield "broken_reference", at, node.broken
        elif not node.text("name") or not node.text("in"):
            yield "malformed", node.pointer, "name, in"
    for parameter in operation.parameters:
        if strange(parameter.name):
            yield "strange_name", at, printable(parameter.name)
        for detail in misfits(parameter.schema, parameter.examples):
            yield "unfit_example", parameter.schema.nodes[0].pointer, f"{parameter.name}{detail}"


def of_bodies(operation: ApiOperation) -> Iterator[Flaw]:
    if operation.body:
        at = f"{operation.pointer}/requestBody"
        if not operation.body.media:
            yield "empty_schema", at, ""
        for media in operation.body.media.values():
            yield from of_media(media, at, request=True)
    for response in operation.responses.values():
        if response.broken:
            yield "broken_reference", f"{operation.pointer}/responses", response.broken
        for media in response.media.values():
            yield from of_media(media, response.pointer, request=False)


def of_media(media: Media, at: str, *, request: bool) -> Iterator[Flaw]:
    if media.schema is None:
        if request and re.search(r"json|form", media.type):
            yield "empty_schema", at, media.type
    elif media.is_json:
        for detail in misfits(media.schema, media.examples, request=request):
            yield "unfit_example", at, f"{media.type} {detail}"


def reached(operation: ApiOperation) -> Iterator[Schema]:
    """The schemas of an operation and their inner schemas, the nearest first."""
    waiting = deque(parameter.schema for parameter in operation.parameters)
    medias = [*operation.body.media.values()] if operation.body else []
    for response in operation.responses.values():
        medias += response.media.values()
        waiting += (header.schema for header in response.headers.values())
    waiting += (media.schema for media in medias if media.schema)
    seen: set[Schema] = set()
    while waiting and len(seen) < MOST_SCHEMAS:
        schema = waiting.popleft()
        if schema not in seen:
            seen.add(schema)
            yield schema
            waiting += within(schema)


def within(schema: Schema) -> Iterator[Schema]:
    yield from schema.properties.values()
    yield from schema.variants
    yield from schema.prefix
    for held in (schema.items, schema.additional):
        if isinstance(held, Schema):
            yield held


def remembered(schema: Schema) -> tuple[Flaw, ...]:
    """A schema's own flaws, looked for once per document."""
    memory = schema.nodes[0].file.memory
    if ("flaws", schema) not in memory:
        memory["flaws", schema] = tuple(of_schema(schema))
    return cast("tuple[Flaw, ...]", memory["flaws", schema])


def strange(name: str) -> bool:
    """Whether it contains invisible characters: control, format and surrogate characters."""
    return any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co") for letter in name)


def printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode() if strange(name) else name
