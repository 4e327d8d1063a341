"""Which operations of a document a task, a pack or a person means."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.problem import Exit, Problem
from noctule.text import nearest

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack


def find_operation(document: ApiDocument, pack: Pack | None, reference: str) -> ApiOperation | None:
    """The document's operation for a key of the pack or the user ("POST /v1/refunds").

    Documents differ in how much of the path is part of the server's address.
    """
    operation = document.find(reference)
    method, _, path = reference.partition(" ")
    bases = [server.url for server in document.servers]
    bases += [environment.base_url for environment in pack.environments.values()] if pack else []
    for prefix in {urlsplit(base).path.rstrip("/") for base in bases} - {""}:
        operation = operation or document.find(f"{method} {path.removeprefix(prefix)}")
        operation = operation or document.find(f"{method} {prefix}{path}")
    return operation


def require_operation(document: ApiDocument, pack: Pack | None, reference: str) -> ApiOperation:
    """The same; raises `Problem` (exit 2), which names the nearest operation."""
    operation = find_operation(document, pack, reference)
    if operation is None:
        raise Problem(
            "checks.unknown_operation",
            exit=Exit.USAGE,
            place=reference,
            document=document.source,
            near=nearest(reference, document.operations, least=0),
        )
    return operation


def operations_of(
    task: IntegrationTask, document: ApiDocument, pack: Pack | None
) -> list[ApiOperation]:
    """What a task wraps: the operations that it names, or all that the document has."""
    if task.scope == "whole":
        return list(document.operations.values())
    operations = (find_operation(document, pack, method.operation) for method in task.methods)
    return [operation for operation in operations if operation is not None]
