"""Writing several files all or none: each is written to a temporary file, then all are renamed."""

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
    """Write `texts` (absolute path -> text) below `root`.

    Raises `Problem` (exit 6) when a file cannot be written; then nothing has changed.
    """
    new_folders: list[Path] = []
    temporaries: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            _make_folder(path.parent, new_folders)
            temporaries.append((_write_temporary(path, text), path))
        for temporary, path in temporaries:
            temporary.replace(path)
    except OSError as error:
        for temporary, _ in temporaries:
            temporary.unlink(missing_ok=True)
        for folder in reversed(new_folders):
            with contextlib.suppress(OSError):
                folder.rmdir()
        place = Path(error.filename or root)
        place = place.relative_to(root) if place.is_relative_to(root) else place
        reason = error.strerror or type(error).__name__
        problem = Problem("project.unwritable", exit=Exit.OUTSIDE, place=str(place), reason=reason)
        raise problem from error


def _make_folder(folder: Path, new_folders: list[Path]) -> None:
    """Create `folder` and its missing parents, and add each to `new_folders`."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, new_folders)
    folder.mkdir()
    new_folders.append(folder)


def _write_temporary(path: Path, text: str) -> Path:
    """The temporary file with `text` beside `path`, with the mode of the file that is there."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8", "surrogateescape"))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
