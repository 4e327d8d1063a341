"""What a forked child must not use: connections, locks and calls in progress of its parent.

Who holds such things registers itself, and is told in the child. Forks of Python (`os.fork`,
`multiprocessing`, gunicorn, Celery, uWSGI) run the hook; `check` finds the others by their
process id.
"""

from __future__ import annotations

import os
from threading import Lock
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """Called in the child, which has one thread; it must not use what it drops."""

    def after_fork(self) -> None: ...


_process = os.getpid()
_registered: WeakSet[ForkAware] = WeakSet()
_abandoned: list[object] = []


def register(owner: ForkAware) -> None:
    """Call `owner.after_fork` in each forked child, as long as somebody else refers to it."""
    _registered.add(owner)


def abandon(*things: object) -> None:
    """Keep things of the parent until the end, so that no destructor of theirs runs in the child:
    it could end a TLS session of the parent, or wait for a lock that nobody releases."""
    _abandoned.extend(things)


class ForkSafeLock:
    """A lock that is free in a forked child, whoever had it in the parent."""

    def __init__(self) -> None:
        self._lock = Lock()
        register(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *exc: object) -> None:
        self._lock.release()

    def after_fork(self) -> None:
        self._lock = Lock()


def check() -> None:
    """Notice a fork that Python did not see (in C, by another library)."""
    if os.getpid() != _process:
        _after_fork()


def _after_fork() -> None:
    global _process
    _process = os.getpid()
    for owner in list(_registered):
        owner.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
