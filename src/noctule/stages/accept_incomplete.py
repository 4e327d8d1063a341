"""The reason for which somebody goes on with an incomplete document, kept in the task file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from noctule import manifest
from noctule.problem import Problem
from noctule.project.atomic_write import write_all
from noctule.stages.knowledge import TaskFile

if TYPE_CHECKING:
    from noctule.project.location import Project


def accept(project: Project, file: TaskFile, reason: str, *, dry_run: bool = False) -> TaskFile:
    """`file` with `reason` in it, written down unless `dry_run`; comments of the file stay."""
    if not reason or reason == file.task.accepted_incomplete:
        return file
    task = replace(file.task, accepted_incomplete=reason)
    if not dry_run:
        write_all(project.root, {file.path: _recorded(file, task)})
    return TaskFile(file.path, file.place, task)


def _recorded(file: TaskFile, task: manifest.IntegrationTask) -> str:
    """The text of the file with one more line; the task written anew where that does not do."""
    key = "accepted_incomplete"
    (line,) = (row for row in manifest.dumps(task).splitlines() if row.startswith(f"  {key}:"))
    extended = f"{file.path.read_text('utf-8-sig').rstrip()}\n{line}\n"
    try:
        if key not in file.task.lines and manifest.loads(extended) == task:
            return extended
    except Problem:
        pass
    return manifest.dumps(task)
