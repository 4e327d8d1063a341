"""Hedged requests: whether a read that is slow may be sent a second time."""

from __future__ import annotations

HEDGED_METHODS = frozenset({"GET", "HEAD"})


def hedge_after(seconds: float, method: str, timeout: float | None) -> float | None:
    """Seconds after which to send the request a second time; None when it must not be.

    Only reads are hedged, and only when the second request has time to win. The policy engine
    hedges the first attempt only: a retry is a second chance already.
    """
    if method not in HEDGED_METHODS or (timeout is not None and seconds >= timeout):
        return None
    return seconds
