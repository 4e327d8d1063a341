"""How the project wants its code: the width of its lines, and the Python it runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.json_types import as_dict
from noctule.problem import Exit, Problem
from noctule.project.toml_file import read_toml

if TYPE_CHECKING:
    from pathlib import Path

USUAL = 88
NARROWEST, WIDEST = 60, 320
OLDEST = (3, 11)
"""What the runtime of generated code needs."""
_BOUND = re.compile(r"(<=|<|==|~=)\s*(\d+)\.(\d+)(\.\d+|\.\*)?")


@dataclass(frozen=True)
class Style:
    width: int = USUAL
    """Columns of a line."""


def style_of(project: Path) -> Style:
    """What `pyproject.toml`, `ruff.toml` or `.ruff.toml` of the project say to ruff or black.

    Raises `Problem` where `requires-python` shuts out every Python that can run generated code.
    """
    pyproject = read_toml(project / "pyproject.toml")
    tools = as_dict(pyproject.get("tool"))
    python = as_dict(pyproject.get("project")).get("requires-python")
    if isinstance(python, str) and _too_old(python):
        raise Problem(
            "project.python_too_old", exit=Exit.USAGE, place="pyproject.toml", python=python
        )
    ruff = read_toml(project / "ruff.toml") or read_toml(project / ".ruff.toml")
    said = (
        ruff.get("line-length"),
        as_dict(tools.get("ruff")).get("line-length"),
        as_dict(tools.get("black")).get("line-length"),
    )
    widths = (value for value in said if isinstance(value, int) and not isinstance(value, bool))
    width = next(widths, USUAL)
    return Style(min(max(width, NARROWEST), WIDEST))


def _too_old(specifier: str) -> bool:
    """Whether an upper bound of the specifier lies below the oldest Python that will do."""
    for kind, major, minor, rest in _BOUND.findall(specifier):
        version = (int(major), int(minor))
        if kind == "<" and version <= OLDEST and rest in ("", ".0", ".*"):
            return True
        if kind in ("<=", "==") and version < OLDEST:
            return True
        if kind == "~=" and version < OLDEST and rest:
            return True
    return False
