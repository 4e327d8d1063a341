"""`/healthz` and `/metrics`, for the machine's own eyes: an application for an address that
strangers do not reach, and that their connections cannot fill."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import InboxError
from noctule.webhooks.processing.metrics import CONTENT_TYPE, METRICS
from noctule.webhooks.receiving import asgi

if TYPE_CHECKING:
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.store.base import RouteOverview

OVERVIEW_SECONDS = 15.0
"""Maximum age of the inbox's figures: counting a million events takes a while."""


class AdminPages:
    """The ASGI application. The inbox is open while it is served."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._overviews: list[RouteOverview] = []
        self._counted_at = float("-inf")
        self._counting = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del receive
        if scope["type"] != "http":
            return
        match scope["path"]:
            case "/healthz":
                await self._health(send)
            case "/metrics":
                await self._metrics(send)
            case _:
                await asgi.send_text(send, 404, "text/plain", b"/healthz or /metrics\n")

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
