"""Several receivers in one ASGI application, by path, with `/healthz` and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import InboxError
from noctule.webhooks.processing.metrics import CONTENT_TYPE, METRICS
from noctule.webhooks.receiving import asgi

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.receiving.base import BaseReceiver
    from noctule.webhooks.store.base import RouteOverview

OVERVIEW_SECONDS = 15.0
"""Maximum age of the inbox's figures: counting a million events takes a while."""


class WebhookRouter:
    """An ASGI application of receivers by path. They share one inbox and one lifespan."""

    def __init__(self, receivers: Mapping[str, BaseReceiver], inbox: Inbox) -> None:
        self.receivers = dict(receivers)
        self._inbox = inbox
        self._overviews: list[RouteOverview] = []
        self._counted_at = float("-inf")
        self._counting = asyncio.Lock()

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
        receiver = self.receivers.get(scope["path"])
        if receiver is not None:
            await receiver(scope, receive, send)
        elif scope["path"] == "/healthz":
            await self._health(send)
        elif scope["path"] == "/metrics":
            await self._metrics(send)
        else:
            await asgi.send_text(send, 404, "text/plain", b"no webhook at this address\n")

    async def _health(self, send: Any) -> None:
        """200 if the inbox answers within a second, else 503."""
        try:
            async with asyncio.timeout(1.0):
                await self._inbox.call(lambda _: None)
        except (InboxError, TimeoutError):
            await asgi.send_text(send, 503, "text/plain", b"the inbox does not answer\n")
        else:
            await asgi.send_text(send, 200, "text/plain", b"ok\n")

    async def _metrics(self, send: Any) -> None:
        async with self._counting:
            if time.monotonic() - self._counted_at > OVERVIEW_SECONDS:
                try:
                    self._overviews = await self._inbox.read(lambda store: store.overview())
                except InboxError:
                    self._overviews = []
                self._counted_at = time.monotonic()
        text = METRICS.text(self._overviews, time.time())
        await asgi.send_text(send, 200, CONTENT_TYPE, text.encode())
