"""A bucket of tokens that pays for retries, so that an outage is not multiplied by them.

While a provider is healthy the bucket is full and every call may retry. In an outage it empties
after some 35 retries, and calls then fail after their first attempt, until clean successes
fill it again. Numbers are those of the AWS SDKs' retry mode of 2026.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudget:
    capacity: int = 500
    transient: int = 14
    """Price of a retry after a failure."""
    throttled: int = 5
    """Price of a retry after a 429: the provider said when to come back."""


class RetryTokens:
    """Never blocks: it pays or refuses."""

    __slots__ = ("capacity", "tokens")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.tokens = capacity

    def pay(self, price: int) -> bool:
        if price > self.tokens:
            return False
        self.tokens -= price
        return True

    def earn(self, tokens: int = 1) -> None:
        """A call succeeded: 1 for a clean one, the price of its last retry for a retried one."""
        self.tokens = min(self.capacity, self.tokens + tokens)
