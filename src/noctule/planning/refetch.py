"""The operation that reads the object of an unsigned webhook, and how its id is recognised."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.search.discovery import discover
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc import ApiOperation
    from noctule.apidoc.model.parts import Parameter
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.select.provider_choice import ProviderChoice

ID = "body:id"
"""Where an id is expected if nothing is known."""
SHAPE = "[A-Za-z0-9_-]{1,64}"
SHAPES = {
    "integer": "[0-9]{1,19}",
    "uuid": "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}
"""Regular expressions of the whole id, by the type or format of the operation's parameter."""
_LAST = re.compile(r"\{[^{}]+\}$")
_SHOWN = 5


@dataclass(frozen=True)
class RefetchPlan:
    """How an unsigned webhook is used: as a hint to read an object again."""

    operation: ApiOperation
    id: str
    """Where a delivery has the object's id, in the signature language."""
    shape: str


def plan_refetch(
    provider: ProviderChoice, request: ParsedRequest, planned: Iterable[ApiOperation]
) -> RefetchPlan:
    """The plan for a request: a planned operation that reads one object by its id, else the one
    that the request's words mean, else the only one of the document.

    Raises `Problem` (exit 2) if there is none, or several and nothing chooses.
    """
    operation = next(_readers(provider, planned), None)
    if operation is None:
        ranked = discover(provider.document, request).candidates
        operation = next(_readers(provider, (each.operation for each in ranked)), None)
    if operation is None:
        every = list(_readers(provider, provider.document.operations.values()))
        if len(every) != 1:
            known = ", ".join(reader.key for reader in every[:_SHOWN]) or "-"
            raise Problem("planning.no_reader", exit=Exit.USAGE, place=provider.name, known=known)
        operation = every[0]
    fact = provider.pack.unsigned if provider.pack else None
    [parameter] = _ids(provider, operation)
    shape = (fact and fact.shape) or _shape(parameter)
    return RefetchPlan(operation, (fact and fact.id) or ID, shape)


def _readers(
    provider: ProviderChoice, operations: Iterable[ApiOperation]
) -> Iterator[ApiOperation]:
    """Those that need an id and nothing else."""
    for operation in operations:
        by_id = operation.method == "GET" and _LAST.search(operation.path)
        if by_id and len(_ids(provider, operation)) == 1:
            yield operation


def _ids(provider: ProviderChoice, operation: ApiOperation) -> list[Parameter]:
    """What a caller has to give: the pack knows the rest."""
    known = provider.pack.parameters.keys() if provider.pack else ()
    return [p for p in operation.parameters if p.required and p.name not in known]


def _shape(parameter: Parameter) -> str:
    schema = parameter.schema
    kind = schema.type if schema.type == "integer" else schema.raw.get("format")
    return SHAPES.get(str(kind), SHAPE)
