"""Which deliveries are taken, so that each is answered in time.

A delivery is refused if the answer would come too late: if what it has waited and what it is
expected to wait for the disk are more than the time there is. It is not refused at once. Refused
senders come back at once, and answering them costs as much as taking a delivery; and one slow
commit says little about the next. So a delivery that seems too late waits for the end of the
commit in progress, as long as there is time, and is judged again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.errors import Busy

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox

ANSWER_SECONDS = 0.35
"""The sender has its answer within 400 ms, of which the server and the network need 50."""
HOLD_SECONDS = 0.2
"""How long a delivery waits before it is refused."""
MOST_HELD = 2048


class Admission:
    """Decides about the deliveries to one receiver."""

    def __init__(self, inbox: Inbox, clock: Clock) -> None:
        self._inbox = inbox
        self._clock = clock
        self._held = 0

    async def admit(self, arrived: float) -> None:
        """Return when the delivery that arrived then may be stored. Raises Busy."""
        inbox, clock = self._inbox, self._clock
        while inbox.expected_wait() > ANSWER_SECONDS - (waited := clock.monotonic() - arrived):
            if waited >= HOLD_SECONDS or self._held >= MOST_HELD:
                raise Busy("too many deliveries at once")
            self._held += 1
            try:
                await inbox.commit_ended(HOLD_SECONDS - waited)
            finally:
                self._held -= 1
