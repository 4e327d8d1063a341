"""From a task to the texts of its files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.apidoc.loading.decode import no_collection
from noctule.codegen.build.build import build
from noctule.codegen.targets import target_of
from noctule.project.style import Style

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.project.rendered import Rendered
    from noctule.providers import Pack


@no_collection()
def render(
    task: IntegrationTask, document: ApiDocument, pack: Pack | None, style: Style | None = None
) -> tuple[Rendered, ...]:
    """The files that `task` names; the same task, document and style give the same bytes.

    Raises `Problem` for a target that does not exist, a task without a wrapper, a path that other
    modules cannot import, an operation that the document lacks, or several endpoints in one
    handler.
    """
    target = target_of(task.target)
    language, framework = target.language, target.framework
    integration = build(task, document, pack, language.naming, asynchronous=framework.asynchronous)
    return language.render(task, integration, framework.id, style or Style())
