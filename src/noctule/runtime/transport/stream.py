"""A response whose body is read as it arrives: what `Service.stream` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from noctule.runtime.clock import Clock
    from noctule.runtime.request import AsyncBody, Headers, Response, SyncBody


class _ResponseStream:
    def __init__(self, response: Response) -> None:
        self.status: int = response.status
        self.headers: Headers = response.headers


class AsyncStream(_ResponseStream):
    """`async for chunk in stream`. Raises `TimedOut`, `ConnectionFailed`, `ResponseTooLarge`."""

    def __init__(self, response: Response, clock: Clock, timeout: float | None) -> None:
        super().__init__(response)
        self._body = cast("AsyncBody", response.body)
        self._clock = clock
        self._timeout = timeout

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._body)
        while True:
            try:
                chunk = await self._next(chunks)
            except StopAsyncIteration:
                return
            yield chunk

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes:
        if self._timeout is None:
            return await anext(chunks)
        try:
            with self._clock.timeout(self._timeout):
                return await anext(chunks)
        except TimeoutError:
            raise errors.TimedOut from None

    async def aclose(self) -> None:
        await self._body.aclose()


class SyncStream(_ResponseStream):
    """`for chunk in stream`. Raises `TimedOut`, `ConnectionFailed`, `ResponseTooLarge`."""

    def __init__(self, response: Response) -> None:
        super().__init__(response)
        self._body = cast("SyncBody", response.body)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        self._body.close()
