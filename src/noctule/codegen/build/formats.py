"""The other formats of an answer: a report as JSON, and also as PDF or CSV.

Each is a method of its own, because it returns something else. Other spellings of the same data
(XML, YAML, plain text) are none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec.structs import replace

from noctule.codegen.build.methods import answer_media, other_type
from noctule.codegen.model.integration import Scalar
from noctule.codegen.model.naming import free

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc import ApiOperation, Media
    from noctule.codegen.model.integration import Method
    from noctule.codegen.model.naming import Naming

FORMATS = {
    "application/csv": "csv",
    "application/gpx+xml": "gpx",
    "application/gzip": "gzip",
    "application/jsonl": "lines",
    "application/msword": "doc",
    "application/octet-stream": "bytes",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/vnd.google-earth.kml+xml": "kml",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/x-ndjson": "lines",
    "application/zip": "zip",
    "text/calendar": "calendar",
    "text/csv": "csv",
    "text/event-stream": "events",
    "text/html": "html",
    "text/markdown": "markdown",
    "text/tab-separated-values": "tsv",
    "text/vcard": "vcard",
}
"""Media type -> how a method for it ends; images, sounds and films have their subtypes."""
_MEDIUM = re.compile(r"(?:image|audio|video|font)/(?:x-)?([a-z0-9-]+)(?:\+xml)?")


def in_other_formats(
    methods: Iterable[Method], operations: Iterable[ApiOperation], naming: Naming
) -> Iterator[Method]:
    """Each method, followed by those that ask for the same in another format."""
    methods = list(methods)
    names_in_use = {method.resource: {*naming.service, *naming.methods} for method in methods}
    for method in methods:
        names_in_use[method.resource].add(method.name)
    for method, operation in zip(methods, operations, strict=True):
        yield method
        for media, ending in _others(operation):
            candidates = (f"{method.name}_{ending}", f"{method.name}_as_{ending}")
            name = free(candidates, names_in_use[method.resource])
            yield _in_format(method, media, name)


def _others(operation: ApiOperation) -> Iterator[tuple[Media, str]]:
    main = answer_media(operation)
    if main is None or operation.success is None:
        return
    endings = {_ending(main.essence)}
    for media in operation.success.media.values():
        ending = _ending(media.essence)
        if ending and ending not in endings:
            endings.add(ending)
            yield media, ending


def _ending(essence: str) -> str:
    match = _MEDIUM.fullmatch(essence)
    return match[1].replace("-", "_") if match else FORMATS.get(essence, "")


def _in_format(method: Method, media: Media, name: str) -> Method:
    returns = other_type(media)
    return replace(
        method,
        name=name,
        does=f"The answer of `{method.name}` as `{media.essence}`.",
        detail="",
        returns=returns,
        accepts=media.essence,
        also={status: kind for status, kind in method.also.items() if kind is None},
        response_example="content",
        pages=None,
        streams=returns == Scalar("bytes") or media.is_lines or _ending(media.essence) == "events",
        alternative=True,
    )
