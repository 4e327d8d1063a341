"""The body of a response: decompressed, limited in size, and always closed."""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager, aclosing, closing
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.transport.content_codings import decompressing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

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
        self._stream = decompressing(encoding) if encoding else None

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
