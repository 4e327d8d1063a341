"""Configuration files of the user's project."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1024 * 1024


def read_toml(path: Path) -> dict[str, Any]:
    """The TOML of the file; empty where there is none, or none that can be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
