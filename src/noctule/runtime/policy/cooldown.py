"""The time until which a provider must not be called, set by its 429s and rate-limit headers.

It is shared by all calls to the provider, so that one refusal is enough for all of them.
"""

from __future__ import annotations


class Cooldown:
    __slots__ = ("not_before",)

    def __init__(self) -> None:
        self.not_before = 0.0

    def extend(self, now: float, seconds: float) -> None:
        """No call for `seconds` from `now`; never shortens the present cooldown."""
        self.not_before = max(self.not_before, now + seconds)

    def wait(self, now: float) -> float:
        """Seconds until a call may be sent; 0 when it may be sent now."""
        return max(0.0, self.not_before - now)
