"""Writing what a stage came to; computed again if a file changed meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from noctule.project.turn import ChangedMeanwhile

if TYPE_CHECKING:
    from collections.abc import Callable

_ATTEMPTS = 5


class Writable(Protocol):
    """What a stage came to, computed but not yet written."""

    def write(self) -> None: ...


W = TypeVar("W", bound=Writable)


def written(result: W, compute: Callable[[], W]) -> W:
    """Write `result`; `compute` it again if a file changed meanwhile, by another run or an editor.

    Returns what was written. Raises `ChangedMeanwhile` if files go on changing, and what `compute`
    and `write` raise.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            result.write()
        except ChangedMeanwhile:
            result = compute()
        else:
            return result
    result.write()
    return result
