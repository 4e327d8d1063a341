"""How long the current task has waited for another server, which is not this machine's load."""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_SECONDS: ContextVar[float] = ContextVar("noctule_webhooks_external_wait", default=0.0)


def external_seconds() -> float:
    """Seconds that this task has spent inside `external_wait`."""
    return _SECONDS.get()


@contextmanager
def external_wait() -> Generator[None]:
    """Count the time inside as waiting for another server."""
    started = time.monotonic()
    try:
        yield
    finally:
        _SECONDS.set(_SECONDS.get() + time.monotonic() - started)
