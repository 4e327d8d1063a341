"""Writing many files so that none is half-written: all are staged before the first is renamed."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_all(root: Path, texts: Mapping[Path, str]) -> None:
    """Write `texts` (absolute path -> text); raises `Problem`, and then nothing was written."""
    made: list[Path] = []
    staged: list[tuple[Path, Path]] = []
    try:
        for target, text in texts.items():
            _make_folder(target.parent, made)
            staged.append((_stage(target, text), target))
        for temporary, target in staged:
            temporary.replace(target)
    except OSError as error:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()
        place = Path(error.filename or root)
        place = place.relative_to(root) if place.is_relative_to(root) else place
        reason = error.strerror or type(error).__name__
        problem = Problem("project.unwritable", exit=Exit.OUTSIDE, place=str(place), reason=reason)
        raise problem from error


def _make_folder(folder: Path, made: list[Path]) -> None:
    """Make `folder` and what is missing above it; each folder made is added to `made`."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, made)
    folder.mkdir()
    made.append(folder)


def _stage(target: Path, text: str) -> Path:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o666
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
