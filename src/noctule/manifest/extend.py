"""Extend a task with a second request about the same provider; nothing in it is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from noctule.manifest.task import EnvVar, IntegrationTask, PlannedMethod

T = TypeVar("T")


def extend_task(current: IntegrationTask, new: IntegrationTask) -> IntegrationTask:
    """`current` with what `new` adds. What is in both stays as in `current`, the user's edits
    included; only the document is that of `new`, because the new plan was made from it."""
    return replace(
        current,
        files=_union(current.files, new.files, lambda file: file.role),
        env_vars=_union(_variables(current, new), new.env_vars, lambda variable: variable.name),
        methods=_methods(current.methods, new.methods),
        webhooks=_union(current.webhooks, new.webhooks, lambda webhook: webhook.event),
        tests=current.tests or new.tests,
        request=current.request or new.request,
        need=current.need or new.need,
        target=current.target or new.target,
        scope=current.scope or new.scope,
        document=new.document,
        server=new.server or current.server,
        sandbox=new.sandbox if new.server else current.sandbox,
        auth=new.auth or current.auth,
        signing=new.signing if new.auth else current.signing,
        audience=new.audience or current.audience,
        failure=new.failure or current.failure,
        accepted_incomplete=new.accepted_incomplete or current.accepted_incomplete,
        refused=_union(current.refused, new.refused, lambda refusal: refusal.what),
        evidence=_union(current.evidence, new.evidence, lambda evidence: evidence.about),
    )


def _variables(current: IntegrationTask, new: IntegrationTask) -> list[EnvVar]:
    """The variables that stay: another way to authenticate does not read those of the old one."""
    if not new.auth or new.auth == current.auth:
        return current.env_vars
    names = {variable.name for variable in new.env_vars}
    return [v for v in current.env_vars if v.source != "document" or v.name in names]


def _union(current: list[T], new: list[T], key: Callable[[T], str]) -> list[T]:
    keys = {key(item) for item in current}
    return [*current, *(item for item in new if key(item) not in keys)]


def _methods(current: list[PlannedMethod], new: list[PlannedMethod]) -> list[PlannedMethod]:
    """One method per operation; a new one whose name is in use gets its HTTP method appended."""
    names = {method.name for method in current}
    operations = {method.operation for method in current}
    renamed = [_renamed(method, names, operations) for method in new]
    return _union(current, renamed, lambda method: method.operation or method.name)


def _renamed(
    method: PlannedMethod, names: Collection[str], operations: Collection[str]
) -> PlannedMethod:
    if method.name not in names or method.operation in operations:
        return method
    verb = method.operation.partition(" ")[0].lower()
    return replace(method, name=f"{method.name}_{verb}")
