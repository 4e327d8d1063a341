"""`multipart/form-data` (RFC 7578): fields and files, streamed if a file is streamed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from noctule.runtime.encoding.headers import header
from noctule.runtime.encoding.upload import BodySource, Content, bounded, source
from noctule.runtime.encoding.values import as_json, is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

MAX_PARTS = 1000


@dataclass(frozen=True, slots=True)
class File:
    """A file of a multipart body.

    `content` is bytes, a `Path`, a file opened in binary mode, or an (async) iterable of
    bytes. Without a `filename`, the name of the path or file is used.
    """

    content: Content = field(repr=False)
    filename: str = ""
    content_type: str = "application/octet-stream"

    @property
    def name(self) -> str:
        if self.filename:
            return self.filename
        content = self.content
        path = content if isinstance(content, Path) else getattr(content, "name", "")
        return Path(path).name if isinstance(path, str | Path) else ""


def multipart(values: Mapping[str, object], boundary: str = "") -> tuple[BodySource, str]:
    """The body and its Content-Type. The default `boundary` is random.

    A list repeats its name, an object is a part in JSON (OpenAPI 3.1, "Encoding Object"), and None
    is not sent.
    """
    boundary = boundary or os.urandom(16).hex()
    parts = [part for name, value in values.items() for part in _parts(name, value)]
    if len(parts) > MAX_PARTS:
        raise InvalidArgument(f"a multipart body of more than {MAX_PARTS} parts")
    pieces: list[BodySource] = []
    for head, body in parts:
        pieces += [source(b"--" + boundary.encode() + b"\r\n" + head), body, source(b"\r\n")]
    pieces.append(source(b"--" + boundary.encode() + b"--\r\n"))
    return bounded(_chained(pieces)), f"multipart/form-data; boundary={boundary}"


def _parts(name: str, value: object) -> Iterator[tuple[bytes, BodySource]]:
    if value is None:
        return
    if isinstance(value, File):
        filename = _quoted(value.name or "file")
        content_type = header("Content-Type", value.content_type)
        yield _head(name, f'; filename="{filename}"', content_type), source(value.content)
    elif isinstance(value, bytes):
        yield from _parts(name, File(value, filename=name))
    elif not is_container(value):
        yield _head(name), source(utf8(text(value, name), name))
    elif isinstance(contents := members(value, name), list):
        for item in contents:
            yield from _parts(name, item)
    else:
        yield _head(name, "", "application/json"), source(as_json(value, name))


def _head(name: str, extra: str = "", content_type: str = "") -> bytes:
    lines = f'Content-Disposition: form-data; name="{_quoted(name)}"{extra}\r\n'
    lines += f"Content-Type: {content_type}\r\n" if content_type else ""
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
