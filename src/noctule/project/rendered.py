"""What a render gives back: texts with the places where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["task", "wrapper", "webhook", "tests", "app", "env", "package"]


@dataclass(frozen=True)
class Rendered:
    """One file. `path` is relative to the project, with forward slashes.

    Three roles are special: "env" adds the variables that an existing file does not name yet,
    "package" (an empty `__init__.py`) is only made together with its folder, and "task" comes back
    after it was deleted, since somebody asked for it again.
    """

    path: str
    text: str
    role: Role
