"""The project's code style: the width of its lines, and the Python versions it supports."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.json_types import as_dict
from noctule.problem import Exit, Problem
from noctule.project.sources import read_toml

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_WIDTH = 88
MIN_WIDTH, MAX_WIDTH = 60, 320
OLDEST_PYTHON = (3, 11)
"""The oldest Python that the runtime supports."""
_BOUND = re.compile(r"(<=|<|==|~=)\s*(\d+)\.(\d+)(\.\d+|\.\*)?")


@dataclass(frozen=True)
class Style:
    width: int = DEFAULT_WIDTH
    """Columns of a line."""


def style_of(project: Path) -> Style:
    """The style in the ruff or black settings of `ruff.toml`, `.ruff.toml` or `pyproject.toml`.

    Raises `Problem` (exit 2) where `requires-python` excludes every supported Python.
    """
    pyproject = read_toml(project / "pyproject.toml")
    tools = as_dict(pyproject.get("tool"))
    python = as_dict(pyproject.get("project")).get("requires-python")
    if isinstance(python, str) and _too_old(python):
        raise Problem(
            "project.python_too_old", exit=Exit.USAGE, place="pyproject.toml", python=python
        )
    ruff = read_toml(project / "ruff.toml") or read_toml(project / ".ruff.toml")
    settings = (
        ruff.get("line-length"),
        as_dict(tools.get("ruff")).get("line-length"),
        as_dict(tools.get("black")).get("line-length"),
    )
    widths = (value for value in settings if isinstance(value, int) and not isinstance(value, bool))
    width = next(widths, DEFAULT_WIDTH)
    return Style(min(max(width, MIN_WIDTH), MAX_WIDTH))


def _too_old(specifier: str) -> bool:
    """Whether an upper bound of the specifier is below the oldest supported Python."""
    for kind, major, minor, rest in _BOUND.findall(specifier):
        version = (int(major), int(minor))
        if kind == "<" and version <= OLDEST_PYTHON and rest in ("", ".0", ".*"):
            return True
        if kind in ("<=", "==") and version < OLDEST_PYTHON:
            return True
        if kind == "~=" and version < OLDEST_PYTHON and rest:
            return True
    return False
