"""Two runs of noctule in one project: one writes at a time, and none over what it has not seen."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

PATIENCE = 30.0
"""Seconds to wait for another run; writing takes a fraction of one."""
_PAUSE = 0.02
_ATTEMPTS = 5


class ChangedMeanwhile(Problem):
    """A file changed between comparing and writing: compare again."""


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


@contextlib.contextmanager
def turn(root: Path) -> Generator[None]:
    """The right to write below `root`. Raises `Problem` if another run keeps it.

    The lock is on the folder itself, so it leaves no file behind and ends with its process. A
    system or a file system without such locks gives every run its turn.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    folder = os.open(root, os.O_RDONLY)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Problem("project.busy", exit=Exit.OUTSIDE, place=str(root)) from None
                time.sleep(_PAUSE)
            except OSError:
                break
            else:
                break
        yield
    finally:
        os.close(folder)
