"""Why an attempt failed, as it may be stored and shown: where, and never with which values."""

from __future__ import annotations

import sysconfig
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, cast

from noctule.runtime.errors import ServiceError
from noctule.runtime.redaction import redact
from noctule.webhooks.errors import PermanentFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPPED = "stopped"
"""The reason of an event whose handler was cancelled, because its process ended."""
MAX_REASON = 300
MAX_TRACEBACK = 4000
"""Characters; the end counts, since the last frames are there."""
MAX_FRAMES = 12
"""Of one exception, the innermost ones."""
MAX_LINE = 200
MAX_CHAIN = 4
"""Exceptions that led to each other."""

_OURS = str(Path(__file__).parents[2])
_PYTHON = sysconfig.get_path("stdlib")
_PACKAGES = ("site-packages", "dist-packages")


def describe(error: BaseException) -> str:
    """The type of an error and where it was raised, without its text, which may quote the payload.

    The text is kept for `PermanentFailure` and the errors of a wrapper, which are written for
    display.
    """
    if isinstance(error, PermanentFailure | ServiceError):
        return _with_text(error)
    frames = traceback.extract_tb(error.__traceback__)
    position = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{position}"


def traceback_text(error: BaseException) -> str:
    """The frames that led to an error, from the handler on, the cause before what it caused.

    Each has its file, line and function, and the line of code as it is in the file, redacted.
    Texts of exceptions are left out, as in `describe`.
    """
    lines = [line for part in reversed(list(_chain(error))) for line in _lines(part)]
    return "\n".join(lines)[-MAX_TRACEBACK:]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and the ones that led to it or that it groups."""
    following: list[BaseException] = [error]
    for _ in range(MAX_CHAIN):
        if not following:
            return
        current = following.pop(0)
        yield current
        context = None if current.__suppress_context__ else current.__context__
        before = current.__cause__ or context
        following += [before] if before is not None else []
        if isinstance(current, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", current)
            following += group.exceptions


def _lines(error: BaseException) -> Iterator[str]:
    frames = traceback.extract_tb(error.__traceback__)
    first = next((i for i, frame in enumerate(frames) if not _is_caller(frame.filename)), 0)
    for frame in frames[first:][-MAX_FRAMES:]:
        yield f'  File "{_short(frame.filename)}", line {frame.lineno}, in {frame.name}'
        if frame.line:
            yield f"    {redact(frame.line)[:MAX_LINE]}"
    shown = isinstance(error, PermanentFailure | ServiceError)
    yield _with_text(error) if shown else type(error).__name__


def _with_text(error: BaseException) -> str:
    return redact(f"{type(error).__name__}: {error}")[:MAX_REASON]


def _is_caller(filename: str) -> bool:
    """Whether a frame belongs to what calls handlers: the worker, threads, the event loop."""
    if any(name in filename for name in _PACKAGES) and not filename.startswith(_OURS):
        return False
    return filename.startswith((_OURS, _PYTHON))


def _short(filename: str) -> str:
    """A path from the working directory or the package's folder on."""
    path = Path(filename)
    for name in _PACKAGES:
        if name in path.parts:
            return str(Path(*path.parts[path.parts.index(name) + 1 :]))
    if path.is_relative_to(Path.cwd()):
        return str(path.relative_to(Path.cwd()))
    return path.name
