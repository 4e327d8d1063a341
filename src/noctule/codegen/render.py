"""From a task to the texts of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.loading.decode import no_collection
from noctule.codegen.build.build import build
from noctule.codegen.python.emitter.line_breaks import page
from noctule.codegen.python.files import project_files
from noctule.codegen.python.webhooks.frameworks import FRAMEWORKS
from noctule.problem import Exit, Problem
from noctule.project.style import Style

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.project.rendered import Rendered
    from noctule.providers import Pack

TARGETS = tuple(FRAMEWORKS)


def render(
    task: IntegrationTask, document: ApiDocument, pack: Pack | None, style: Style | None = None
) -> tuple[Rendered, ...]:
    """The files that `task` names; the same task, document and style give the same bytes.

    Raises `Problem` for a target that does not exist, a task without a wrapper, a path that Python
    cannot import, an operation that the document lacks, or several endpoints in one handler.
    """
    framework = FRAMEWORKS.get(task.target or "fastapi")
    if framework is None:
        names = ", ".join(TARGETS)
        raise Problem("codegen.target_unknown", exit=Exit.USAGE, place=task.target, targets=names)
    with no_collection(), page((style or Style()).width):
        integration = build(task, document, pack, asynchronous=framework.mode.asynchronous)
        return project_files(task, integration, framework)
