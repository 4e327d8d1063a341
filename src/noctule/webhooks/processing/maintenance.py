"""What an inbox needs as time goes by, done in its quiet moments: redacted copies to show and
search, bodies sealed with today's key, old bodies forgotten.

`NOCTULE_INBOX_KEEP` says after how many days a settled delivery loses its body (30; 0 keeps it for
ever), and `NOCTULE_INBOX_COPY=off` that no copies are made.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

import msgspec

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction import redact
from noctule.webhooks.errors import InboxError
from noctule.webhooks.verification.content import FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.request import WebhookRequest

KEEP = "NOCTULE_INBOX_KEEP"
COPY = "NOCTULE_INBOX_COPY"
KEPT_DAYS = 30.0
COPIED = 64 * 1024
"""Bytes of a body that are copied; what comes after is neither shown nor found."""
CHUNK = 50
"""Deliveries in one step: it holds up those that come in by a few milliseconds."""
PAUSE = 1.0
BUSY = 100
"""Deliveries within a pause from which on nothing is done: the sender's answer comes first."""
PRUNE_EVERY = 60.0

log = logging.getLogger("noctule.webhooks")


def kept_days() -> float:
    """Days that bodies are kept; infinity for ever. Raises ConfigurationError."""
    text = os.environ.get(KEEP, "").strip()
    try:
        days = float(text) if text else KEPT_DAYS
    except ValueError:
        days = -1.0
    if not 0 <= days < float("inf"):
        raise ConfigurationError(f"{KEEP} is no number of days: 30, or 0 for ever")
    return days or float("inf")


def copy_of(request: WebhookRequest) -> str:
    """The body for the eye: written out as text, credentials and card numbers masked."""
    body = request.body[:COPIED]
    if b"\\u" in body or b"\\/" in body:
        with contextlib.suppress(msgspec.MsgspecError, RecursionError, ValueError):
            body = msgspec.json.encode(msgspec.json.decode(request.body))[:COPIED]
    text = body.decode("utf-8", "replace").replace("\0", "\ufffd")
    if request.values("content-type")[:1] and request.media_type == FORM:
        text = unquote_plus(text)
    return redact(text)


def _copies(found: Sequence[tuple[int, WebhookRequest]]) -> dict[int, str]:
    return {number: copy_of(request) for number, request in found}


class Upkeep:
    """Keeps one inbox, as long as `run` is not cancelled. Several may: they do not meet."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._keep = kept_days() * 86400
        self._copies = os.environ.get(COPY, "").lower() not in ("off", "no", "0", "false")
        self._sealed: int | None = 0
        self._pruned = float("-inf")

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            before = self._inbox.taken
            await asyncio.sleep(PAUSE)
            try:
                while self._inbox.taken - before < BUSY and await self.step():
                    pass
            except InboxError as error:
                log.error("webhooks upkeep: %s", error)  # noqa: TRY400 - no trace wanted

    async def step(self) -> bool:
        """One piece of work, none while deliveries wait; False if nothing more is to be done."""
        if self._inbox.waiting:
            return False
        if self._copies and await self._copy():
            return True
        if self._sealed is not None:
            after = self._sealed
            self._sealed = await self._inbox.call(lambda store: store.reseal(after, CHUNK))
            if self._sealed is not None:
                return True
        if self._clock.monotonic() - self._pruned >= PRUNE_EVERY and self._keep < float("inf"):
            before = self._clock.time() - self._keep
            pruned = await self._inbox.call(lambda store: store.prune(before, 500))
            if pruned < 500:
                self._pruned = self._clock.monotonic()
            return pruned == 500
        return False

    async def _copy(self) -> int:
        found = await self._inbox.call(lambda store: store.uncopied(CHUNK))
        if found:  # in a thread: it takes as long as a few deliveries do
            texts = await asyncio.to_thread(_copies, found)
            await self._inbox.call(lambda store: store.copy(texts))
        return len(found)
