"""`check`: what is wrong with a task file, noctule's own or someone else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule import apidoc, providers
from noctule.checks.check import check
from noctule.checks.gates import PACK
from noctule.manifest import texts
from noctule.planning import detect_language
from noctule.planning.select.naming import method_names
from noctule.stages.knowledge import read_document

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.checks.check import Finding
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.project.location import Project
    from noctule.providers import Pack
    from noctule.stages.knowledge import TaskFile


def check_task(
    project: Project, file: TaskFile, *, document: str | None, language: Language
) -> list[Finding]:
    """The findings, in the card's order. `document` is held against the task in place of the one
    that it names. What nobody knows (no pack, no document) is not held against it."""
    task = file.task
    pack = providers.find(task.provider or task.service)
    read = _document(project, task, pack, document)
    names = method_names(read) if read else set[str]()
    return check(task, pack=pack, document=read, method_names=names, language=language)


def language_of(task: IntegrationTask) -> Language:
    """The task's own language where it says so, else that of its texts."""
    if "language" in task.lines:
        return task.language
    return detect_language(" ".join(text for _, text in texts(task) if " " in text))


def _document(
    project: Project, task: IntegrationTask, pack: Pack | None, named: str | None
) -> ApiDocument | None:
    if named:
        return read_document(project, named)
    source = task.document.source
    if source and not source.startswith(PACK):
        return read_document(project, project.located(source))
    if pack is None or not pack.complete:
        return None
    return apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}")
