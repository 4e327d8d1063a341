"""Stage `generate`: the files that a task names, in the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.checks.check import check
from noctule.checks.gates import PACK, gate
from noctule.checks.operations import operations_of
from noctule.codegen import MERGES, render
from noctule.planning.select.naming import method_names
from noctule.problem import Exit, Problem
from noctule.project.languages import require_python
from noctule.project.style import style_of
from noctule.project.workspace import Workspace

if TYPE_CHECKING:
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.project.workspace import Change
    from noctule.stages.knowledge import Knowledge, TaskFile

STOPS = frozenset({"operation", "unsigned", "path", "secret", "endpoint"})
"""Findings of `check` with which no code is written."""


@dataclass(frozen=True)
class Generated:
    """What generating changes; `changes` are in the task's order."""

    changes: tuple[Change, ...]
    workspace: Workspace

    @property
    def conflict(self) -> bool:
        """Whether a file is left for the user to judge."""
        return any(change.conflict for change in self.changes)

    def write(self) -> None:
        self.workspace.write(self.changes)


def generate(project: Project, file: TaskFile, knowledge: Knowledge) -> Generated:
    """The files of `file.task`; nothing is written before `Generated.write`.

    Raises `Problem` for a project in another language, for a task with errors or one that the card
    refuses, for a document other than the one that the plan read, and for one too incomplete.
    """
    task = file.task
    require_python(project.root, task.target)
    _refuse_untrue(file, knowledge)
    _refuse_changed(task, knowledge)
    operations = operations_of(task, knowledge.document, knowledge.pack)
    gate(knowledge.document, operations, task.accepted_incomplete, pack=knowledge.pack)
    workspace = Workspace(project.root, task.provider or file.path.stem, MERGES)
    files = render(task, knowledge.document, knowledge.pack, style_of(project.root))
    return Generated(workspace.compare(files), workspace)


def _refuse_untrue(file: TaskFile, knowledge: Knowledge) -> None:
    task = file.task
    findings = check(
        task,
        pack=knowledge.pack,
        document=knowledge.document,
        method_names=method_names(knowledge.document),
        language=task.language,
    )
    stopping = [finding for finding in findings if finding.code in STOPS]
    if stopping:
        refused = any(finding.code in ("unsigned", "secret") for finding in stopping)
        raise Problem(
            "stages.task_wrong",
            exit=Exit.REFUSED if refused else Exit.USAGE,
            place=file.place,
            findings="; ".join(finding.message for finding in stopping),
        )


def _refuse_changed(task: IntegrationTask, knowledge: Knowledge) -> None:
    document = knowledge.document
    if task.document.sha256 in ("", document.sha256):
        return
    option = "" if document.source.startswith(PACK) else f" --doc {document.source}"
    raise Problem(
        "stages.document_changed",
        exit=Exit.USAGE,
        place=document.source,
        command=f'noctule plan "{task.request or task.service}"{option}',
    )
