"""Where the user's project is: its folder, and paths seen from there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from noctule.problem import Exit, Problem
from noctule.project.interpreter import environment_of, interpreter_of

TASKS = "integrations"
OVERLAY = ".overlay.yaml"
"""How the name of an overlay ends, which may lie beside the tasks."""


def task_files(root: Path) -> list[Path]:
    """The task files of the project at `root`, by name."""
    files = (root / TASKS).glob("*.yaml")
    return sorted(path for path in files if not path.name.endswith(OVERLAY))


@dataclass(frozen=True)
class Project:
    """A project folder that exists; made by `open_project`."""

    root: Path

    def task_path(self, service: str) -> str:
        return f"{TASKS}/{service}.yaml"

    @property
    def python(self) -> Path:
        """The project's own interpreter, else the one that runs noctule."""
        return interpreter_of(self.root)

    def environment(self) -> dict[str, str]:
        """The environment variables for the project's tests."""
        return environment_of(self.root)

    def named(self, source: str) -> str:
        """A document's source for the task file: an address unchanged, a path relative to the
        project, so that the task means the same on every machine."""
        if "://" in source:
            return source
        return Path(os.path.relpath(Path(source).expanduser(), self.root)).as_posix()

    def located(self, source: str) -> str:
        """The address, or the path from here, of a source in the task file."""
        return source if "://" in source else os.path.normpath(self.root / source)


def open_project(folder: Path, *, writes: bool = True) -> Project:
    """The project at `folder`. Raises `Problem` for a file or a missing folder (exit 2), and with
    `writes` for a folder that is read-only (exit 6)."""
    root, place = folder.resolve(), str(folder)
    if root.is_file():
        raise Problem("project.is_file", exit=Exit.USAGE, place=place, parent=folder.parent)
    if not root.is_dir():
        raise Problem("project.missing", exit=Exit.USAGE, place=place)
    if writes and not os.access(root, os.W_OK | os.X_OK):
        raise Problem("project.read_only", exit=Exit.OUTSIDE, place=place)
    return Project(root)
