"""A response whose body is read as it arrives: what `Service.stream` gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from noctule.runtime import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from noctule.runtime.clock import Clock
    from noctule.runtime.request import AsyncBody, Headers, Response, SyncBody

    Broken = Callable[[errors.ServiceError], None]
    """Is told of an error that ended the body, and raises another one in its place, if any."""


class _ResponseStream:
    def __init__(self, response: Response, broken: Broken) -> None:
        self.status: int = response.status
        self.headers: Headers = response.headers
        self._broken = broken


class AsyncStream(_ResponseStream):
    """`async for chunk in stream`. Raises `TimedOut`, `ConnectionFailed`, `InvalidResponse` or
    `ResponseTooLarge`; after a write, as the cause of an `OutcomeUnknown`."""

    def __init__(
        self, response: Response, broken: Broken, clock: Clock, timeout: float | None
    ) -> None:
        super().__init__(response, broken)
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
            except errors.ServiceError as error:
                self._broken(error)
                raise
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
    """`for chunk in stream`. Raises what `AsyncStream` does."""

    def __init__(self, response: Response, broken: Broken) -> None:
        super().__init__(response, broken)
        self._body = cast("SyncBody", response.body)

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._body
        except errors.ServiceError as error:
            self._broken(error)
            raise

    def close(self) -> None:
        self._body.close()
