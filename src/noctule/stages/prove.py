"""Stage `prove`: what a task planned, run through every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.proving import Matrix, Row, prove

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from noctule.project.location import Project
    from noctule.stages.knowledge import Knowledge, TaskFile

__all__ = ["Matrix", "Row", "prove_task"]


def prove_task(
    project: Project,
    file: TaskFile,
    knowledge: Knowledge,
    *,
    python: Path | None = None,
    faults: Collection[str] = (),
    methods: Collection[str] = (),
    few: bool = False,
    on_row: Callable[[Row], None] | None = None,
) -> Matrix:
    """The matrix of `file.task`, its code run by `python` (the project's own by default).

    `methods` and `few` choose what is called, as in `noctule.proving.prove`. Raises `Problem` when
    that code cannot be run at all.
    """
    return prove(
        file.task,
        knowledge.document,
        knowledge.pack,
        project.root,
        python=python or project.python,
        faults=faults,
        methods=methods,
        few=few,
        on_row=on_row,
    )
