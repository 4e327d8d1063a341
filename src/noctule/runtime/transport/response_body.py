"""Reading a body: decompressed, within its limit, and always closed."""

from __future__ import annotations

import zlib
from contextlib import AbstractContextManager, aclosing, closing
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

ACCEPTED = "gzip, deflate"


class Unpacker:
    """Takes chunks off the wire, gives back plain ones, and counts both.

    The limit holds for the plain bytes: a few kilobytes can unpack to gigabytes.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._left = limit
        # 32 added to the window bits: zlib tells gzip from deflate by the header.
        packed = encoding.strip().lower() in ("gzip", "x-gzip", "deflate")
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS | 32) if packed else None

    def __call__(self, chunk: bytes) -> bytes:
        if self._zlib is not None:
            try:
                chunk = self._zlib.decompress(chunk, self._left + 1)
            except zlib.error:
                raise errors.InvalidResponse("its compressed body is damaged") from None
        self._left -= len(chunk)
        if self._left < 0:
            raise errors.ResponseTooLarge(f"limit {self._limit} bytes")
        return chunk

    def end(self) -> None:
        """The wire has ended; a compressed body must have, too."""
        if self._zlib is not None and not self._zlib.eof and self._left != self._limit:
            raise errors.InvalidResponse("its compressed body is cut short")


class _Streamed:
    """`mapped` turns the engine's errors into ours."""

    def __init__(
        self, answer: Any, unpack: Unpacker, mapped: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._answer = answer
        self._unpack = unpack
        self._mapped = mapped


class AsyncStreamed(_Streamed):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self):
            chunks = aiter(self._answer.stream)
            while True:
                with self._mapped():
                    chunk = await anext(chunks, None)
                if chunk is None:
                    break
                yield self._unpack(chunk)
            self._unpack.end()

    async def read(self) -> bytes:
        async with aclosing(self):
            parts = [self._unpack(chunk) async for chunk in self._answer.stream]
            self._unpack.end()
            return parts[0] if len(parts) == 1 else b"".join(parts)

    async def aclose(self) -> None:
        await self._answer.aclose()


class SyncStreamed(_Streamed):
    def __iter__(self) -> Iterator[bytes]:
        with closing(self):
            chunks = iter(self._answer.stream)
            while True:
                with self._mapped():
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                yield self._unpack(chunk)
            self._unpack.end()

    def read(self) -> bytes:
        with closing(self):
            parts = [self._unpack(chunk) for chunk in self._answer.stream]
            self._unpack.end()
            return parts[0] if len(parts) == 1 else b"".join(parts)

    def close(self) -> None:
        self._answer.close()
