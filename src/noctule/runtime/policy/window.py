"""Counts over the last minute, in ten buckets, so that old failures fade and memory is fixed."""

from __future__ import annotations

BUCKETS = 10


class Window:
    """Calls, failures and slow calls of the last `length` seconds."""

    __slots__ = ("_buckets", "_width")

    def __init__(self, length: float) -> None:
        self._width = length / BUCKETS
        self._buckets: list[list[int]] = []
        self.clear()

    def clear(self) -> None:
        self._buckets = [[-1, 0, 0, 0] for _ in range(BUCKETS)]

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        tick = int(now / self._width)
        bucket = self._buckets[tick % BUCKETS]
        if bucket[0] != tick:
            bucket[:] = [tick, 0, 0, 0]
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
