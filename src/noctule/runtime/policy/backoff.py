"""How long to wait before the next attempt: exponential, with full jitter.

Full jitter (a uniform draw between zero and the bound) spreads the callers that one outage
brought together over the whole interval; equal or small jitter leaves them in waves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Bounds of the waits, in seconds: 1, 2, 4 … up to a cap."""

    base: float = 1.0
    factor: float = 2.0
    cap: float = 8.0
    throttled_cap: float = 20.0
    """The cap after a 429: the provider is up, and asks for room."""

    def bound(self, failed: int, *, throttled: bool = False) -> float:
        """The longest wait after `failed` attempts (1 is the first)."""
        cap = self.throttled_cap if throttled else self.cap
        # 2**64 seconds is past every cap; the exponent is bounded so that it cannot overflow.
        return min(cap, self.base * self.factor ** min(failed - 1, 64))

    def wait(self, failed: int, random: Callable[[], float], *, throttled: bool = False) -> float:
        return random() * self.bound(failed, throttled=throttled)


def asked(seconds: float, random: Callable[[], float]) -> float:
    """What the provider asked for, plus up to a tenth so that its callers do not return at once."""
    return seconds * (1.0 + 0.1 * random())
