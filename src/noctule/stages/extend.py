"""A second request about the same provider: the task grows, and nothing of it is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.manifest import IntegrationTask, PlannedMethod

T = TypeVar("T")


def extended(there: IntegrationTask, new: IntegrationTask) -> IntegrationTask:
    """`there` with what `new` adds. What both speak of stays as it is, the user's edits
    included; only the document is the new one's, since the new plan was held against it."""
    return replace(
        there,
        files=_union(there.files, new.files, lambda file: file.role),
        env_vars=_union(there.env_vars, new.env_vars, lambda variable: variable.name),
        methods=_methods(there.methods, new.methods),
        webhooks=_union(there.webhooks, new.webhooks, lambda webhook: webhook.event),
        tests=there.tests or new.tests,
        request=there.request or new.request,
        need=there.need or new.need,
        target=there.target or new.target,
        scope=there.scope or new.scope,
        document=new.document,
        accepted_incomplete=new.accepted_incomplete or there.accepted_incomplete,
        refused=_union(there.refused, new.refused, lambda refusal: refusal.what),
        evidence=_union(there.evidence, new.evidence, lambda evidence: evidence.about),
    )


def _union(there: list[T], new: list[T], key: Callable[[T], str]) -> list[T]:
    known = {key(one) for one in there}
    return [*there, *(one for one in new if key(one) not in known)]


def _methods(there: list[PlannedMethod], new: list[PlannedMethod]) -> list[PlannedMethod]:
    """One method per operation. A new one whose name is taken is called after its verb too."""
    taken = {method.name for method in there}
    return _union(
        there,
        [
            replace(method, name=f"{method.name}_{method.operation.partition(' ')[0].lower()}")
            if method.name in taken and method.operation not in _operations(there)
            else method
            for method in new
        ],
        lambda method: method.operation or method.name,
    )


def _operations(methods: list[PlannedMethod]) -> set[str]:
    return {method.operation for method in methods}
