"""From the task to the methods to be proven, each with arguments that the document allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import sample
from noctule.apidoc.values.fits import fits
from noctule.codegen.build.requests import body_of
from noctule.codegen.model.integration import Scalar
from noctule.json_types import is_list, is_object
from noctule.proving.proven_method import CallLimits, ProvenMethod

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, Schema
    from noctule.codegen.model.integration import Method, Param, Wrapper
    from noctule.manifest import IntegrationTask
    from noctule.providers import Pack

BINARY = (Scalar("bytes"), Scalar("file"))


def proven_methods(
    task: IntegrationTask,
    document: ApiDocument,
    wrapper: Wrapper,
    variables: Mapping[str, str],
    pack: Pack | None = None,
) -> list[ProvenMethod]:
    """The wrapper's methods in order. `variables` are the values of the environment, some of which
    are part of paths."""
    usual = CallLimits()
    limits = CallLimits(
        attempts=wrapper.attempts or usual.attempts, timeout=wrapper.timeout or usual.timeout
    )
    operations = (
        list(document.operations.values())
        if task.scope == "whole"
        else [document.find(method.operation) for method in task.methods]
    )
    return [
        _proven_method(method, operation, limits, variables, pack)
        for method, operation in zip(wrapper.methods, operations, strict=True)
        if operation is not None
    ]


def representatives(
    methods: Iterable[ProvenMethod], operations: Collection[str]
) -> list[ProvenMethod]:
    """The methods of `operations`, and one of each kind of call among the others.

    A whole API has hundreds of methods, and what they have in common needs one proof.
    """
    methods = list(methods)
    selected = [method for method in methods if method.operation in operations]
    kinds = {_call_kind(method) for method in selected}
    for method in methods:
        if _call_kind(method) not in kinds:
            kinds.add(_call_kind(method))
            selected.append(method)
    return selected


def name_of(method: Method) -> str:
    """The name by which it is called on the service."""
    return ".".join(filter(None, (method.resource, method.name)))


def _call_kind(method: ProvenMethod) -> tuple[object, ...]:
    return method.verb, method.retry, method.reads_json, bool(method.binary)


def _proven_method(
    method: Method,
    operation: ApiOperation,
    limits: CallLimits,
    variables: Mapping[str, str],
    pack: Pack | None,
) -> ProvenMethod:
    values = _values(operation)
    arguments = {param.name: values[param.place, param.wire] for param in _sent(method, values)}
    fixed = {wire: variables.get(name, "") for place, wire, name in method.fixed if place == "path"}
    path = {
        param.wire: str(arguments[param.name])
        for param in method.params
        if param.place == "path" and param.name in arguments
    }
    return ProvenMethod(
        name=name_of(method),
        operation=operation.key,
        verb=operation.method,
        retry=method.retry,
        limits=limits,
        writes=not method.reads,
        arguments=arguments,
        reads_json=method.reads_json,
        binary=tuple(
            param.name
            for param in method.params
            if param.type in BINARY and param.name in arguments
        ),
        path={**path, **fixed},
        failure=pack.failure if pack is not None else None,
    )


def _sent(method: Method, values: Mapping[tuple[str, str], Any]) -> list[Param]:
    return [
        param
        for param in method.params
        if param.role != "extra" and (param.place, param.wire) in values
    ]


def _values(operation: ApiOperation) -> dict[tuple[str, str], Any]:
    """The values of a smallest valid request, by place and name."""
    values: dict[tuple[str, str], Any] = {
        (parameter.where, parameter.name): sample(parameter.schema, request=True)
        for parameter in operation.parameters
        if parameter.required or parameter.where == "path"
    }
    media, kind = body_of(operation)
    if kind in ("text", "bytes"):
        return {**values, ("body", ""): "content"}
    if media is None or media.schema is None:
        return values
    body = sample(media.schema, request=True)
    if kind == "lines":
        return {**values, ("body", ""): body if is_list(body) else [body]}
    if media.schema.type != "object" or not media.schema.properties or not is_object(body):
        return {**values, ("body", ""): body}
    if kind == "form":
        properties = media.schema.properties
        body = {name: _spellable(properties.get(name), value) for name, value in body.items()}
    return {**values, **{("body", name): value for name, value in body.items()}}


def _spellable(schema: Schema | None, value: Any) -> Any:
    """A value that a form can write down: an empty object or list is nothing there."""
    if value not in ({}, []) or schema is None:
        return value
    filled = sample(schema, optional=True, request=True)
    empty = {"key": "value"} if is_object(value) else ["value"]
    return filled or (empty if fits(schema, empty, request=True) else value)
