"""From what the user named (a path, an address, "-") to an ApiDocument."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from noctule.apidoc import bounds
from noctule.apidoc.address import is_address, shown
from noctule.apidoc.importers.credentials import is_credential, opaque
from noctule.apidoc.loading.decode import decode, refuse
from noctule.apidoc.loading.files import Fetch, Library, file_bytes
from noctule.apidoc.model.document import ApiDocument
from noctule.apidoc.model.node import Node, UnreadableError
from noctule.apidoc.model.openapi3 import METHODS
from noctule.json_types import as_dict, is_list, is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Amend = Callable[[Any], Any]

SIGNED = re.compile(r"sig(nature)?$|^(auth|jwt|session|code|access)", re.IGNORECASE)
"""Names of parameters that let in whoever has the address."""
SECTIONS: Mapping[str, type] = {
    "info": dict, "paths": dict, "webhooks": dict, "components": dict, "definitions": dict,
    "servers": list, "securityDefinitions": dict,
}  # fmt: skip
STRANGERS: Mapping[str, str] = {
    "asyncapi": "AsyncAPI",
    "swaggerVersion": "Swagger 1",
    "discoveryVersion": "Google API Discovery",
    "raml": "RAML",
    "__schema": "GraphQL",
    "$schema": "JSON Schema",
    "arazzo": "Arazzo",
    "overlay": "OpenAPI Overlay",
}
"""A key at the root -> the format it betrays."""


def load(
    source: str | Path, *, fetch: Fetch | None = None, amend: Amend | None = None
) -> ApiDocument:
    """The document at a path or an http(s) address, or on standard input ("-").

    `fetch` replaces the default download. `amend` makes another value of the decoded main file
    (`overlay.amendment`). Raises Problem: USAGE where the file is missing, too large, malformed
    or no API document; OUTSIDE where an address cannot be read.
    """
    name = str(source)
    if name == "-":
        return parse(sys.stdin.buffer.read(bounds.MAX_BYTES + 1), source="-", amend=amend)
    if is_address(name):
        return from_address(name, fetch, amend)
    path = Path(name).expanduser()
    library = Library(folder=path.parent)
    data = path_bytes(path)
    return build(data, source=name, place=name, library=library, name=path.name, amend=amend)


def from_address(address: str, fetch: Fetch | None, amend: Amend | None = None) -> ApiDocument:
    from noctule.apidoc.loading import download

    if secret := secret_part(address):
        raise Problem("apidoc.secret_address", exit=Exit.REFUSED, place=shown(address), part=secret)
    get = fetch or download.fetch
    library = Library(address=address, fetch=get)
    place = shown(address)
    data = get(address)
    return build(data, source=address, place=place, library=library, name=address, amend=amend)


def secret_part(address: str) -> str:
    """The part of an address that is or looks secret, by its name: it would stand in the task."""
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return ""
    if "@" in parts.netloc:
        return "user:password@"
    for name, value in pairs:
        if value and (is_credential(name) or SIGNED.search(name) or opaque(value)):
            return name if not opaque(name) else "query"
    return "query" if not pairs and opaque(parts.query) else ""


def parse(data: bytes, *, source: str, amend: Amend | None = None) -> ApiDocument:
    """The document in these bytes; its references may not leave it. Raises Problem as `load`."""
    place = "standard input" if source == "-" else source
    return build(data, source=source, place=place, library=Library(), name="", amend=amend)


def path_bytes(path: Path) -> bytes:
    if not path.exists():
        refuse("missing", str(path))
    if path.is_dir():
        refuse("folder", str(path))
    try:
        return file_bytes(path)
    except UnreadableError as error:
        refuse("unreadable", str(path), cause=error)


def build(
    data: bytes,
    *,
    source: str,
    place: str,
    library: Library,
    name: str,
    amend: Amend | None = None,
) -> ApiDocument:
    decoded = decode(data, place=place)
    dialect, value = recognise(decoded.value, place)
    if amend is not None:
        dialect, value = recognise(amend(value), place)
    root = Node(value, library.main(value, name))
    return ApiDocument(
        root,
        source=source,
        sha256=hashlib.sha256(data).hexdigest(),
        dialect=dialect,
        duplicates=decoded.duplicates,
    )


def recognise(value: Any, place: str) -> tuple[str, Any]:
    """The dialect of a document and the document; a collection or a capture as the OpenAPI document
    it amounts to. Raises Problem that says what it is instead."""
    if not is_object(value):
        refuse("not_openapi", place, found="list" if is_list(value) else "text")
    document = value
    if is_object(document.get("log")) and is_list(document["log"].get("entries")):
        from noctule.apidoc.importers import har

        return "har-1.2", har.convert(document)
    if is_object(document.get("info")) and is_list(document.get("item")):
        from noctule.apidoc.importers import postman

        return postman.version(document["info"]), postman.convert(document)
    openapi, swagger = str(document.get("openapi", "")), str(document.get("swagger", ""))
    if match := re.match(r"3\.([012])(\D|$)", openapi):
        dialect = f"openapi-3.{match[1]}"
    elif swagger in ("2.0", "2"):
        dialect = "swagger-2.0"
    elif openapi or swagger:
        refuse("unknown_version", place, version=openapi or swagger)
    else:
        refuse("not_openapi", place, found=stranger(document))
    for section, kind in SECTIONS.items():
        if document.get(section) is not None and not isinstance(document[section], kind):
            refuse("malformed_section", f"{place}#/{section}", section=section)
    items = filter(is_object, as_dict(document.get("paths")).values())
    count = sum(key in METHODS for item in items for key in item)
    if count > bounds.MAX_OPERATIONS:
        refuse("too_many_operations", place, count=count, limit=bounds.MAX_OPERATIONS)
    return dialect, document


def stranger(document: Mapping[str, Any]) -> str:
    """What a mapping that is not an API document looks like."""
    for key, name in STRANGERS.items():
        if key in document:
            return name
    return ", ".join(list(document)[:4]) or "{}"
