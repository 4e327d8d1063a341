"""Several receivers in one ASGI application, by path."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from noctule.webhooks.receiving import asgi

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from noctule.webhooks.receiving.base import BaseReceiver


class WebhookRouter:
    """An ASGI application of receivers by path, with or without a slash at its end. They share one
    lifespan."""

    def __init__(self, receivers: Mapping[str, BaseReceiver]) -> None:
        self.receivers = {path.rstrip("/"): receiver for path, receiver in receivers.items()}

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        """While inside, every receiver runs. Raises what a receiver's lifespan raises."""
        async with AsyncExitStack() as stack:
            for receiver in self.receivers.values():
                await stack.enter_async_context(receiver.lifespan())
            yield

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        receiver = self.receivers.get(scope["path"].rstrip("/"))
        if receiver is not None:
            await receiver(scope, receive, send)
        else:
            await asgi.send_text(send, 404, "text/plain", b"no webhook at this address\n")
