"""The ASGI side of a receiver: reads the exact bytes of the body, within limits."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.timer import TimeLimit
from noctule.webhooks.errors import Busy, Disconnected, Reason, Rejection, WebhookError
from noctule.webhooks.receiving.body_budget import PROCESS_BUDGET

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from noctule.webhooks.receiving.body_budget import BodyShare
    from noctule.webhooks.receiving.response import WebhookResponse
    from noctule.webhooks.request import Headers

BODY_SECONDS = 5.0
"""How long a body may take, and one second more for each `BYTES_PER_SECOND` that it has sent."""
BYTES_PER_SECOND = 256 * 1024


class DeliveryTarget(Protocol):
    """What takes the deliveries: a receiver."""

    max_body: int

    def lifespan(self) -> AbstractAsyncContextManager[None]: ...

    async def deliver(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> WebhookResponse: ...

    async def refuse(
        self, method: str, url: str, headers: Headers, rejection: Rejection
    ) -> WebhookResponse: ...

    def unavailable(self, cause: str) -> WebhookResponse: ...


async def serve(target: DeliveryTarget, scope: Any, receive: Any, send: Any) -> None:
    """Handle one ASGI call."""
    match scope["type"]:
        case "http":
            await _handle_http(target, scope, receive, send)
        case "lifespan":
            await _handle_lifespan(target, receive, send)
        case _:
            await send({"type": "websocket.close"})


async def _handle_http(target: DeliveryTarget, scope: Any, receive: Any, send: Any) -> None:
    head = (scope["method"], url_of(scope), scope["headers"])
    with PROCESS_BUDGET.body() as share:
        try:
            body = await read_body(scope, receive, target.max_body, share)
        except Rejection as rejection:
            response = await target.refuse(*head, rejection)
        except Busy as error:
            response = target.unavailable(str(error))
        except Disconnected:
            return
        else:
            response = await target.deliver(*head, body)
    await send_response(response, send)


async def _handle_lifespan(target: DeliveryTarget, receive: Any, send: Any) -> None:
    """The lifespan of a receiver that is the whole application."""
    await receive()
    try:
        async with target.lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except (ConfigurationError, WebhookError) as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
    else:
        await send({"type": "lifespan.shutdown.complete"})


async def read_body(scope: Any, receive: Any, limit: int, share: BodyShare) -> bytes:
    """The body, at most `limit` bytes of it.

    Raises Rejection if it is larger or too slow, Busy if there is no room for it, Disconnected.
    """
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:18]) > limit:
            raise Rejection(Reason.BODY_TOO_LARGE)
    started = monotonic()
    chunks: list[bytes] = []
    size = 0
    while True:
        left = BODY_SECONDS + size / BYTES_PER_SECOND - (monotonic() - started)
        try:
            with TimeLimit(max(0.0, left)):
                message = await receive()
        except TimeoutError:
            raise Rejection(Reason.SLOW) from None
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Rejection(Reason.BODY_TOO_LARGE)
        if not share.grow(size):
            raise Busy("too many large bodies at once")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def url_of(scope: Any) -> str:
    """The address that was called, with its escapes as they were sent."""
    host = ""
    for name, value in scope["headers"]:
        if name == b"host":
            host = value.decode("latin-1")
            break
    if not host and scope.get("server"):
        name, port = scope["server"]
        host = f"{name}:{port}" if port else name
    path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    query = scope.get("query_string", b"").decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}{path.partition('?')[0]}" + (
        f"?{query}" if query else ""
    )


async def send_response(response: WebhookResponse, send: Any) -> None:
    """Send the answer to a delivery."""
    await _send(send, response.status, response.raw_headers, response.body)


async def send_text(send: Any, status: int, media_type: str, body: bytes) -> None:
    """Send an answer that has nothing to do with a delivery."""
    length = b"%d" % len(body)
    headers = [(b"content-type", media_type.encode()), (b"content-length", length)]
    await _send(send, status, headers, body)


async def _send(send: Any, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
