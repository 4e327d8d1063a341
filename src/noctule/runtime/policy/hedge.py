"""Whether a read that is slow may be asked a second time."""

from __future__ import annotations

HEDGED_METHODS = frozenset({"GET", "HEAD"})


def hedge_after(seconds: float, method: str, timeout: float | None) -> float | None:
    """Seconds after which to send the request again; None when it must not be.

    Only reads, and only when enough of the attempt is left for the second request to win. The
    guard asks in the first attempt only: a retry is a second chance already.
    """
    if method not in HEDGED_METHODS or (timeout is not None and seconds >= timeout):
        return None
    return seconds
