"""The user's project: a folder that noctule writes into and a Python that runs it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from noctule.problem import Exit, Problem

TASKS = "integrations"
INTERPRETERS = (".venv/bin/python", "venv/bin/python", ".venv/Scripts/python.exe")


@dataclass(frozen=True)
class Project:
    """A project folder that exists; made by `open_project`."""

    root: Path

    def task_path(self, service: str) -> str:
        return f"{TASKS}/{service}.yaml"

    @property
    def python(self) -> Path:
        """The project's own interpreter, else the one that runs noctule."""
        own = (self.root / name for name in INTERPRETERS)
        return next((python for python in own if python.exists()), Path(sys.executable))

    def environment(self) -> dict[str, str]:
        """What the project's tests run under: imports from the root or `src`, and no file left
        behind."""
        folders = [str(self.root), str(self.root / "src")]
        inherited = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([*folders, inherited] if inherited else folders)
        return {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}

    def named(self, source: str) -> str:
        """A document's source as the task writes it: an address as it is, a path seen from the
        project, so that the task means the same on every machine."""
        if "://" in source:
            return source
        return Path(os.path.relpath(Path(source).expanduser(), self.root)).as_posix()

    def located(self, source: str) -> str:
        """The reverse of `named`."""
        return source if "://" in source else os.path.normpath(self.root / source)


def open_project(folder: Path, *, writes: bool = True) -> Project:
    """The project at `folder`; raises `Problem` when noctule could not write there."""
    root, place = folder.resolve(), str(folder)
    if root.is_file():
        raise Problem("project.is_file", exit=Exit.USAGE, place=place, parent=folder.parent)
    if not root.is_dir():
        raise Problem("project.missing", exit=Exit.USAGE, place=place)
    if writes and not os.access(root, os.W_OK | os.X_OK):
        raise Problem("project.read_only", exit=Exit.OUTSIDE, place=place)
    return Project(root)
