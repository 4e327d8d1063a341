"""A generated file: its text, and where it belongs in the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["task", "wrapper", "webhook", "tests", "app", "env", "package"]


@dataclass(frozen=True)
class Rendered:
    """One file. `path` is relative to the project, with forward slashes.

    Three roles are special: "env" adds the variables that an existing file lacks, "package" (an
    empty `__init__.py`) is only created together with its folder, and "task" is written again after
    it was deleted, since the user has asked for it again.
    """

    path: str
    text: str
    role: Role
