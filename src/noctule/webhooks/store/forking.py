"""No database connection is open while the process forks.

SQLite's locks are the process's, and its memory of them would be copied with the rest: a child that
opens the file again then believes that it has locks which it has not (sqlite.org/howtocorrupt.html,
2.6). Two processes with one PostgreSQL connection read each other's answers.
"""

from __future__ import annotations

import os
import threading
from abc import ABC, abstractmethod
from weakref import WeakSet


class ForkGate(ABC):
    """Base of the stores. Every transaction holds the gate, and connects where it finds itself
    disconnected."""

    def __init__(self) -> None:
        self.gate = threading.RLock()
        _STORES.add(self)

    @abstractmethod
    def disconnect(self) -> None:
        """Close the connection, unless this thread is inside a transaction."""


_STORES: WeakSet[ForkGate] = WeakSet()
_closed: list[ForkGate] = []


def _before() -> None:
    for store in list(_STORES):
        store.gate.acquire()
        _closed.append(store)
        store.disconnect()


def _after() -> None:
    while _closed:
        _closed.pop().gate.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
