"""Whether to try again, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime.policy.backoff import Backoff, asked
from noctule.runtime.policy.outcome import Reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.operation import RetryMode
    from noctule.runtime.policy.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLimits:
    attempts: int = 4
    """The first one and three retries."""
    backoff: Backoff = field(default_factory=Backoff)
    longest_wait: float = 60.0
    """A provider that asks for more is answered with `RateLimited` at once, not waited for."""


def replayable(retry_mode: RetryMode, verdict: Outcome) -> bool:
    """Whether sending the request again cannot do its effect twice."""
    return retry_mode != "never" or verdict.reached in (Reached.NOT_SENT, Reached.REFUSED)


def wait_before_retry(
    limits: RetryLimits,
    verdict: Outcome,
    *,
    failed: int,
    retry_mode: RetryMode,
    random: Callable[[], float],
) -> float | None:
    """Seconds until the next attempt; None when there must not be one.

    `failed` counts the attempts so far. Neither the quota nor the deadline is asked here.
    """
    if failed >= limits.attempts or not replayable(retry_mode, verdict):
        return None
    if verdict.hint is False or (verdict.again == "no" and verdict.hint is not True):
        return None
    if verdict.retry_after is not None:
        if verdict.retry_after > limits.longest_wait:
            return None
        return asked(verdict.retry_after, random)
    return limits.backoff.wait(failed, random, throttled=verdict.again == "throttled")
