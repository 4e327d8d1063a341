"""What a transport is: two methods, async or not.

A transport sends one request and gives back its response, or raises `ConnectionFailed` or
`TimedOut` with `sent` saying whether the provider may have seen the request. It neither
retries, nor follows redirects, nor raises for a status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from noctule.runtime.request import Request, Response


class AsyncTransport(Protocol):
    async def asend(self, request: Request) -> Response: ...

    async def aclose(self) -> None: ...


class SyncTransport(Protocol):
    def send(self, request: Request) -> Response: ...

    def close(self) -> None: ...
