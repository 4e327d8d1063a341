"""What the latest calls came to: the last fifty, or those of the last minute if fewer.

A window of time alone is blind where there is much traffic: at 300 calls a second, a minute of
successes takes half a minute of failures to outweigh. A window of calls alone is blind where
there is little: it judges by what happened yesterday.
"""

from __future__ import annotations

from collections import deque


class Window:
    """At most `most` calls, none older than `length` seconds. Bit 0 of the two masks is the
    latest call, so that adding a success, which is what nearly all calls are, is one shift."""

    __slots__ = ("_failed", "_length", "_most", "_slow", "times", "troubled")

    def __init__(self, length: float, most: int) -> None:
        self._length = length
        self._most = most
        self.clear()

    def clear(self) -> None:
        self.times: deque[float] = deque(maxlen=self._most)
        """While nothing is `troubled`, a success is no more than its time."""
        self.troubled = False
        self._failed = 0
        self._slow = 0

    def add(self, now: float, failed: bool, slow: bool) -> None:
        self.times.append(now)
        if failed or self._failed:
            self._failed = (self._failed << 1 | failed) & ((1 << self._most) - 1)
        if slow or self._slow:
            self._slow = (self._slow << 1 | slow) & ((1 << self._most) - 1)
        self.troubled = bool(self._failed or self._slow)

    def streak(self, calls: int) -> bool:
        """Whether that many calls, the latest ones, all failed."""
        latest = (1 << calls) - 1
        return len(self.times) >= calls and self._failed & latest == latest

    def totals(self, now: float) -> tuple[int, int, int]:
        """(calls, failed, slow)."""
        times = self.times
        while times and times[0] <= now - self._length:
            times.popleft()
        latest = (1 << len(times)) - 1
        return len(times), (self._failed & latest).bit_count(), (self._slow & latest).bit_count()
