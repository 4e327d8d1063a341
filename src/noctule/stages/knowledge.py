"""What is known of a provider: its pack, and the API document that a task rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule import apidoc, manifest, providers
from noctule.checks.gates import PACK
from noctule.problem import Exit, Problem
from noctule.project.location import TASKS

if TYPE_CHECKING:
    from pathlib import Path

    from noctule.apidoc import ApiDocument
    from noctule.manifest import IntegrationTask
    from noctule.project.location import Project
    from noctule.providers import Pack


@dataclass(frozen=True)
class Knowledge:
    """What a task rests on."""

    pack: Pack | None
    document: ApiDocument


@dataclass(frozen=True)
class TaskFile:
    """A task and where it stands."""

    path: Path
    place: str
    """As people are told: relative to the project where it lies in it."""
    task: IntegrationTask


def find_task(project: Project, path: Path | None) -> TaskFile:
    """The task at `path` (from here, else from the project); without a path, the project's only
    one. Raises `Problem` where there is none, or several to choose from."""
    if path is None:
        path = _only_task(project)
    elif not path.exists() and (project.root / path).exists():
        path = project.root / path
    return TaskFile(path, shown(project, path), manifest.read(path))


def shown(project: Project, path: Path) -> str:
    absolute = path.absolute()
    inside = absolute.is_relative_to(project.root)
    return str(absolute.relative_to(project.root) if inside else path)


def knowledge_of(project: Project, task: IntegrationTask) -> Knowledge:
    """The pack and the document that `task` names; raises `Problem` when they are out of reach."""
    pack = providers.find(task.provider or task.service)
    source = task.document.source
    if source and not source.startswith(PACK):
        return Knowledge(pack, read_document(project, project.located(source)))
    if pack is None:
        request = task.request or task.service
        raise Problem(
            "stages.provider_unknown", exit=Exit.USAGE, place=task.service, request=request
        )
    return Knowledge(pack, apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}"))


def read_document(project: Project, source: str) -> ApiDocument:
    """The document at a path or address, named as tasks name it. Raises `Problem`."""
    if source == "-":
        raise Problem("stages.document_stdin", exit=Exit.USAGE, place="--doc -")
    document = apidoc.load(source)
    document.source = project.named(source)
    return document


def _only_task(project: Project) -> Path:
    found = sorted((project.root / TASKS).glob("*.yaml"))
    if not found:
        raise Problem("stages.task_missing", exit=Exit.USAGE, place=f"{TASKS}/")
    if len(found) > 1:
        names = ", ".join(f"{TASKS}/{path.name}" for path in found)
        first = f"{TASKS}/{found[0].name}"
        raise Problem(
            "stages.task_several", exit=Exit.USAGE, place=f"{TASKS}/", names=names, first=first
        )
    return found[0]
