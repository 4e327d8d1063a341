"""How many bytes of bodies a process holds while they arrive.

Nobody has been verified yet, so strangers choose how much that is. The first bytes of every body
are free: few bodies are longer, and the number of connections bounds them. What is beyond is shared
by all, so that large bodies, however many, keep out only one another.
"""

from __future__ import annotations

import threading
from typing import Self

FREE_BYTES = 64 * 1024
"""Of each body; with 1,024 connections, as many bytes as `SHARED_BYTES`."""
SHARED_BYTES = 64 * 1024 * 1024
"""Of all bodies together, beyond the free ones."""


class BodyBudget:
    """The bytes that are left, for bodies in any thread."""

    def __init__(self, shared: int = SHARED_BYTES) -> None:
        self.left = shared
        self._lock = threading.Lock()

    def body(self) -> BodyShare:
        """The share of a body that begins to arrive."""
        return BodyShare(self)

    def take(self, count: int) -> bool:
        with self._lock:
            if count > self.left:
                return False
            self.left -= count
            return True

    def give_back(self, count: int) -> None:
        with self._lock:
            self.left += count


class BodyShare:
    """A context: what the body took is given back at its end."""

    __slots__ = ("_budget", "_taken")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._taken = 0

    def grow(self, size: int) -> bool:
        """The body is `size` bytes long by now. False: there is no room for it."""
        more = size - FREE_BYTES - self._taken
        if more <= 0:
            return True
        if not self._budget.take(more):
            return False
        self._taken += more
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._taken:
            self._budget.give_back(self._taken)
            self._taken = 0


PROCESS_BUDGET = BodyBudget()
