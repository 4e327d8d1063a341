"""The body of a response: decompressed, limited in size, and always closed."""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager, aclosing, closing
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ACCEPTED_ENCODINGS = "gzip, deflate"

MAX_OVERHEAD = 64 * 1024
"""Bytes by which a compressed body may be larger than what it unpacks to."""


class Decompressor:
    """Decompresses a body chunk by chunk, to at most `limit` bytes: a few kilobytes can unpack to
    gigabytes. Raises `ResponseTooLarge`, and `InvalidResponse` for damaged data.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._left = limit
        self._received = 0
        compressed = _COMPRESSED.get(encoding.strip().lower())
        self._stream = None if compressed is None else compressed()

    def __call__(self, chunk: bytes) -> bytes:
        if self._stream is not None:
            self._received += len(chunk)
            try:
                chunk = self._stream.decompress(chunk, self._left + 1)
            except zlib.error:
                raise errors.InvalidResponse("the compressed body is damaged") from None
        self._left -= len(chunk)
        # Members of gzip may be empty: what is received needs a limit as well.
        if self._left < 0 or self._received > self._limit + MAX_OVERHEAD:
            raise errors.ResponseTooLarge(f"limit {self._limit} bytes")
        return chunk

    def end(self) -> None:
        """The response has ended; raises `InvalidResponse` if the compressed body has not."""
        if self._stream is not None and not self._stream.complete:
            raise errors.InvalidResponse("the compressed body is incomplete")


class _GzipStream:
    """Any number of gzip members, one after the other (RFC 1952, 2.2). What follows them and is no
    member is ignored, as gzip does."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._between = b""
        """What has arrived of the next member's first two bytes."""
        self._empty = True
        self._ended = False

    def decompress(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        while data and limit > 0 and not self._ended:
            if self._member.eof and not self._begin_member(data):
                break
            data, self._between = self._between + data, b""
            part = self._member.decompress(data, limit)
            self._empty = False
            parts.append(part)
            limit -= len(part)
            data = self._member.unused_data
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _begin_member(self, data: bytes) -> bool:
        start = (self._between + data[:2])[:2]
        if start == b"\x1f\x8b":
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            return True
        self._ended = start != b"\x1f"
        self._between = b"" if self._ended else start
        return False

    @property
    def complete(self) -> bool:
        return self._empty or (self._member.eof and not self._between)


class _DeflateStream:
    """zlib data (RFC 9110, 8.4.1.2), or the bare deflate data that some servers send."""

    def __init__(self) -> None:
        self._start = b""
        self._stream: Any = None

    def decompress(self, data: bytes, limit: int) -> bytes:
        if self._stream is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        part: bytes = self._stream.decompress(data, limit)
        return part

    @property
    def complete(self) -> bool:
        return bool(self._stream.eof) if self._stream is not None else not self._start


_COMPRESSED: dict[str, type[_GzipStream] | type[_DeflateStream]] = {
    "gzip": _GzipStream,
    "x-gzip": _GzipStream,
    "deflate": _DeflateStream,
}


class _EngineBody:
    """`boundary` turns the engine's errors into ours."""

    def __init__(
        self,
        response: Any,
        decompress: Decompressor,
        boundary: AbstractContextManager[None],
    ) -> None:
        self._response = response
        self._decompress = decompress
        self._boundary = boundary


class AsyncEngineBody(_EngineBody):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self):
            chunks = aiter(self._response.stream)
            while True:
                with self._boundary:
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                yield self._decompress(chunk)
            self._decompress.end()

    async def read(self) -> bytes:
        try:
            async with aclosing(self):
                parts = [self._decompress(chunk) async for chunk in self._response.stream]
                self._decompress.end()
                return parts[0] if len(parts) == 1 else b"".join(parts)
        except errors.InvalidResponse as error:
            error.status = self._response.status
            raise

    async def aclose(self) -> None:
        await self._response.aclose()


class SyncEngineBody(_EngineBody):
    def __iter__(self) -> Iterator[bytes]:
        with closing(self):
            chunks = iter(self._response.stream)
            while True:
                with self._boundary:
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                yield self._decompress(chunk)
            self._decompress.end()

    def read(self) -> bytes:
        try:
            with closing(self):
                parts = [self._decompress(chunk) for chunk in self._response.stream]
                self._decompress.end()
                return parts[0] if len(parts) == 1 else b"".join(parts)
        except errors.InvalidResponse as error:
            error.status = self._response.status
            raise

    def close(self) -> None:
        self._response.close()
