"""Stage `prove`: what a task planned, run through every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.proving import Matrix, Row, prove

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from noctule.stages.knowledge import Knowledge, TaskFile
    from noctule.stages.project import Project

__all__ = ["Matrix", "Row", "prove_task"]


def prove_task(
    project: Project,
    file: TaskFile,
    knowledge: Knowledge,
    *,
    python: Path | None = None,
    faults: Collection[str] = (),
    on_row: Callable[[Row], None] | None = None,
) -> Matrix:
    """The matrix of `file.task`, its code run by `python` (the project's own by default).

    Raises `Problem` when that code cannot be run at all.
    """
    return prove(
        file.task,
        knowledge.document,
        knowledge.pack,
        project.root,
        python=python or project.python,
        faults=faults,
        on_row=on_row,
    )
