"""An event loop in virtual time: a program that only waits runs as fast as it computes."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

_now = 0.0


def install() -> None:
    """From here on `time.monotonic` is virtual, in this process, for all that looks it up later.

    Libraries that bind it when they are imported have to be imported after this.
    """
    time.monotonic = lambda: _now


class _Selector(selectors.SelectSelector):
    """Waiting moves the time on; nothing ever comes from outside."""

    def select(self, timeout: float | None = None) -> list[Any]:
        global _now
        if timeout is None:
            raise RuntimeError("everything waits, and nothing is due")
        _now += max(timeout, 0.0)
        return super().select(0)


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """What `main` returns; the time begins at 0."""
    global _now
    _now = 0.0
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector())) as runner:
        return runner.run(main)
