"""Whether a read that is slow may be asked a second time."""

from __future__ import annotations

HEDGED_METHODS = frozenset({"GET", "HEAD"})


def hedge_after(
    seconds: float | None, *, method: str, attempt: int, timeout: float | None
) -> float | None:
    """Seconds after which to send the request again; None when it must not be.

    Only reads, only in the first attempt (a retry is already a second chance), and only when
    enough of the attempt is left for the second request to win.
    """
    if seconds is None or method not in HEDGED_METHODS or attempt > 1:
        return None
    if timeout is not None and seconds >= timeout:
        return None
    return seconds
