"""What a call asks its driver to do. The drivers decide nothing; the calls do nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Attempt:
    """Send the request and answer with a `Verdict`, within `seconds`."""

    seconds: float | None
    hedge_after: float | None = None
    """Send it a second time when there is no answer by then, if the guard's `hedge` agrees."""


@dataclass(slots=True)
class Sleep:
    seconds: float


@dataclass(slots=True)
class Ask:
    """Answer with `function(*arguments)`, awaited where it is a coroutine."""

    function: Callable[..., Any]
    arguments: tuple[object, ...]
    blocking: bool = False
    """It may wait for a disk: not on the event loop."""
