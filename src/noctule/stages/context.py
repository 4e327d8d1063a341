"""What a stage works on: a project, a task file, and the pack and document behind the task.

`accepted_incomplete` is the user's reason to continue with an incomplete document.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from noctule import apidoc, manifest, providers
from noctule.checks.choices import choices_for, said_in
from noctule.checks.gates import PACK
from noctule.problem import Exit, Problem
from noctule.project.atomic_write import write_all
from noctule.project.location import TASKS, open_project, task_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.providers import Pack


@dataclass(frozen=True)
class TaskFile:
    """A task with the file that it was read from."""

    path: Path
    place: str
    """The path for messages: relative to the project if it is inside."""
    task: IntegrationTask


@dataclass(frozen=True)
class TaskContext:
    """A task with its project, its pack (if there is one) and its API document."""

    project: Project
    file: TaskFile
    pack: Pack | None
    document: ApiDocument

    @property
    def task(self) -> IntegrationTask:
        return self.file.task


def open_task(
    folder: Path, path: Path | None, *, writes: bool, accepted_incomplete: str = ""
) -> TaskContext:
    """The task at `path`, or the only one of the project in `folder`.

    `accepted_incomplete` is recorded in the task; with `writes` in its file too, whose comments
    stay. Raises `Problem` for a missing project, task, pack or document, and with `writes` for a
    project that cannot be written to.
    """
    project = open_project(folder, writes=writes)
    file = find_task(project, path)
    if accepted_incomplete not in ("", file.task.accepted_incomplete):
        task = replace(file.task, accepted_incomplete=accepted_incomplete)
        if writes:
            write_all(project.root, {file.path: _with_reason(file, task)})
        file = replace(file, task=task)
    return load_context(project, file)


def _with_reason(file: TaskFile, task: IntegrationTask) -> str:
    """The file's text with one more line, or the task written out if that does not read back."""
    key = "accepted_incomplete"
    (line,) = (row for row in manifest.dumps(task).splitlines() if row.startswith(f"  {key}:"))
    extended = f"{file.path.read_text('utf-8-sig').rstrip()}\n{line}\n"
    try:
        if key not in file.task.lines and manifest.loads(extended) == task:
            return extended
    except Problem:
        pass
    return manifest.dumps(task)


def find_task(project: Project, path: Path | None) -> TaskFile:
    """The task at `path`, relative to the working directory or else to the project; without a path
    the project's only one. Raises `Problem` (exit 2) if there is none, or more than one."""
    if path is None:
        path = _only_task(project)
    elif not path.exists() and (project.root / path).exists():
        path = project.root / path
    absolute = path.absolute()
    inside = absolute.is_relative_to(project.root)
    place = str(absolute.relative_to(project.root) if inside else path)
    return TaskFile(path, place, manifest.read(path))


def load_context(project: Project, file: TaskFile) -> TaskContext:
    """The context of a task. Raises `Problem` if its pack or document is not available."""
    pack = providers.find(file.task.provider or file.task.service)
    document = _document_of(project, file.task, pack)
    choices = choices_for(said_in(file.task), document, pack)
    return TaskContext(project, file, pack, document.chosen(choices))


def _document_of(project: Project, task: IntegrationTask, pack: Pack | None) -> ApiDocument:
    source = task.document.source
    if source and not source.startswith(PACK):
        return read_document(project, project.located(source), task.document.overlay)
    if pack is None:
        request = task.request or task.service
        raise Problem(
            "stages.provider_unknown", exit=Exit.USAGE, place=task.service, request=request
        )
    amend = _amendment(project, task.document.overlay)
    return apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}", amend=amend)


def read_document(project: Project, source: str, overlay: str = "") -> ApiDocument:
    """The document at a path or address, read through `overlay` (a path from the project; "" is
    none); its `source` is relative to the project, as tasks have it.

    Raises `Problem`.
    """
    if source == "-":
        raise Problem("stages.document_stdin", exit=Exit.USAGE, place="--doc -")
    document = apidoc.load(source, amend=_amendment(project, overlay))
    document.source = project.named(source)
    document.overlay = overlay
    return document


def _amendment(project: Project, overlay: str) -> Callable[[Any], Any] | None:
    if not overlay:
        return None
    from noctule.apidoc.overlay import amendment

    return amendment(project.root / overlay, place=overlay)


def _only_task(project: Project) -> Path:
    paths = task_files(project.root)
    if not paths:
        raise Problem("stages.task_missing", exit=Exit.USAGE, place=f"{TASKS}/")
    if len(paths) > 1:
        names = [f"{TASKS}/{path.name}" for path in paths]
        raise Problem(
            "stages.task_several",
            exit=Exit.USAGE,
            place=f"{TASKS}/",
            names=", ".join(names),
            first=names[0],
        )
    return paths[0]
