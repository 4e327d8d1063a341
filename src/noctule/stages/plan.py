"""Stage `plan`: a request becomes the task file of the project, or one question."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule import manifest, providers
from noctule.planning import Plan, Question, plan
from noctule.problem import Exit, Problem
from noctule.project.languages import require_python
from noctule.project.layout import detect_layout
from noctule.project.rendered import Rendered
from noctule.project.workspace import Workspace
from noctule.stages.extend import extended
from noctule.stages.knowledge import Knowledge, TaskFile, read_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.messages import Language
    from noctule.project.location import Project
    from noctule.project.workspace import Change


class AnswerNeeded(Problem):
    """For a question that nobody is there to answer."""

    def __init__(self, question: Question) -> None:
        self.question = question
        super().__init__(
            "stages.question", exit=Exit.QUESTION, text=question.text, option=question.option
        )

    def as_json(self, language: Language) -> dict[str, object]:
        return super().as_json(language) | {"question": self.question.as_json()}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A request with all that was said beside it."""

    request: str
    language: Language
    document: str | None = None
    """Path or address of the API document that replaces the pack's."""
    provider: str = ""
    need: str = ""
    operations: Sequence[str] = ()
    accepted: str = ""
    target: str = ""
    """The framework, in place of the one that the project uses."""
    whole: bool = False
    """Every operation of the document, not only those that the request needs."""

    def answered(self, question: Question, value: str) -> Wish:
        """The wish with the answer to the planner's question in it."""
        match question.about:
            case "operation":
                return replace(self, operations=(*self.operations, value))
            case "provider":
                return replace(self, provider=value)
            case "need":
                return replace(self, need=value)


@dataclass(frozen=True)
class Planned:
    """A task as it will stand in the project, and what writing it changes."""

    plan: Plan
    file: TaskFile
    change: Change
    workspace: Workspace
    knowledge: Knowledge

    def write(self) -> None:
        self.workspace.write([self.change])


def plan_task(project: Project, wish: Wish) -> Planned | Question:
    """Plan `wish`; nothing is written before `Planned.write`. Raises `Problem`.

    A task that is there already is extended: what it holds stays, what the request adds comes
    after it. Asking for the same again therefore changes nothing.
    """
    made = _plan(project, wish)
    if made.question is not None:
        return made.question
    new, document = made.task, made.document
    if new is None or document is None:
        raise RuntimeError("a plan without a question has a task and a document")
    place = project.task_path(new.provider)
    path = project.root / place
    workspace = Workspace(project.root, new.provider)
    task, text = new, manifest.dumps(new)
    if path.is_file():
        there = manifest.read(path)
        task = extended(there, new)
        text = path.read_text("utf-8-sig") if task == there else manifest.dumps(task)
    (change,) = workspace.compare([Rendered(place, text, "task")])
    knowledge = Knowledge(made.pack or providers.find(task.provider), document)
    return Planned(made, TaskFile(path, place, task), change, workspace, knowledge)


def _plan(project: Project, wish: Wish) -> Plan:
    require_python(project.root, wish.target)
    document = read_document(project, wish.document) if wish.document else None
    return plan(
        wish.request,
        layout=detect_layout(project.root, wish.target),
        document=document,
        language=wish.language,
        provider=wish.provider,
        need=wish.need,
        operations=wish.operations,
        accepted=wish.accepted,
        whole=wish.whole,
    )
