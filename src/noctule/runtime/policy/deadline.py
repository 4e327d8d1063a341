"""The time a call may take, and what of it one attempt may use."""

from __future__ import annotations


def attempt_time(
    timeout: float | None, until: float | None, now: float
) -> tuple[float | None, bool]:
    """Seconds for the next attempt, and whether the deadline cut it short.

    An attempt that our own deadline cut says nothing about the provider.
    """
    if until is None:
        return timeout, False
    left = max(0.0, until - now)
    if timeout is None or left < timeout:
        return left, True
    return timeout, False
