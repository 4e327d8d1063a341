"""From a task to the texts of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.build import build
from noctule.codegen.python import fastapi
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.codegen.rendered import Rendered
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

TARGETS = {"fastapi": fastapi.render}


def render(task: IntegrationTask, document: ApiDocument, pack: Pack | None) -> tuple[Rendered, ...]:
    """The files that `task` names; the same task and document give the same bytes.

    Raises `Problem` for a target that does not exist, a task without a wrapper, a path that Python
    cannot import, an operation that the document lacks, or several endpoints in one handler.
    """
    target = TARGETS.get(task.target or "fastapi")
    if target is None:
        names = ", ".join(TARGETS)
        raise Problem("codegen.target_unknown", exit=Exit.USAGE, place=task.target, targets=names)
    return target(task, build(task, document, pack))
