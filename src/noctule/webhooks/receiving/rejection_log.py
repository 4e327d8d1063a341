"""A log of rejections for the operator: what was wrong, and never what was sent."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from typing import TYPE_CHECKING

from noctule.webhooks.errors import InboxError, Rejection
from noctule.webhooks.store.base import RejectedDelivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.verification.signing_secret import HiddenSecret

INTERVAL = 1.0
"""Seconds between two entries, so that nobody can fill the disk with rejected requests."""
MAX_EXPLAINED = 32 * 1024
"""Bytes of the largest body whose rejection is explained: that costs some hundred hashes of it."""


class RejectionLog:
    """Records rejections in the inbox, in tasks that the answer does not wait for."""

    def __init__(self, inbox: Inbox, scheme: Scheme, route: str, clock: Clock) -> None:
        self._inbox = inbox
        self._scheme = scheme
        self._route = route
        self._clock = clock
        self._next_at = 0.0
        self._uncounted = 0
        self._counting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def add(
        self, request: WebhookRequest, rejection: Rejection, secrets: Sequence[HiddenSecret]
    ) -> None:
        """Record a rejection; only count it if another one was recorded within the last second."""
        now = self._clock.time()
        if now < self._next_at:
            self._uncounted += 1
            if self._counting is None:
                self._counting = asyncio.create_task(self._count_later())
            return
        self._next_at = now + INTERVAL
        task = asyncio.create_task(self._record(request, rejection, secrets, now))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Write what is not written yet."""
        if self._counting is not None:
            self._counting.cancel()
        await self._count()

    async def _count_later(self) -> None:
        await asyncio.sleep(INTERVAL)
        await self._count()

    async def _count(self) -> None:
        """Add those that have no entry to the last one."""
        await asyncio.gather(*self._tasks)
        count, self._uncounted, self._counting = self._uncounted, 0, None
        if count:
            with contextlib.suppress(InboxError):
                await self._inbox.call(lambda store: store.count_rejections(self._route, count))

    async def _record(
        self,
        request: WebhookRequest,
        rejection: Rejection,
        secrets: Sequence[HiddenSecret],
        now: float,
    ) -> None:
        causes: list[tuple[str, str, str]] = []
        if rejection.status == 401 and len(request.body) <= MAX_EXPLAINED:
            from noctule.webhooks.explain import explain

            explained = await asyncio.to_thread(explain, self._scheme, request, secrets, now)
            causes = [(cause.key, cause.place, cause.detail) for cause in explained]
        entry = RejectedDelivery(
            route=self._route,
            at=now,
            reason=str(rejection.reason),
            place=rejection.detail,
            size=len(request.body),
            digest=hashlib.sha256(request.body).hexdigest(),
            names=tuple(name.decode("latin-1") for name, _ in request.headers[:100]),
            causes=tuple(causes),
        )
        with contextlib.suppress(InboxError):
            await self._inbox.call(lambda store: store.add_rejection(entry))
