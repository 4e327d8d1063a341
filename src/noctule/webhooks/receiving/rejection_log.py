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
        self._unrecorded = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def add(
        self, request: WebhookRequest, rejection: Rejection, secrets: Sequence[HiddenSecret]
    ) -> None:
        """Record a rejection; only count it if another one was recorded within the last second."""
        now = self._clock.time()
        self._unrecorded += 1
        if now < self._next_at:
            return
        self._next_at = now + INTERVAL
        count, self._unrecorded = self._unrecorded, 0
        task = asyncio.create_task(self._record(request, rejection, secrets, now, count))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for the entries that are being written."""
        await asyncio.gather(*self._tasks)

    async def _record(
        self,
        request: WebhookRequest,
        rejection: Rejection,
        secrets: Sequence[HiddenSecret],
        now: float,
        count: int,
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
            deliveries=count,
        )
        with contextlib.suppress(InboxError):
            await self._inbox.call(lambda store: store.add_rejection(entry))
