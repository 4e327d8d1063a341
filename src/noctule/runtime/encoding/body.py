"""The body of a request, for each `BodyKind` of an operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.runtime.encoding.multipart import multipart
from noctule.runtime.encoding.query import form
from noctule.runtime.encoding.upload import BodySource, bounded, source
from noctule.runtime.encoding.values import as_json, is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from noctule.runtime.operation import BodyKind

SMALL = 1024 * 1024
"""A replayable multipart body up to this size is one `bytes`, like every other body."""


class EncodedBody(msgspec.Struct, frozen=True):
    """The bytes to send, and whether they can be sent a second time."""

    content: bytes | BodySource
    content_type: str = ""
    replayable: bool = True

    def __repr__(self) -> str:
        return f"<EncodedBody {self.content_type}>"

    @property
    def length(self) -> int | None:
        """Bytes; None when unknown (the request is then sent in chunks)."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.length


def encode_body(
    kind: BodyKind,
    value: Any,
    styles: Mapping[str, str] | None = None,
    *,
    parts: Mapping[str, str] | None = None,
    nulls: bool = False,
    sequence: bool = False,
) -> EncodedBody:
    """Write `value`: its members that are None are not sent, `NULL` is an explicit null. With
    `nulls`, None is null there too; inside nested values it always is.

    `styles` are those of a form, `parts` the media types of its parts. With `sequence`, "lines" are
    the records of a JSON text sequence (RFC 7464). Raises `InvalidArgument` naming the member that
    cannot be written.
    """
    try:
        match kind:
            case "json":
                return EncodedBody(as_json(value, "body", nulls=nulls), "application/json")
            case "merge-patch":
                # RFC 7396: the provider removes members that are null.
                return EncodedBody(
                    as_json(value, "body", nulls=nulls), "application/merge-patch+json"
                )
            case "form":
                return EncodedBody(
                    form(_members(value), styles), "application/x-www-form-urlencoded"
                )
            case "multipart":
                return _multipart(value, parts, styles)
            case "lines":
                return _lines(value, sequence)
            case "text":
                encoded = utf8(text(value, "body"), "body")
                return EncodedBody(encoded, "text/plain; charset=utf-8")
            case "bytes":
                return _bytes(value)
    except RecursionError:
        raise InvalidArgument("body: nested too deeply, or it contains itself") from None


def _multipart(
    value: object, parts: Mapping[str, str] | None, styles: Mapping[str, str] | None
) -> EncodedBody:
    chunks, content_type = multipart(_members(value), types=parts, styles=styles)
    small = chunks.length is not None and chunks.length <= SMALL
    if small and chunks.replayable and chunks.chunks:
        return EncodedBody(b"".join(chunks), content_type)
    return EncodedBody(chunks, content_type, chunks.replayable)


def _lines(value: Any, sequence: bool) -> EncodedBody:
    """One JSON value on each line; what is no list of values is written already."""
    if isinstance(value, str):
        value = utf8(value, "body")
    items = members(value, "body") if is_container(value) else None
    if items is None:
        return msgspec.structs.replace(_bytes(value), content_type="application/x-ndjson")
    if isinstance(items, dict):
        raise InvalidArgument("body: give a list, one value for each line")
    before = b"\x1e" if sequence else b""
    lines = (before + as_json(item, f"body[{index}]") + b"\n" for index, item in enumerate(items))
    return EncodedBody(b"".join(lines), "application/x-ndjson")


def _bytes(value: Any) -> EncodedBody:
    if value is None or isinstance(value, str | Mapping):
        raise InvalidArgument("body: give bytes, a Path, an open file or an iterable of bytes")
    chunks = bounded(source(value))
    if isinstance(value, bytes):
        return EncodedBody(value, "application/octet-stream")
    return EncodedBody(chunks, "application/octet-stream", chunks.replayable)


def _members(value: object) -> dict[str, object]:
    contents = members(value, "body") if is_container(value) else None
    if not isinstance(contents, dict):
        raise InvalidArgument("body: a form needs named values")
    return contents
