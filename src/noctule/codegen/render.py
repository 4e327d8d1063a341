"""From a task to the texts of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.loading.decode import no_collection
from noctule.codegen.build.build import build
from noctule.codegen.python.emitter.line_breaks import page
from noctule.codegen.python.files import project_files
from noctule.codegen.python.webhooks.recipes import RECIPES
from noctule.project.frameworks import framework_of
from noctule.project.style import Style

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.project.rendered import Rendered
    from noctule.providers import Pack


def render(
    task: IntegrationTask, document: ApiDocument, pack: Pack | None, style: Style | None = None
) -> tuple[Rendered, ...]:
    """The files that `task` names; the same task, document and style give the same bytes.

    Raises `Problem` for a target that does not exist, a task without a wrapper, a path that Python
    cannot import, an operation that the document lacks, or several endpoints in one handler.
    """
    recipe = RECIPES[framework_of(task.target).id]
    with no_collection(), page((style or Style()).width):
        integration = build(task, document, pack, asynchronous=recipe.framework.asynchronous)
        return project_files(task, integration, recipe)
