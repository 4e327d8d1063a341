"""From the task to the methods to be proven, each with arguments that the document allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import sample
from noctule.codegen.build.requests import body_of
from noctule.codegen.model.integration import Scalar
from noctule.proving.subject import Plan, Subject
from noctule.sandbox.state.values import as_object

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.codegen.model.integration import Method, Param, Wrapper
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

BINARY = (Scalar("bytes"), Scalar("file"))


def subjects(
    task: IntegrationTask,
    document: ApiDocument,
    wrapper: Wrapper,
    variables: Mapping[str, str],
    pack: Pack | None = None,
) -> list[Subject]:
    """The wrapper's methods in order. `variables` are the values of the environment, some of which
    stand in paths."""
    usual = Plan()
    plan = Plan(
        attempts=wrapper.attempts or usual.attempts, timeout=wrapper.timeout or usual.timeout
    )
    operations = (
        list(document.operations.values())
        if task.scope == "whole"
        else [document.find(method.operation) for method in task.methods]
    )
    return [
        _subject(method, operation, plan, variables, pack)
        for method, operation in zip(wrapper.methods, operations, strict=True)
        if operation is not None
    ]


def few_of(subjects: Iterable[Subject], named: Collection[str]) -> list[Subject]:
    """Those of the operations `named`, and the first of each kind of call among the others: a whole
    API has hundreds of methods, and what they have in common needs one proof."""
    subjects = list(subjects)
    kept = [subject for subject in subjects if subject.operation in named]
    seen = {_kind(subject) for subject in kept}
    for subject in subjects:
        if _kind(subject) not in seen:
            seen.add(_kind(subject))
            kept.append(subject)
    return kept


def name_of(method: Method) -> str:
    """As it is called on the service."""
    return method.full_name


def _kind(subject: Subject) -> tuple[object, ...]:
    return subject.verb, subject.retry, subject.reads_json, bool(subject.binary)


def _subject(
    method: Method,
    operation: ApiOperation,
    plan: Plan,
    variables: Mapping[str, str],
    pack: Pack | None,
) -> Subject:
    values = _values(operation)
    given = {param.name: values[param.place, param.wire] for param in _given(method, values)}
    fixed = {wire: variables.get(name, "") for place, wire, name in method.fixed if place == "path"}
    asked = {
        param.wire: str(given[param.name])
        for param in method.params
        if param.place == "path" and param.name in given
    }
    return Subject(
        method=name_of(method),
        operation=operation.key,
        verb=operation.method,
        retry=method.retry,
        plan=plan,
        arguments=given,
        reads_json=method.returns is not None and not method.accepts,
        binary=tuple(
            param.name for param in method.params if param.type in BINARY and param.name in given
        ),
        path={**asked, **fixed},
        failure=pack.failure if pack is not None else None,
    )


def _given(method: Method, values: Mapping[tuple[str, str], Any]) -> list[Param]:
    return [param for param in method.params if (param.place, param.wire) in values]


def _values(operation: ApiOperation) -> dict[tuple[str, str], Any]:
    """What a smallest valid request says, by place and wire name."""
    values: dict[tuple[str, str], Any] = {
        (parameter.where, parameter.name): sample(parameter.schema, request=True)
        for parameter in operation.parameters
        if parameter.required or parameter.where == "path"
    }
    media, _ = body_of(operation)
    if media is None or media.schema is None:
        return values
    body = sample(media.schema, request=True)
    fields = as_object(body) if media.schema.type == "object" else None
    if fields is None or not media.schema.properties:
        return {**values, ("body", ""): body}
    return {**values, **{("body", wire): value for wire, value in fields.items()}}
