"""Reading the files of the user's project: Python sources and TOML configuration."""

from __future__ import annotations

import tomllib
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOT_PACKAGES = frozenset(
    {"tests", "test", "docs", "doc", "scripts", "examples", "integrations", "migrations",
     "alembic", "node_modules", "build", "dist", "venv", "env", "site-packages", "benchmarks"}
)  # fmt: skip
"""Folders that do not contain the application's code."""
MAX_FILES = 2000
MAX_BYTES = 512 * 1024


def python_files(project: Path) -> Iterator[Path]:
    """At most 2,000 Python files outside tests, dependencies and hidden folders, sorted by name;
    follows no symbolic link."""
    return islice(_walk(project), MAX_FILES)


def read_source(path: Path) -> str:
    """The text of a file; "" for one that cannot be read or is larger than 512 KiB."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return ""
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def read_toml(path: Path) -> dict[str, Any]:
    """The TOML of the file; empty where there is none, or none that can be read."""
    try:
        return tomllib.loads(read_source(path))
    except tomllib.TOMLDecodeError:
        return {}


def _walk(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink() or entry.name.startswith((".", "test")):
            continue
        if entry.is_dir():
            if entry.name not in NOT_PACKAGES:
                yield from _walk(entry)
        elif entry.suffix == ".py" and entry.is_file():
            yield entry
