"""Whether to make another attempt, and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.runtime.policy.backoff import Backoff, with_jitter
from noctule.runtime.policy.outcome import DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.operation import RetryMode
    from noctule.runtime.policy.outcome import AttemptOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLimits:
    """How often a call is tried, and how long it waits in between."""

    attempts: int = 4
    """Including the first one."""
    backoff: Backoff = field(default_factory=Backoff)
    max_retry_after: float = 60.0
    """Seconds. If the provider asks for a longer wait, the call fails with `RateLimited` at
    once."""


def can_replay(retry_mode: RetryMode, outcome: AttemptOutcome) -> bool:
    """Whether sending the request again cannot repeat its effect."""
    return retry_mode != "never" or outcome.delivery in (
        DeliveryStatus.NOT_SENT,
        DeliveryStatus.REJECTED,
    )


JUDGED = frozenset({400, 402, 404, 410, 422})
"""By these a provider judges the request itself. Other refusals (credentials, rate limits,
conflicts) can precede the look at an idempotency key, and say nothing about an earlier attempt."""
GONE = frozenset({404, 410})


def settles(retry_mode: RetryMode, method: str, outcome: AttemptOutcome) -> bool:
    """Whether the refusal says that no earlier attempt at this write had its effect either, or
    that it does not matter, since what was to be deleted is gone."""
    if outcome.delivery is not DeliveryStatus.REJECTED or outcome.error is None:
        return False
    status = outcome.error.status
    return status in JUDGED if retry_mode == "with_key" else method == "DELETE" and status in GONE


def wait_before_retry(
    limits: RetryLimits,
    outcome: AttemptOutcome,
    *,
    attempts: int,
    retry_mode: RetryMode,
    random: Callable[[], float],
) -> float | None:
    """Seconds until the next attempt; None when there must not be one.

    `attempts` have been made. The retry budget and the deadline are not considered here.
    """
    if attempts >= limits.attempts or not can_replay(retry_mode, outcome):
        return None
    if outcome.should_retry is False:
        return None
    if outcome.retry_kind == "no" and outcome.should_retry is not True:
        return None
    wait = limits.backoff.wait(attempts, random, throttled=outcome.retry_kind == "throttled")
    if outcome.retry_after is None:
        return wait
    if outcome.retry_after > limits.max_retry_after:
        return None
    # Zero or a moment in the past is no leave to call at once, again and again.
    return max(wait, with_jitter(outcome.retry_after, random))
