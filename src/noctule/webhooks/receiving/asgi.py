"""Between ASGI and a receiver: the exact bytes of the body, and bounds on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.timer import TimeLimit
from noctule.webhooks.errors import Disconnected, Reason, Rejection, WebhookError

if TYPE_CHECKING:
    from noctule.webhooks.receiving.intake import Intake, WebhookResponse
    from noctule.webhooks.request import WebhookRequest

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024
BODY_SECONDS = 10.0


async def serve(receiver: Intake, scope: Any, receive: Any, send: Any) -> None:
    """One ASGI call."""
    match scope["type"]:
        case "http":
            await _take(receiver, scope, receive, send)
        case "lifespan":
            await _live(receiver, receive, send)
        case _:
            await send({"type": "websocket.close"})


async def _take(receiver: Intake, scope: Any, receive: Any, send: Any) -> None:
    try:
        body = await body_of(scope, receive, receiver.max_body)
        answer = await receiver.deliver(scope["method"], url_of(scope), scope["headers"], body)
    except Rejection as rejection:
        answer = receiver.reject(rejection)
    except Disconnected:
        return
    await tell(answer, send)


async def respond(send: Any, status: int, media_type: str, body: bytes) -> None:
    """An answer that has nothing to do with a delivery."""
    headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def check(request: WebhookRequest, max_body: int) -> None:
    """Bounds that hold whichever way a delivery came in; raises Rejection."""
    size = sum([len(name) + len(value) for name, value in request.headers])
    if len(request.headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise Rejection(Reason.HEADERS_TOO_LARGE)
    if len(request.body) > max_body:
        raise Rejection(Reason.BODY_TOO_LARGE)
    if (request.header("content-encoding") or b"identity").lower() != b"identity":
        raise Rejection(Reason.ENCODED_BODY, "content-encoding")


async def _live(receiver: Intake, receive: Any, send: Any) -> None:
    """The lifespan of a receiver that is served by itself, on no other application's route."""
    await receive()
    try:
        async with receiver.lifespan():
            await send({"type": "lifespan.startup.complete"})
            await receive()
    except (ConfigurationError, WebhookError) as error:
        await send({"type": "lifespan.startup.failed", "message": str(error)})
    else:
        await send({"type": "lifespan.shutdown.complete"})


async def body_of(scope: Any, receive: Any, limit: int) -> bytes:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value[:18]) > limit:
            raise Rejection(Reason.BODY_TOO_LARGE)
    try:
        with TimeLimit(BODY_SECONDS):
            return await _collect(receive, limit)
    except TimeoutError:
        raise Rejection(Reason.SLOW) from None


async def _collect(receive: Any, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise Rejection(Reason.BODY_TOO_LARGE)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def url_of(scope: Any) -> str:
    """The address as it was called, spelt as it was sent."""
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


async def tell(answer: WebhookResponse, send: Any) -> None:
    """Send an answer to a delivery."""
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
