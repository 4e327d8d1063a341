"""The interface of a transport: two methods, async or not.

A transport sends one request and returns its response, or raises `ConnectionFailed` or `TimedOut`,
whose `sent` says whether the provider may have received the request. It does not retry, follow
redirects, or raise for a status.
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
