"""From the task to the methods to be proven, each with arguments that the document allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.codegen.model.integration import Scalar
from noctule.proving.conformity.arguments import values
from noctule.proving.proven_method import CallLimits, Given, ProvenMethod
from noctule.sandbox.stated.document import StatedDocument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.codegen.model.integration import Method, Wrapper
    from noctule.manifest import IntegrationTask
    from noctule.providers import FailureFact
    from noctule.sandbox.stated.operation import StatedOperation

BINARY = (Scalar("bytes"), Scalar("file"))


def proven_methods(
    task: IntegrationTask,
    document: ApiDocument,
    wrapper: Wrapper,
    variables: Mapping[str, str],
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
    stated = StatedDocument(document)
    main_methods = [method for method in wrapper.methods if not method.alternative]
    return [
        _proven_method(
            method, operation, stated.operation(operation.key), limits, variables, wrapper.failure
        )
        for method, operation in zip(main_methods, operations, strict=True)
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
    stated: StatedOperation,
    limits: CallLimits,
    variables: Mapping[str, str],
    failure: FailureFact | None,
) -> ProvenMethod:
    fewest, every = values(stated, method), values(stated, method, every=True)
    arguments, everything = _arguments(method, fewest), _arguments(method, every)
    fixed = {wire: variables.get(name, "") for place, wire, name in method.fixed if place == "path"}
    path = {
        param.wire: str(arguments[param.name])
        for param in method.params
        if param.place == "path" and param.name in arguments
    }
    names: dict[tuple[str, str], str] = {
        (param.place, param.wire): param.name
        for param in method.params
        if param.role in ("named", "whole")
    }
    return ProvenMethod(
        name=name_of(method),
        operation=operation.key,
        pointer=stated.pointer,
        verb=operation.method,
        retry=method.retry,
        limits=limits,
        writes=not method.reads,
        arguments=arguments,
        everything=everything,
        given={
            name: given
            for given in every
            if (name := names.get((given.where, given.name))) is not None
        },
        reads_json=method.reads_json,
        pages=f"{name_of(method)}_all" if method.pages is not None else "",
        binary=tuple(param.name for param in method.params if param.type in BINARY),
        path={**path, **fixed},
        failure=failure,
    )


def _arguments(method: Method, given: list[Given]) -> dict[str, Any]:
    """By the names of the method's parameters."""
    by_place = {(each.where, each.name): each.value for each in given}
    arguments = {
        param.name: by_place[param.place, param.wire]
        for param in method.params
        if param.role in ("named", "whole") and (param.place, param.wire) in by_place
    }
    headers = (param for param in method.params if param.role == "part_header" and param.required)
    return arguments | {param.name: param.example for param in headers}
