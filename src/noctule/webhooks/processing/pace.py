"""How long a delivery that arrives now waits until it is on disk.

It waits for the commit in progress, then for the one that takes it along with everything that
waits. However many wait, they share that commit, so the wait follows from what commits took lately
and from what a row adds to one.

The writer reports its commits, `Inbox` the delay until the coroutines hear of them. All times are
seconds of one clock. Numbers are written by one thread each and read by any.
"""

from __future__ import annotations

LARGE = 32
"""Rows from which a commit shows what a row costs; below, the fsync is most of it."""
WEIGHT = 0.3
"""Of the latest commit in the averages."""


class WriterPace:
    """What the writer does and did lately."""

    __slots__ = ("_last", "_per_row", "_rows", "_started", "lag")

    def __init__(self) -> None:
        self._started: float | None = None
        self._rows = 0
        self._last = 0.0
        self._per_row = 0.0
        self.lag = 0.0
        """From the end of a commit until the answer is given: how busy the event loop is."""

    def begin(self, now: float, rows: int) -> None:
        """A commit of so many rows begins."""
        self._rows = rows
        self._started = now

    def end(self, now: float) -> None:
        """It is on disk, or failed."""
        if self._started is None:
            return
        self._last = seconds = now - self._started
        self._started = None
        if self._rows >= LARGE:
            each = seconds / self._rows
            self._per_row += (WEIGHT if self._per_row else 1.0) * (each - self._per_row)

    def heard(self, seconds: float) -> None:
        """The coroutines heard of a commit so long after its end."""
        self.lag += WEIGHT * (seconds - self.lag)

    def expected(self, now: float, waiting: int, oldest: float) -> float:
        """Seconds from the arrival of the first of `waiting` deliveries, at `oldest`, until it and
        one more are on disk and their senders hear of it: each that joins makes the others wait
        longer. 0 while nothing is written: then only the disk knows.

        The lag of the event loop counts twice: a delivery was noticed as late as that, too.
        """
        started = self._started
        if started is None:
            return 0.0
        elapsed = now - started
        remaining = self._seconds(self._rows) - elapsed
        if remaining < 0:  # it takes longer than the last one, nobody knows by how much
            remaining = elapsed
        age = now - oldest if waiting else 0.0
        return age + remaining + max(elapsed, self._seconds(waiting + 1)) + 2 * self.lag

    def _seconds(self, rows: int) -> float:
        return max(self._last, rows * self._per_row)
