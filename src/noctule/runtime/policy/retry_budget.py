"""The retry budget: a bucket of tokens that pays for retries, so that they cannot multiply an
outage.

While a provider is healthy the bucket is full and every call may retry. In an outage it is empty
after about 35 retries, and calls fail after their first attempt until successes fill it again.
The numbers are those of the AWS SDKs' retry mode of 2026.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    """Capacity and costs, in tokens."""

    capacity: int = 500
    transient_cost: int = 14
    """Of a retry after a failure."""
    throttled_cost: int = 5
    """Of a retry after a 429: the provider said when to come back."""


class RetryTokens:
    """The bucket. It never blocks."""

    __slots__ = ("capacity", "tokens")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.tokens = capacity

    def withdraw(self, cost: int) -> bool:
        """Pay for a retry; False when there are too few tokens."""
        if cost > self.tokens:
            return False
        self.tokens -= cost
        return True

    def deposit(self, tokens: int = 1) -> None:
        """A call succeeded: 1 token for a first attempt, the cost of the retry for a retry."""
        self.tokens = min(self.capacity, self.tokens + tokens)
