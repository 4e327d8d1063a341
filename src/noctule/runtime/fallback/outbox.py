"""Writes that wait for the provider to come back.

    outbox = Outbox(SqliteOutboxStore("outbox.db"))
    sent = await self.call(SEND_RECEIPT, body=..., fallback=outbox)    # Receipt | Degraded
    await service.flush(outbox)                                       # every minute, say

A write that could not be made is on disk before `call` returns. It is delivered later, oldest
first, byte for byte and under the idempotency key of the first try, with the credentials of that
day: none is stored. A message that the provider refuses, or of which nobody knows whether it
arrived, is set aside as dead, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.effects import Ask
from noctule.runtime.fallback.fallback import Degraded
from noctule.runtime.fallback.outbox_store import OutboxMessage, OutboxStore

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Never

    from noctule.runtime.call.request_builder import Call
    from noctule.runtime.fallback.fallback import Failed

FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0
LEASE = 300.0
"""Seconds for which a message belongs to whoever took it: longer than a delivery can take."""


@dataclass(slots=True)
class FlushResult:
    """What one `flush` did."""

    delivered: int = 0
    postponed: int = 0
    dead: int = 0


class Outbox:
    """A fallback that stores the write instead of losing it."""

    def __init__(self, store: OutboxStore) -> None:
        self._store = store

    def remember(self, key: str, value: object, now: float) -> None:
        """Nothing to remember."""

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[Never] | None]:
        """Stores bodies that are in memory; for one that is streamed, the error goes through."""
        message = _letter(failed.call, failed.now)
        if message is None:
            return None
        yield Ask(self._store.put, (message,), blocking=True)
        return Degraded(None, failed.error, "outbox")

    def flush(
        self,
        service: str,
        send: Callable[[OutboxMessage], Generator[Call | Ask, Any, None]],
        now: Callable[[], float],
    ) -> Generator[Call | Ask, Any, FlushResult]:
        """Deliver what is due; stops at the first message for which the provider is not there."""
        store, done = self._store, FlushResult()
        while True:
            message = yield Ask(store.take, (service, now(), LEASE), blocking=True)
            if message is None:
                return done
            try:
                yield from send(message)
            except errors.Unavailable:
                due = now() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(message.tries - 1, 16))
                yield Ask(store.postpone, (message, due), blocking=True)
                done.postponed += 1
                return done
            except errors.ServiceError as error:
                reason = f"{type(error).__name__} {error.status or ''}".strip()
                yield Ask(store.mark_dead, (message, reason), blocking=True)
                done.dead += 1
            else:
                yield Ask(store.delivered, (message,), blocking=True)
                done.delivered += 1


def _letter(call: Call, now: float) -> OutboxMessage | None:
    request = call.request
    if not isinstance(request.content, bytes):
        return None
    return OutboxMessage(
        call.service,
        call.operation.name,
        request.method,
        call.target,
        dict(request.headers),
        request.content,
        call.guard.rules.retry_mode,
        call.key,
        now,
    )
