"""What a render gives back: texts with the places where they belong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["wrapper", "webhook", "tests", "app", "env", "package"]


@dataclass(frozen=True)
class Rendered:
    """One file. `path` is relative to the project, with forward slashes.

    Two roles are merged rather than written: "env" adds the variables that an existing file does
    not name yet, and "package" (an empty `__init__.py`) is only made together with its folder.
    """

    path: str
    text: str
    role: Role
