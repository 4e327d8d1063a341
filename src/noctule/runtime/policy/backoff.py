"""The wait before a retry: exponential, and a random share longer.

The share spreads the callers of one outage. It only lengthens the waits, so that three retries
outlast a blip of 1 + 2 + 4 s for certain; drawn from zero on ("full jitter"), the same waits lose
a fifth of the calls of a blip of 4 s, and half of one of 7 s. docs/runtime.md has the simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The waits, in seconds: `base`, `base * factor`, … up to `cap`, and up to `jitter` of each
    more."""

    base: float = 1.0
    factor: float = 2.0
    cap: float = 8.0
    throttled_cap: float = 20.0
    """The cap after a 429: the provider is up, but overloaded."""
    jitter: float = 0.25
    """The largest random share that is added to a wait."""

    def least_wait(self, attempts: int, *, throttled: bool = False) -> float:
        """The shortest wait after `attempts` failed ones (at least 1)."""
        cap = self.throttled_cap if throttled else self.cap
        # 2**64 seconds is beyond every cap; the exponent is bounded so that it cannot overflow.
        return min(cap, self.base * self.factor ** min(attempts - 1, 64))

    def wait(self, attempts: int, random: Callable[[], float], *, throttled: bool = False) -> float:
        """A random wait after `attempts` failed ones; `random` returns [0, 1)."""
        least = self.least_wait(attempts, throttled=throttled)
        return least * (1.0 + self.jitter * random())


def with_jitter(seconds: float, random: Callable[[], float]) -> float:
    """`seconds`, which the provider asked for, plus up to a tenth, so that its callers do not all
    return at once."""
    return seconds * (1.0 + 0.1 * random())
