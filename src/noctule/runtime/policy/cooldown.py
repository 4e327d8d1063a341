"""The moment before which an origin must not be called, fed by its 429s and rate-limit headers.

One caller that is told to wait spares all the others the same refusal.
"""

from __future__ import annotations


class Cooldown:
    __slots__ = ("not_before",)

    def __init__(self) -> None:
        self.not_before = 0.0

    def close(self, now: float, seconds: float) -> None:
        """No call for `seconds`. The moment only ever moves later."""
        self.not_before = max(self.not_before, now + seconds)

    def wait(self, now: float) -> float:
        """Seconds until a call may be sent; 0 when it may go now."""
        return max(0.0, self.not_before - now)
