"""The outbox: writes that are stored while the provider is unavailable, and sent later.

    outbox = Outbox(SqliteOutboxStore("outbox.db"))
    receipt = await self.call(SEND_RECEIPT, body=..., fallback=outbox)    # Receipt | Degraded
    await service.flush(outbox)                                           # every minute, say

A write that failed is on disk before `call` returns. It is sent later, oldest first, byte for
byte, under the idempotency key of the first attempt and with the credentials of that time: none
are stored. A message that the provider rejects, or whose outcome is unknown and which must not be
repeated, is marked dead, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.effects import Invoke
from noctule.runtime.fallback.fallback import Degraded, unavailability

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Never

    from noctule.runtime.effects import CallSteps
    from noctule.runtime.fallback.fallback import FailedCall
    from noctule.runtime.fallback.outbox_store import OutboxMessage, OutboxStore

FIRST_DELAY = 60.0
MAX_DELAY = 3600.0
"""Seconds between two tries to send a message; the delay doubles each time."""
LEASE = 300.0
"""Seconds for which nobody else takes a message: more than a call can take."""


@dataclass(slots=True)
class FlushResult:
    """How many messages one `flush` delivered, postponed and marked dead."""

    delivered: int = 0
    postponed: int = 0
    dead: int = 0


class Outbox:
    """A fallback that stores the write."""

    repeats_writes = True

    def __init__(self, store: OutboxStore) -> None:
        self._store = store

    def remember(self, key: str, value: object, now: float) -> None:
        """Nothing to remember."""

    def answer(self, failed: FailedCall) -> Generator[Invoke, Any, Degraded[Never] | None]:
        """Store the message. A body that is streamed cannot be stored, so its error is raised."""
        if failed.message is None:
            return None
        yield Invoke(self._store.put, (failed.message,), blocking=True)
        return Degraded(None, failed.error, "outbox")

    def flush(
        self,
        service: str,
        send: Callable[[OutboxMessage], CallSteps[None]],
        now: Callable[[], float],
    ) -> CallSteps[FlushResult]:
        """Send the messages that are due; stops at the first one for which the provider is
        unavailable. `now` returns seconds since the epoch."""
        store, result = self._store, FlushResult()
        while True:
            message = yield Invoke(store.take, (service, now(), LEASE), blocking=True)
            if message is None:
                return result
            try:
                yield from send(message)
            except errors.ServiceError as error:
                if unavailability(error, self) is not None:
                    delay = min(MAX_DELAY, FIRST_DELAY * 2 ** min(message.tries - 1, 16))
                    yield Invoke(store.postpone, (message, now() + delay), blocking=True)
                    result.postponed += 1
                    return result
                reason = f"{type(error).__name__} {error.status or ''}".strip()
                yield Invoke(store.mark_dead, (message, reason), blocking=True)
                result.dead += 1
            else:
                yield Invoke(store.delivered, (message,), blocking=True)
                result.delivered += 1
