"""The user's project: a folder that noctule writes into and a Python that runs it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from noctule.problem import Exit, Problem

TASKS = "integrations"


@dataclass(frozen=True)
class Project:
    """A project folder that exists; made by `open_project`."""

    root: Path

    def task_path(self, provider: str) -> str:
        return f"{TASKS}/{provider}.yaml"

    @property
    def python(self) -> Path:
        """The project's own interpreter, else the one that runs noctule."""
        for name in (".venv", "venv"):
            candidate = self.root / name / "bin" / "python"
            if candidate.exists():
                return candidate
        return Path(sys.executable)

    def environment(self) -> dict[str, str]:
        """What the project's tests and wrapper run under: imports from the root or `src`, and no
        file left behind."""
        folders = [str(self.root), str(self.root / "src")]
        inherited = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([*folders, inherited] if inherited else folders)
        return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def open_project(folder: Path, *, writes: bool = True) -> Project:
    """The project at `folder`; raises `Problem` when noctule could not write there."""
    root = folder.resolve()
    if root.is_file():
        raise Problem(
            "stages.project_is_file", exit=Exit.USAGE, place=str(folder), parent=folder.parent
        )
    if not root.exists():
        raise Problem("stages.project_missing", exit=Exit.USAGE, place=str(folder))
    if writes and not os.access(root, os.W_OK | os.X_OK):
        raise Problem("stages.project_read_only", exit=Exit.OUTSIDE, place=str(folder))
    return Project(root)
