"""Stage `prove`: the generated wrapper under every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.proving import Matrix, MatrixRow, prove, summary, table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from noctule.stages.context import TaskContext

__all__ = ["Matrix", "MatrixRow", "prove_task", "summary", "table"]


def prove_task(
    context: TaskContext,
    *,
    python: Path | None = None,
    faults: Collection[str] = (),
    methods: Collection[str] = (),
    few: bool = False,
    on_row: Callable[[MatrixRow], None] | None = None,
) -> Matrix:
    """The matrix of a task's wrapper, run by `python` (the project's own by default).

    `methods` and `few` choose what is called, as in `noctule.proving.prove`. Raises `Problem` if
    the wrapper cannot be run at all.
    """
    return prove(
        context.task,
        context.document,
        context.pack,
        context.project.root,
        python=python or context.project.python,
        faults=faults,
        methods=methods,
        few=few,
        on_row=on_row,
    )
