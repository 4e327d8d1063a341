"""Writes that wait for the provider to come back.

    outbox = Outbox(SqliteLetters("outbox.db"))
    sent = await self.call(SEND_RECEIPT, body=..., fallback=outbox)    # Receipt | Degraded
    await service.deliver(outbox)                                       # every minute, say

A write that could not be made is on disk before `call` returns. It is delivered later, oldest
first, byte for byte and under the idempotency key of the first try, with the credentials of that
day: none is stored. A letter that the provider refuses, or of which nobody knows whether it
arrived, is set aside as dead, for a person to look at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.runtime import errors
from noctule.runtime.effects import Ask
from noctule.runtime.fallback.fallback import Degraded
from noctule.runtime.fallback.outbox_store import Letter, Letters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Never

    from noctule.runtime.call.request_builder import Call
    from noctule.runtime.fallback.fallback import Failed

FIRST_PAUSE = 60.0
LONGEST_PAUSE = 3600.0
LEASE = 300.0
"""Seconds for which a letter belongs to whoever took it: longer than a delivery can take."""


@dataclass(slots=True)
class Delivery:
    """What one `deliver` did."""

    delivered: int = 0
    postponed: int = 0
    dead: int = 0


class Outbox:
    """A fallback that stores the write instead of losing it."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def remember(self, key: str, value: object, now: float) -> None:
        """Nothing to remember."""

    def answer(self, failed: Failed) -> Generator[Ask, Any, Degraded[Never] | None]:
        """Stores bodies that are in memory; for one that is streamed, the error goes through."""
        letter = _letter(failed.call, failed.now)
        if letter is None:
            return None
        yield Ask(self._letters.put, (letter,), blocking=True)
        return Degraded(None, failed.error, "outbox")

    def deliver(
        self,
        service: str,
        send: Callable[[Letter], Generator[Call | Ask, Any, None]],
        now: Callable[[], float],
    ) -> Generator[Call | Ask, Any, Delivery]:
        """Deliver what is due; stops at the first letter for which the provider is not there."""
        letters, done = self._letters, Delivery()
        while True:
            letter = yield Ask(letters.take, (service, now(), LEASE), blocking=True)
            if letter is None:
                return done
            try:
                yield from send(letter)
            except errors.Unavailable:
                due = now() + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(letter.tries - 1, 16))
                yield Ask(letters.postpone, (letter, due), blocking=True)
                done.postponed += 1
                return done
            except errors.ServiceError as error:
                reason = f"{type(error).__name__} {error.status or ''}".strip()
                yield Ask(letters.bury, (letter, reason), blocking=True)
                done.dead += 1
            else:
                yield Ask(letters.delivered, (letter,), blocking=True)
                done.delivered += 1


def _letter(call: Call, now: float) -> Letter | None:
    request = call.request
    if not isinstance(request.content, bytes):
        return None
    return Letter(
        call.service,
        call.operation.name,
        request.method,
        call.target,
        dict(request.headers),
        request.content,
        call.guard.rules.replay,
        call.key,
        now,
    )
