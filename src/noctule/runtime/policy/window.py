"""The results of the latest calls: the last fifty, or those of the last minute if fewer.

A window of time alone is slow where there is much traffic: at 300 calls a second, it takes half a
minute of failures to outweigh a minute of successes. A window of calls alone is wrong where there
is little: it judges today by yesterday's calls.

From the first problem on, it also keeps which operation each call was of, so that one operation
that fails alone can be told from a provider that is down.
"""

from __future__ import annotations

from collections import Counter, deque
from itertools import chain, islice, repeat


class Window:
    """At most `size` calls, none older than `seconds`. Bit 0 of the two masks is the latest
    call, so that adding a success, which nearly all calls are, is one shift."""

    __slots__ = ("_failed", "_operations", "_seconds", "_size", "_slow", "has_problems", "times")

    def __init__(self, seconds: float, size: int) -> None:
        self._seconds = seconds
        self._size = size
        self.clear()

    def clear(self) -> None:
        self.times: deque[float] = deque(maxlen=self._size)
        """When each call ended. Without failed or slow calls, nothing else is recorded."""
        self.has_problems = False
        """Whether the masks hold a failed or a slow call."""
        self._failed = 0
        self._slow = 0
        self._operations: deque[str] = deque(maxlen=self._size)
        """Of the latest calls, as far back as the first problem."""

    def add(self, now: float, failed: bool, slow: bool, operation: str = "") -> None:
        self.times.append(now)
        if failed or self._failed:
            self._failed = (self._failed << 1 | failed) & ((1 << self._size) - 1)
        if slow or self._slow:
            self._slow = (self._slow << 1 | slow) & ((1 << self._size) - 1)
        self.has_problems = bool(self._failed or self._slow)
        if self.has_problems:
            self._operations.append(operation)
        elif self._operations:
            self._operations.clear()

    def latest_failed(self, count: int) -> bool:
        """Whether the latest `count` calls all failed."""
        mask = (1 << count) - 1
        return len(self.times) >= count and self._failed & mask == mask

    def totals(self, now: float) -> tuple[int, int, int]:
        """(calls, failed calls, slow calls)."""
        times = self.times
        while times and times[0] <= now - self._seconds:
            times.popleft()
        mask = (1 << len(times)) - 1
        return len(times), (self._failed & mask).bit_count(), (self._slow & mask).bit_count()

    def latest_operations(self, count: int) -> set[str]:
        """The operations of the latest `count` calls."""
        return set(islice(reversed(self._operations), count))

    def worst_operation(self) -> str:
        """The operation with the most failed and slow calls; "" if none is known."""
        problems = self._failed | self._slow
        counts = Counter(
            operation
            for index, operation in enumerate(islice(reversed(self._operations), len(self.times)))
            if problems >> index & 1
        )
        return max(counts, key=lambda operation: counts[operation], default="")

    def totals_of(self, operation: str) -> tuple[int, int, int]:
        """`totals` of that operation alone."""
        mask = sum(
            1 << index
            for index, other in enumerate(islice(reversed(self._operations), len(self.times)))
            if other == operation
        )
        failed, slow = self._failed & mask, self._slow & mask
        return mask.bit_count(), failed.bit_count(), slow.bit_count()

    def forget(self, operation: str) -> None:
        """Take the calls of that operation out."""
        calls = [
            (time, self._failed >> index & 1, self._slow >> index & 1, other)
            for index, (time, other) in enumerate(
                zip(
                    reversed(self.times),
                    chain(reversed(self._operations), repeat("")),
                    strict=False,
                )
            )
            if other != operation
        ]
        self.clear()
        for time, failed, slow, other in reversed(calls):
            self.add(time, bool(failed), bool(slow), other)
