"""What the latest calls came to: the last fifty, or those of the last minute if fewer.

A window of time alone is blind where there is much traffic: at 300 calls a second, a minute of
successes takes half a minute of failures to outweigh. A window of calls alone is blind where
there is little: it judges by what happened yesterday.
"""

from __future__ import annotations

from collections import deque


class Window:
    """At most `most` calls, none older than `length` seconds."""

    __slots__ = ("_calls", "_failed", "_length", "_most", "_slow")

    def __init__(self, length: float, most: int) -> None:
        self._length = length
        self._most = most
        self.clear()

    def clear(self) -> None:
        self._calls: deque[tuple[float, bool, bool]] = deque()
        self._failed = 0
        self._slow = 0

    def add(self, now: float, failed: bool, slow: bool) -> None:
        calls = self._calls
        calls.append((now, failed, slow))
        if failed:
            self._failed += 1
        if slow:
            self._slow += 1
        if len(calls) > self._most:
            self._forget()

    def totals(self, now: float) -> tuple[int, int, int]:
        """(calls, failed, slow)."""
        while self._calls and self._calls[0][0] <= now - self._length:
            self._forget()
        return len(self._calls), self._failed, self._slow

    def _forget(self) -> None:
        _, failed, slow = self._calls.popleft()
        self._failed -= failed
        self._slow -= slow
