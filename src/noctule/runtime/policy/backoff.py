"""The wait before a retry: exponential, with full jitter.

Full jitter (a uniform draw between zero and the limit) spreads the callers of one outage over the
whole interval; equal or small jitter leaves them in waves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Limits of the waits, in seconds: `base`, `base * factor`, … up to `cap`."""

    base: float = 1.0
    factor: float = 2.0
    cap: float = 8.0
    throttled_cap: float = 20.0
    """The cap after a 429: the provider is up, but overloaded."""

    def max_wait(self, attempts: int, *, throttled: bool = False) -> float:
        """The longest wait after `attempts` failed ones (at least 1)."""
        cap = self.throttled_cap if throttled else self.cap
        # 2**64 seconds is beyond every cap; the exponent is bounded so that it cannot overflow.
        return min(cap, self.base * self.factor ** min(attempts - 1, 64))

    def wait(self, attempts: int, random: Callable[[], float], *, throttled: bool = False) -> float:
        """A random wait after `attempts` failed ones; `random` returns [0, 1)."""
        return random() * self.max_wait(attempts, throttled=throttled)


def with_jitter(seconds: float, random: Callable[[], float]) -> float:
    """`seconds`, which the provider asked for, plus up to a tenth, so that its callers do not all
    return at once."""
    return seconds * (1.0 + 0.1 * random())
