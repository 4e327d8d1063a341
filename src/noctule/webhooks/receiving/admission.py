"""How many deliveries may be in progress at once, so that each is answered in time.

The limit is learned, since nobody knows beforehand what a machine and its disk can take. The number
in progress and the time that each takes go together (Little's law): a slow delivery shows how many
would not have been slow, a quick one raises the limit a little. When the limit is reached, further
deliveries are refused at once, before any work is done.

The time to receive a body is not counted, since only the sender influences it. Nor is the time that
a delivery waits for a published key (`external_wait`): it says nothing about this machine.
"""

INITIAL = 256.0
LOWEST, HIGHEST = 32.0, 2048.0
SLOW_SECONDS = 0.1
"""The slowest answer may take 0.4 s; the server, the network and the unforeseen need part of it."""


class ConcurrencyLimit:
    """The number of deliveries in progress, and how many there may be."""

    def __init__(self) -> None:
        self.in_progress = 0
        self.limit = INITIAL
        self._reduced_at = float("-inf")

    @property
    def is_full(self) -> bool:
        return self.in_progress >= self.limit

    def release(self, now: float, seconds: float) -> None:
        """End a delivery at `now`, after so many seconds.

        The limit is reduced once for all deliveries that were in progress together, and raised only
        where it is needed.
        """
        if seconds > SLOW_SECONDS:
            if now - seconds >= self._reduced_at:
                self._reduced_at = now
                self.limit = max(LOWEST, min(self.limit, self.in_progress * SLOW_SECONDS / seconds))
        elif self.in_progress * 2 > self.limit:
            self.limit = min(HIGHEST, self.limit + 1 / self.limit)
        self.in_progress -= 1
