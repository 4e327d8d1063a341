"""Posts a delivery: to a URL over HTTP, or straight into an ASGI application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote, urlsplit

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


async def post(
    target: str | AsgiApp, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, bytes]:
    """Status and body of the answer. `url` is the address that the sender was given.

    A target that is text is the whole address to post to instead.
    """
    if isinstance(target, str):
        return await _post_http(target, headers, body)
    return await _post_asgi(target, url, headers, body)


async def _post_http(target: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    import httpx2

    async with httpx2.AsyncClient(timeout=30.0, follow_redirects=False) as client:
        response = await client.post(target, headers=dict(headers), content=body)
        return response.status_code, response.content


async def _post_asgi(
    app: AsgiApp, url: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, bytes]:
    sent: list[MutableMapping[str, Any]] = []
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(_scope(url, headers, body), receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    content = b"".join(message.get("body", b"") for message in sent)
    return (int(starts[0]["status"]) if starts else 0), content


def _scope(url: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    port = parts.port or (443 if parts.scheme == "https" else 80)
    sent = {"host": parts.netloc, "content-length": str(len(body)), **headers}
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": parts.scheme,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": (host, port),
        "state": {},
    }
