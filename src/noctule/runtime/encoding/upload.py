"""The source of a streamed body: bytes, a file, or an iterator of chunks."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import msgspec

from noctule.runtime.errors import InvalidArgument

CHUNK = 64 * 1024
MAX_BYTES = 1024 * 1024 * 1024
"""Limit of one streamed body: one that grows without end is a mistake."""


@runtime_checkable
class Readable(Protocol):
    """A file opened for reading bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


Content = bytes | Path | BinaryIO | Iterable[bytes] | AsyncIterable[bytes]


class BodySource(msgspec.Struct, frozen=True):
    """Chunks of bytes for both drivers: iterate with `for` or with `async for`.

    `length` is the number of bytes, None when unknown. `replayable` says whether a second
    iteration gives the same bytes; a request is never sent again when it does not.
    """

    length: int | None
    replayable: bool
    chunks: Callable[[], Iterator[bytes]] | None
    """None when the chunks can only be awaited."""
    awaited: Callable[[], AsyncIterator[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        if self.chunks is None:
            raise InvalidArgument("an asynchronous body in a synchronous service")
        return self.chunks()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.awaited()


def source(content: Content) -> BodySource:
    """Make `content` iterable by both drivers. A file is read from its present position."""
    if isinstance(content, bytes):
        return _of(lambda: iter([content]), len(content), replayable=True, blocking=False)
    if isinstance(content, Path):
        return _of(lambda: _read_path(content), _size(content), replayable=True)
    if isinstance(content, Readable):
        return _of_file(content)
    if isinstance(content, AsyncIterable):
        return BodySource(None, replayable=False, chunks=None, awaited=content.__aiter__)
    replayable = not isinstance(content, Iterator)
    return _of(lambda: iter(content), None, replayable=replayable, blocking=False)


def bounded(body: BodySource, limit: int = MAX_BYTES) -> BodySource:
    """`body`, which raises `InvalidArgument` when it has more than `limit` bytes."""
    error = InvalidArgument(f"a body of more than {limit} bytes")
    if body.length is not None and body.length > limit:
        raise error

    def limited() -> Iterator[bytes]:
        left = limit
        for chunk in body:
            left -= len(chunk)
            if left < 0:
                raise error
            yield chunk

    async def awaited() -> AsyncIterator[bytes]:
        left = limit
        async for chunk in body:
            left -= len(chunk)
            if left < 0:
                raise error
            yield chunk

    return BodySource(body.length, body.replayable, body.chunks and limited, awaited)


def _of(
    chunks: Callable[[], Iterator[bytes]],
    length: int | None,
    *,
    replayable: bool,
    blocking: bool = True,
) -> BodySource:
    async def awaited() -> AsyncIterator[bytes]:
        iterator = chunks()
        if not blocking:
            for chunk in iterator:
                yield chunk
            return
        import asyncio

        while chunk := await asyncio.to_thread(next, iterator, b""):
            yield chunk

    return BodySource(length, replayable, chunks, awaited)


def _of_file(file: Readable) -> BodySource:
    seek = getattr(file, "seek", None)
    seekable = seek is not None and bool(getattr(file, "seekable", bool)())
    if seek is None or not seekable:
        return _of(lambda: _read(file), None, replayable=False)
    start = int(seek(0, os.SEEK_CUR))
    length = int(seek(0, os.SEEK_END)) - start
    seek(start)

    def from_start() -> Iterator[bytes]:
        seek(start)
        return _read(file)

    return _of(from_start, length, replayable=True)


def _read(file: Readable) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk


def _read_path(path: Path) -> Iterator[bytes]:
    with closing(path.open("rb")) as file:
        yield from _read(file)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InvalidArgument(f"cannot read {path}: {error.strerror}") from None
