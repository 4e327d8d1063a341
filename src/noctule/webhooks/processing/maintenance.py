"""Maintenance of an inbox while it is idle: redacted copies for display and search, encryption with
the current key, deletion of old bodies.

`NOCTULE_INBOX_KEEP` is the number of days after which the body of a settled delivery is deleted
(30; 0 keeps bodies). `NOCTULE_INBOX_COPY=off` turns the copies off.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.redactor import MARGIN, REDACTOR
from noctule.webhooks.errors import InboxError
from noctule.webhooks.verification.content import FORM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.request import WebhookRequest

KEEP = "NOCTULE_INBOX_KEEP"
COPY = "NOCTULE_INBOX_COPY"
DEFAULT_DAYS = 30.0
MAX_COPIED = 64 * 1024
"""Bytes of a body that are copied; the rest is neither displayed nor searched."""
CHUNK = 50
"""Deliveries in one step, which delays new ones by a few milliseconds."""
STEP_BYTES = 64 * 1024
"""Bytes of bodies that one step copies. A pattern holds the interpreter until it has read a whole
text, and strangers choose the texts: a new delivery waits for one text of this size."""
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)", re.DOTALL
)
"""Escapes of JSON, a pair of surrogates as one."""
PAUSE = 1.0
BUSY = 100
"""With so many deliveries within a pause, nothing is done: answers come first."""
PRUNE_EVERY = 60.0

log = logging.getLogger("noctule.webhooks")


def retention_days() -> float:
    """Days that bodies are kept, possibly infinite. Raises ConfigurationError."""
    text = os.environ.get(KEEP, "").strip()
    try:
        days = float(text) if text else DEFAULT_DAYS
    except ValueError:
        days = -1.0
    if not 0 <= days < float("inf"):
        raise ConfigurationError(f"{KEEP} is not a number of days: set 30, or 0 to keep bodies")
    return days or float("inf")


def copy_of(request: WebhookRequest) -> str:
    """The body as readable text, with credentials and card numbers masked."""
    text = request.body[: MAX_COPIED + MARGIN].decode("utf-8", "replace")
    if request.values("content-type")[:1] and request.media_type == FORM:
        text = unquote_plus(text)
    if "\\u" in text or "\\/" in text:
        text = _ESCAPES.sub(_unescaped, text)
    return REDACTOR.beginning(text.replace("\0", "\ufffd"), MAX_COPIED)


def _unescaped(escape: re.Match[str]) -> str:
    """The character, so that it is found and redacted; as JSON writes it, where it needs one."""
    if not escape[0].startswith("\\u"):
        return "/" if escape[0] == "\\/" else escape[0]
    character = bytes.fromhex(escape[0].replace("\\u", "")).decode("utf-16-be", "replace")
    return json.dumps(character, ensure_ascii=False)[1:-1]


def _copies(deliveries: Sequence[tuple[int, WebhookRequest]]) -> dict[int, str]:
    return {number: copy_of(request) for number, request in deliveries}


class Maintenance:
    """Maintains one inbox while `run` is not cancelled; several may run at once."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._keep_seconds = retention_days() * 86400
        self._makes_copies = os.environ.get(COPY, "").lower() not in ("off", "no", "0", "false")
        self._reencrypt_after: int | None = 0
        self._pruned_at = float("-inf")
        self._log_holds_bodies = False

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            count = self._inbox.put_count
            await asyncio.sleep(PAUSE)
            try:
                while self._inbox.put_count - count < BUSY and await self.step():
                    pass
            except InboxError as error:
                log.error("webhooks maintenance: %s", error)  # noqa: TRY400 - without a traceback

    async def step(self) -> bool:
        """Do one piece of work; False if there is none, or deliveries are waiting."""
        if self._inbox.waiting:
            return False
        if self._makes_copies and await self._copy():
            return True
        if self._reencrypt_after is not None:
            after = self._reencrypt_after
            self._reencrypt_after = await self._inbox.call(
                lambda store: store.reencrypt(after, CHUNK)
            )
            self._log_holds_bodies |= self._reencrypt_after is not None
            if self._reencrypt_after is not None:
                return True
        if self._clock.monotonic() - self._pruned_at >= PRUNE_EVERY and self._keep_seconds < float(
            "inf"
        ):
            before = self._clock.time() - self._keep_seconds
            pruned = await self._inbox.call(lambda store: store.prune(before, 500))
            self._log_holds_bodies |= pruned > 0
            if pruned < 500:
                self._pruned_at = self._clock.monotonic()
            if pruned == 500:
                return True
        if self._log_holds_bodies:
            emptied = await self._inbox.read(lambda store: store.truncate_log())
            self._log_holds_bodies = not emptied
        return False

    async def _copy(self) -> int:
        deliveries = await self._inbox.call(lambda store: store.uncopied(CHUNK, STEP_BYTES))
        if deliveries:  # in a thread: it takes as long as a few deliveries
            texts = await asyncio.to_thread(_copies, deliveries)
            await self._inbox.call(lambda store: store.add_copies(texts))
        return len(deliveries)
