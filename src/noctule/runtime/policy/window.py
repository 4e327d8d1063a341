"""Counts over the last minute, in ten buckets, so that old failures fade and memory is fixed."""

from __future__ import annotations

BUCKETS = 10


class Window:
    """Calls, failures and slow calls of the last `length` seconds."""

    __slots__ = ("_bucket", "_buckets", "_ends", "_width")

    def __init__(self, length: float) -> None:
        self._width = length / BUCKETS
        self.clear()

    def clear(self) -> None:
        # A bucket: the number of its stretch of time, calls, failed, slow.
        self._buckets = [[-1, 0, 0, 0] for _ in range(BUCKETS)]
        self._bucket = self._buckets[0]
        self._ends = float("-inf")

    def add(self, now: float, failed: bool, slow: bool) -> None:
        if now >= self._ends:
            self._turn(now)
        bucket = self._bucket
        bucket[1] += 1
        if failed:
            bucket[2] += 1
        if slow:
            bucket[3] += 1

    def totals(self, now: float) -> tuple[int, int, int]:
        """(calls, failed, slow)."""
        oldest = int(now / self._width) - BUCKETS
        recent = [bucket for bucket in self._buckets if bucket[0] > oldest]
        return (
            sum(bucket[1] for bucket in recent),
            sum(bucket[2] for bucket in recent),
            sum(bucket[3] for bucket in recent),
        )

    def _turn(self, now: float) -> None:
        number = int(now / self._width)
        self._bucket = self._buckets[number % BUCKETS]
        self._bucket[:] = [number, 0, 0, 0]
        self._ends = (number + 1) * self._width
