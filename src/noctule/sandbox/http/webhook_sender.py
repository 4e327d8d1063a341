"""Sends a delivery: to a URL over HTTP, or straight into an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]
TIMEOUT = 30.0
"""Seconds for a receiver to respond."""


async def post(
    target: str | AsgiApp, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, bytes]:
    """Status and body of the response. `url` is the address that the sender was given; a target
    that is text is the address to post to instead.

    Raises httpx2.TransportError where a URL does not respond, and whatever the application raises.
    """
    import httpx2

    in_process = None if isinstance(target, str) else httpx2.ASGITransport(app=target)
    address = target if isinstance(target, str) else url
    async with httpx2.AsyncClient(transport=in_process, timeout=TIMEOUT) as client:
        response = await client.post(address, headers=dict(headers), content=body)
        return response.status_code, response.content
