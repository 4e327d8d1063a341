"""How much time an attempt, or a wait for a permit, may take before the deadline of its call."""

from __future__ import annotations


def attempt_time(
    timeout: float | None, until: float | None, now: float
) -> tuple[float | None, bool]:
    """Seconds for the attempt (None: no limit), and whether the deadline shortened its `timeout`.

    An attempt that our own deadline ended says nothing about the provider.
    """
    if until is None:
        return timeout, False
    left = max(0.0, until - now)
    if timeout is None or left < timeout:
        return left, True
    return timeout, False
