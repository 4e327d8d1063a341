"""`check`: what is wrong with a task file, noctule's own or another tool's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule import apidoc, providers
from noctule.checks.check import check
from noctule.checks.gates import PACK
from noctule.planning.select.naming import method_names
from noctule.project.location import open_project
from noctule.stages.context import find_task, read_document
from noctule.stages.language import language_of

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.apidoc import ApiDocument
    from noctule.checks.check import Finding
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.project.location import Project
    from noctule.providers import Pack


@dataclass(frozen=True)
class CheckReport:
    """What is wrong with the task at `place`, in the card's order."""

    place: str
    language: Language
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        return not self.findings

    def as_json(self) -> dict[str, Any]:
        return {"findings": [finding.as_json() for finding in self.findings]}


def check_task(
    folder: Path,
    path: Path | None,
    *,
    document: str | None = None,
    language: Language | None = None,
) -> CheckReport:
    """Check the task at `path`, or the only one of the project in `folder`.

    `document` replaces the one that the task names. What neither pack nor document can decide gives
    no finding. The texts are in `language`, by default that of the task. Raises `Problem`.
    """
    project = open_project(folder, writes=False)
    file = find_task(project, path)
    task = file.task
    spoken = language or language_of(task)
    pack = providers.find(task.provider or task.service)
    read = _document(project, task, pack, document)
    names = method_names(read) if read else set[str]()
    findings = check(task, pack=pack, document=read, method_names=names, language=spoken)
    return CheckReport(file.place, spoken, tuple(findings))


def _document(
    project: Project, task: IntegrationTask, pack: Pack | None, replacement: str | None
) -> ApiDocument | None:
    if replacement:
        return read_document(project, replacement, task.document.overlay)
    source = task.document.source
    if source and not source.startswith(PACK):
        return read_document(project, project.located(source), task.document.overlay)
    if pack is None or not pack.complete:
        return None
    return apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}")
