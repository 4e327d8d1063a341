"""What a method is called in its resource: `customers.list`, `customers.create_source`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from noctule.apidoc.naming.operation_names import fitted
from noctule.codegen.model.naming import Naming, free

if TYPE_CHECKING:
    from noctule.apidoc import ApiOperation
    from noctule.apidoc.naming.operation_names import OperationNames


def plain_name(names: OperationNames, operation: ApiOperation) -> str:
    """The operation's name outside any resource: `list_customers`."""
    return "_".join(fitted(next(names.candidates(operation))))


def resource_method(
    names: OperationNames,
    operation: ApiOperation,
    resource: str,
    names_in_use: set[str],
    task_name: str,
    naming: Naming,
) -> str:
    """A name that is free in the resource: the task's, the document's, or one from the path."""
    candidates = ("_".join(fitted(words)) for words in names.within(operation, resource))
    spelled = (naming.member(name) for name in chain((task_name,), candidates) if name)
    return free(spelled, names_in_use)
