"""Write a file that only its owner can read, atomically."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OWN_FOLDER = ".noctule"


def make_private_folder(folder: Path) -> None:
    """Create a folder for its owner alone; git ignores what is below `.noctule`. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for parent in (folder, *folder.parents):
        if parent.name == OWN_FOLDER and not (parent / ".gitignore").exists():
            parent.joinpath(".gitignore").write_text("*\n", encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Replace a file, or leave it as it was. The text is on disk before this returns.

    Raises OSError.
    """
    make_private_folder(path.parent)
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
