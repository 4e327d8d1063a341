"""Stage `generate`: the files of a task, written into the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noctule.checks.check import check
from noctule.checks.gates import PACK, gate
from noctule.checks.operations import operations_of
from noctule.codegen import render, target_of
from noctule.planning.select.naming import method_names
from noctule.problem import Exit, Problem
from noctule.project.languages import require_python
from noctule.project.turn import written
from noctule.project.workspace import Action, Change, Workspace

if TYPE_CHECKING:
    from noctule.stages.context import TaskContext

__all__ = ["Action", "Change", "Generated", "generate", "written"]

BLOCKING = frozenset({"operation", "unsigned", "path", "duplicate", "secret", "endpoint"})
"""Codes of the findings of `check` that prevent generation."""


@dataclass(frozen=True)
class Generated:
    """What generating changes, in the task's order."""

    changes: tuple[Change, ...]
    workspace: Workspace

    @property
    def conflict(self) -> bool:
        """Whether a conflict in a file is left to the user."""
        return any(change.conflict for change in self.changes)

    def files_json(self, *, diffs: bool) -> list[dict[str, Any]]:
        """One object per file; with its diff for a conflict, and always with `diffs`."""
        return [change.as_json(diffs=diffs) for change in self.changes]

    def write(self) -> None:
        self.workspace.write(self.changes)


def generate(context: TaskContext) -> Generated:
    """The files of a task; nothing is written before `Generated.write`.

    Raises `Problem` for a project in another language, for a task with errors or one that the card
    refuses, for a document other than the one that was planned with, and for an incomplete one.
    """
    task, document, root = context.task, context.document, context.project.root
    require_python(root, task.target)
    _refuse_errors(context)
    _refuse_changed_document(context)
    operations = operations_of(task, document, context.pack)
    gate(document, operations, task.accepted_incomplete, pack=context.pack)
    language = target_of(task.target).language
    workspace = Workspace(root, task.provider or context.file.path.stem, language.merges)
    files = render(task, document, context.pack, language.style(root))
    return Generated(workspace.compare(files), workspace)


def _refuse_errors(context: TaskContext) -> None:
    findings = check(
        context.task,
        pack=context.pack,
        document=context.document,
        method_names=method_names(context.document),
        language=context.task.language,
    )
    blocking = [finding for finding in findings if finding.code in BLOCKING]
    if blocking:
        refused = any(finding.code in ("unsigned", "secret") for finding in blocking)
        raise Problem(
            "stages.task_wrong",
            exit=Exit.REFUSED if refused else Exit.USAGE,
            place=context.file.place,
            findings="; ".join(finding.message for finding in blocking),
        )


def _refuse_changed_document(context: TaskContext) -> None:
    task, document = context.task, context.document
    if task.document.sha256 in ("", document.sha256):
        return
    option = "" if document.source.startswith(PACK) else f" --doc {document.source}"
    raise Problem(
        "stages.document_changed",
        exit=Exit.USAGE,
        place=document.source,
        command=f'noctule plan "{task.request or task.service}"{option}',
    )
