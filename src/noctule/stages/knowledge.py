"""What is known of a provider: its pack, and the API document that a task rests on."""

from __future__ import annotations

from dataclasses import dataclass

from noctule import apidoc, manifest, providers
from noctule.apidoc import ApiDocument
from noctule.manifest import IntegrationTask
from noctule.problem import Exit, Problem
from noctule.providers import Pack
from noctule.stages.project import Project

PACK = "pack:"
"""Prefix of a document source that names the compact document of a pack."""


@dataclass(frozen=True)
class Knowledge:
    """A pack, a document, or both."""

    pack: Pack | None
    document: ApiDocument


def read_task(project: Project, path: str) -> IntegrationTask:
    """The task file at `path`, relative to the project or absolute."""
    file = project.root / path
    if not file.is_file():
        raise Problem("stages.task_missing", exit=Exit.USAGE, place=path)
    return manifest.read(file)


def pack_document(pack: Pack) -> ApiDocument:
    return apidoc.parse(pack.document_bytes(), source=f"{PACK}{pack.id}")


def knowledge_of(project: Project, task: IntegrationTask) -> Knowledge:
    """The pack and the document that `task` names; raises `Problem` when they are out of reach."""
    pack = providers.find(task.provider or task.service)
    source = task.document.source
    if source and not source.startswith(PACK):
        return Knowledge(pack, apidoc.load(locate(project, source)))
    if pack is None:
        raise Problem(
            "stages.provider_unknown",
            exit=Exit.USAGE,
            place=task.service,
            request=f'"{task.request}"',
        )
    return Knowledge(pack, pack_document(pack))


def locate(project: Project, source: str) -> str:
    """A document source as `apidoc.load` wants it: URLs as they are, paths from the project."""
    return source if "://" in source else str(project.root / source)


def document_changed(task: IntegrationTask, document: ApiDocument) -> bool:
    """Whether the document is another one than the plan read."""
    return bool(task.document.sha256) and task.document.sha256 != document.sha256
