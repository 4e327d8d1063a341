"""Stage `plan`: a request becomes the project's task file, or one question."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from noctule import manifest, providers
from noctule.checks.choices import SIGNED, Said, choices_for, said_in
from noctule.checks.failures import failure_of
from noctule.checks.gates import PACK
from noctule.checks.hidden_failures import hidden_failures
from noctule.checks.operations import operations_of
from noctule.checks.pages import unread_pages
from noctule.checks.signing import read_signing
from noctule.manifest.extend import extend_task
from noctule.planning import PlanResult, Question, plan
from noctule.planning.compose import RETIRED, SERVER, UNCONFIRMED
from noctule.problem import Exit, Problem
from noctule.project.languages import require_python
from noctule.project.layout import detect_layout
from noctule.project.location import open_project, task_files
from noctule.project.rendered import Rendered
from noctule.project.turn import written
from noctule.project.workspace import Change, Workspace
from noctule.stages.context import TaskContext, TaskFile, read_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.messages import Language
    from noctule.project.location import Project

__all__ = ["AnswerNeeded", "PlanOptions", "Planned", "Question", "plan_task", "written"]


class AnswerNeeded(Problem):
    """The planner has a question, and there is nobody to answer it."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__(
            "stages.question", exit=Exit.QUESTION, text=question.text, option=question.option
        )

    def as_json(self, language: Language) -> dict[str, object]:
        return super().as_json(language) | {"question": self.question.as_json()}


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """A request with its options; "" leaves the choice to the planner."""

    request: str
    language: Language
    document: str | None = None
    """Path or address of the API document that replaces the pack's."""
    overlay: str = ""
    """Path of an OpenAPI Overlay that corrects it, relative to the working directory."""
    provider: str = ""
    need: str = ""
    operations: Sequence[str] = ()
    accepted: str = ""
    """The reason to continue with an incomplete document."""
    target: str = ""
    """The framework; by default the one that the project uses."""
    unsigned: Literal["", "refetch"] = ""
    """What to do with webhooks that are not signed: refuse them, or take them as hints to read an
    object again."""
    whole: bool = False
    """Every operation of the document, not only those that the request needs."""

    server: str = ""
    """The production server, where the document has several: name, address or number."""
    auth: str = ""
    """How to authenticate, where the document does not say."""
    audience: str = ""
    failure: str = ""
    """How the provider reports failures inside a 200."""

    def answered(self, question: Question, value: str) -> PlanOptions:
        """The options with the answer to one of the planner's questions."""
        match question.about:
            case "operation":
                return replace(self, operations=(*self.operations, value))
            case "provider":
                return replace(self, provider=value)
            case "need":
                return replace(self, need=value)
            case "server":
                return replace(self, server=value)


@dataclass(frozen=True)
class Planned:
    """A task as it will be in the project, and what writing it changes."""

    plan: PlanResult
    context: TaskContext
    change: Change
    workspace: Workspace
    read_warnings: tuple[str, ...] = ()
    """What results do not show: the rest of a list, a failure."""

    @property
    def methods(self) -> int:
        """How many operations the task wraps."""
        context = self.context
        return len(operations_of(context.task, context.document, context.pack))

    @property
    def warnings(self) -> list[str]:
        """That the provider retired the product, that its signature scheme is unconfirmed, or
        what results do not show."""
        evidence = self.context.task.evidence
        says = [each.says for each in evidence if each.about in (RETIRED, UNCONFIRMED)]
        return [*says, *self.read_warnings]

    @property
    def decisions(self) -> list[str]:
        """What was decided where the document leaves it open, and how."""
        return [each.says for each in self.context.task.evidence if each.about == SERVER]

    def write(self) -> None:
        self.workspace.write([self.change])

    def as_json(self, *, dry_run: bool) -> dict[str, Any]:
        task = self.context.task
        return {
            "task": self.change.as_json(diffs=dry_run),
            "confidence": self.plan.confidence,
            "service": task.service,
            "scope": task.scope,
            "document": {
                "source": task.document.source,
                "sha256": task.document.sha256,
                "compared": task.document.compared,
                "compared_with": task.document.compared_with,
            },
            "methods": [
                {"name": method.name, "operation": method.operation, "source": method.source}
                for method in task.methods
            ],
            "webhooks": [
                {"event": webhook.event, "endpoint": webhook.endpoint} for webhook in task.webhooks
            ],
            "reasons": [
                {"method": reason.method, "why": reason.why, "source": reason.source}
                for reason in self.plan.reasons
            ],
            "left_out": [operation.key for operation in self.plan.left_out],
            "server": task.server,
            "sandbox": task.sandbox,
            "auth": task.auth,
            "failure": task.failure,
            "decisions": self.decisions,
            "warnings": self.warnings,
            "refused": [
                {
                    "what": refusal.what,
                    "reason": refusal.reason,
                    "alternative": refusal.alternative,
                }
                for refusal in task.refused
            ],
        }


def plan_task(folder: Path, options: PlanOptions, *, dry_run: bool = False) -> Planned | Question:
    """Plan the integration that a request asks for, in the project at `folder`.

    Nothing is written before `Planned.write`. A task that is already there is extended: what it
    contains stays, and what the request adds comes after it, so the same request again changes
    nothing. Raises `Problem`.
    """
    project = open_project(folder, writes=not dry_run)
    result = _plan(project, options)
    if result.question is not None:
        return result.question
    new, document = result.task, result.document
    if new is None or document is None:
        raise RuntimeError("a plan without a question has a task and a document")
    place = project.task_path(new.provider)
    path = project.root / place
    workspace = Workspace(project.root, new.provider)
    task, text = new, manifest.dumps(new)
    if path.is_file():
        current = manifest.read(path)
        task = extend_task(current, new)
        text = path.read_text("utf-8-sig") if task == current else manifest.dumps(task)
    (change,) = workspace.compare([Rendered(place, text, "task")])
    pack = result.pack or providers.find(task.provider)
    document = document.chosen(choices_for(said_in(task), document, pack))
    context = TaskContext(project, TaskFile(path, place, task), pack, document)
    operations = operations_of(task, document, pack)
    warnings = unread_pages(operations, pack, options.language)
    if not document.source.startswith(PACK):
        declared = failure_of(task, pack)
        warnings += hidden_failures(operations, declared, options.language)
    return Planned(result, context, change, workspace, warnings)


def _plan(project: Project, options: PlanOptions) -> PlanResult:
    require_python(project.root, options.target)
    document = _document(project, options)
    said = _said(options)
    return plan(
        options.request,
        layout=detect_layout(project.root, options.target),
        document=document,
        language=options.language,
        provider=options.provider,
        need=options.need,
        operations=options.operations,
        accepted=options.accepted,
        whole=options.whole,
        unsigned_webhooks=options.unsigned,
        said=_said_before(project, document, said),
    )


def _document(project: Project, options: PlanOptions) -> ApiDocument | None:
    """The given document, through the given overlay or else the one that its task keeps."""
    if not options.document:
        return None
    overlay = project.named(options.overlay) if options.overlay else ""
    if not overlay and (before := _task_before(project, project.named(options.document))):
        overlay = before.document.overlay
    return read_document(project, options.document, overlay)


def _task_before(project: Project, source: str) -> IntegrationTask | None:
    """The project's task that was planned with this document."""
    for path in task_files(project.root):
        with suppress(Problem):
            task = manifest.read(path)
            if task.document.source == source:
                return task
    return None


def _said(options: PlanOptions) -> Said:
    """What the options say of the document. Raises `Problem` for a rule of signing that is none."""
    way, _, file = options.auth.partition(":")
    if way == SIGNED and file:
        signing = read_signing(Path(file))
        return Said(options.server, SIGNED, options.audience, options.failure, signing)
    return Said(options.server, options.auth, options.audience, options.failure)


def _said_before(project: Project, document: ApiDocument | None, said: Said) -> Said:
    """`said`, and where it says nothing what the project's task for the same document keeps: what
    was answered once is not asked again."""
    task = None if document is None else _task_before(project, document.source)
    if task is None:
        return said
    before = said_in(task)
    return Said(
        said.server or before.server,
        said.auth or before.auth,
        said.audience or before.audience,
        said.failure or before.failure,
        said.signing if said.auth else before.signing,
    )
