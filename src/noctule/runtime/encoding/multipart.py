"""`multipart/form-data` (RFC 7578): fields and files, streamed if a file is streamed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from noctule.runtime.encoding.headers import header
from noctule.runtime.encoding.headers import headers as encode_headers
from noctule.runtime.encoding.query import DELIMITERS
from noctule.runtime.encoding.upload import BodySource, Content, bounded, source
from noctule.runtime.encoding.values import as_json, is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

MAX_PARTS = 1000
OCTETS = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a multipart body.

    `content` is bytes, a `Path`, a file opened in binary mode, or an (async) iterable of
    bytes. Without a `filename`, the name of the path or file is used.
    """

    content: Content = field(repr=False)
    filename: str = ""
    content_type: str = ""
    """By default the one that the operation names for the part, else `application/octet-stream`."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further headers of the part."""

    @property
    def name(self) -> str:
        if self.filename:
            return self.filename
        content = self.content
        path = content if isinstance(content, Path) else getattr(content, "name", "")
        return Path(path).name if isinstance(path, str | Path) else ""


@dataclass(frozen=True, slots=True)
class FormPart:
    """A value of a multipart body whose part has headers of its own; None among them, or as the
    value, is not sent. The parts of a list all have them."""

    value: object = field(repr=False)
    headers: Mapping[str, object] = field(repr=False)


def multipart(
    values: Mapping[str, object],
    boundary: str = "",
    types: Mapping[str, str] | None = None,
    styles: Mapping[str, str] | None = None,
) -> tuple[BodySource, str]:
    """The body and its Content-Type. The default `boundary` is random.

    A list repeats its name, an object is a part in JSON (OpenAPI 3.1, "Encoding Object"), and None
    is not sent. `types` gives the media types of parts: a value under a JSON type is one part.
    Under one of `styles` a list is one text with delimiters; under `deepObject` each value inside a
    list or an object is a part: `it[a]`, `it[0]`.
    """
    boundary = boundary or os.urandom(16).hex()
    types, styles = types or {}, styles or {}
    parts: list[tuple[bytes, BodySource]] = []
    for name, value in values.items():
        part = value if isinstance(value, FormPart) else FormPart(value, {})
        headers, media_type = encode_headers(part.headers), types.get(name, "")
        if styles.get(name) == "deepObject":
            for inner, item in _deep(name, part.value):
                parts += _parts(inner, item, media_type, headers)
            continue
        joined = _joined(name, part.value, styles.get(name, ""))
        parts += _parts(name, joined, media_type, headers)
    if len(parts) > MAX_PARTS:
        raise InvalidArgument(f"a multipart body of more than {MAX_PARTS} parts")
    pieces: list[BodySource] = []
    for head, body in parts:
        pieces += [source(b"--" + boundary.encode() + b"\r\n" + head), body, source(b"\r\n")]
    pieces.append(source(b"--" + boundary.encode() + b"--\r\n"))
    return bounded(_chained(pieces)), f"multipart/form-data; boundary={boundary}"


def _parts(
    name: str, value: object, media_type: str, headers: Mapping[str, str]
) -> Iterator[tuple[bytes, BodySource]]:
    if value is None:
        return
    if isinstance(value, File):
        filename = _quoted(value.name or "file")
        media_type = value.content_type or media_type or OCTETS
        others = {**headers, **value.headers}
        yield _head(name, f'; filename="{filename}"', media_type, others), source(value.content)
    elif isinstance(value, bytes):
        yield from _parts(name, File(value, filename=name), media_type, headers)
    elif _is_json(media_type):
        yield _head(name, "", media_type, headers), source(as_json(value, name))
    elif not is_container(value):
        yield _head(name, "", media_type, headers), source(utf8(text(value, name), name))
    elif isinstance(contents := members(value, name), list):
        for item in contents:
            yield from _parts(name, item, media_type, headers)
    else:
        yield _head(name, "", "application/json", headers), source(as_json(value, name))


def _deep(name: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, File) or not is_container(value):
        yield name, value
        return
    contents = members(value, name)
    pairs = enumerate(contents) if isinstance(contents, list) else contents.items()
    for key, item in pairs:
        if not {"[", "]"}.isdisjoint(str(key)):
            raise InvalidArgument(f"{name}: a nested name cannot contain a bracket")
        yield from _deep(f"{name}[{key}]", item)


def _joined(name: str, value: object, style: str) -> object:
    """A list of plain values as one text, if its style has a delimiter."""
    if style not in DELIMITERS or not is_container(value):
        return value
    items = members(value, name)
    if not isinstance(items, list) or any(map(is_container, items)):
        return value
    texts = (text(item, name) for item in items if item is not None)
    return unquote(DELIMITERS[style]).join(texts)


def _is_json(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def _head(name: str, extra: str, content_type: str, others: Mapping[str, str]) -> bytes:
    lines = f'Content-Disposition: form-data; name="{_quoted(name)}"{extra}\r\n'
    fields = {"Content-Type": content_type} if content_type else {}
    for key, value in {**fields, **others}.items():
        lines += f"{key}: {header(key, value)}\r\n"
    return utf8(lines + "\r\n", name)


def _quoted(value: str) -> str:
    """As browsers write it (WHATWG HTML, "multipart/form-data encoding algorithm")."""
    return value.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _chained(pieces: list[BodySource]) -> BodySource:
    lengths = [piece.length for piece in pieces if piece.length is not None]

    def chunks() -> Iterator[bytes]:
        for piece in pieces:
            yield from piece

    async def awaited() -> AsyncIterator[bytes]:
        for piece in pieces:
            async for chunk in piece:
                yield chunk

    return BodySource(
        length=sum(lengths) if len(lengths) == len(pieces) else None,
        replayable=all(piece.replayable for piece in pieces),
        chunks=chunks if all(piece.chunks for piece in pieces) else None,
        awaited=awaited,
    )
