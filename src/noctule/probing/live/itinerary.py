"""Which calls a probe makes, and in which order: first what can be read without an id, then the
life of one object of each collection, outer collections around inner ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from noctule.sandbox.request import PATH_PARAMETER
from noctule.sandbox.state.operation_roles import OperationRoles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation

Act = Literal["get", "list", "create", "read", "change", "delete", "read_again"]
OPENING: tuple[tuple[Act, str], ...] = (
    ("list", "list"), ("create", "create"), ("list", "list"), ("read", "read"),
)  # fmt: skip
"""The first list shows what is there before; an object among it is not ours."""
CLOSING: tuple[tuple[Act, str], ...] = (
    ("change", "update"), ("change", "replace"), ("delete", "delete"), ("read_again", "read"),
)  # fmt: skip
"""What is done with an object, each with the role of the operation that does it."""


@dataclass(frozen=True)
class Step:
    """One call."""

    act: Act
    operation: ApiOperation
    collection: str = ""
    """The template of the collection, names of parameters left out; "" outside of any."""

    @property
    def writes(self) -> bool:
        return self.act in ("create", "change", "delete")


@dataclass
class _Collection:
    path: str
    by_role: dict[str, list[ApiOperation]] = field(default_factory=dict[str, "list[ApiOperation]"])

    def steps(self, acts: Iterable[tuple[Act, str]]) -> list[Step]:
        return [
            Step(act, operation, self.path)
            for act, role in acts
            for operation in self.by_role.get(role, [])
        ]

    @property
    def opening(self) -> list[Step]:
        """A collection without an operation that creates is one where the caller names the object:
        replacing what is not there makes it."""
        if "create" in self.by_role or "replace" not in self.by_role:
            return self.steps(OPENING)
        made = [Step("create", self.by_role["replace"][0], self.path)]
        return [*self.steps(OPENING[:1]), *made, *self.steps(OPENING[2:])]


def anonymous(template: str) -> str:
    return PATH_PARAMETER.sub("{}", template)


def itinerary(
    document: ApiDocument, operations: Iterable[ApiOperation], *, writes: bool
) -> list[Step]:
    """The steps for these operations. Without `writes` only what reads no object: an object that
    the probe did not make is none of its business."""
    roles = OperationRoles(document)
    found: dict[str, _Collection] = {}
    first: list[Step] = []
    for operation in operations:
        role = roles.of(operation)
        if role.kind == "create" and not role.parameter:
            continue  # no object comes of it that could be read or deleted
        if role.kind not in ("other", "action"):
            path = anonymous(role.collection)
            collection = found.setdefault(path, _Collection(path))
            collection.by_role.setdefault(role.kind, []).append(operation)
        elif operation.method == "GET":
            first.append(Step("get", operation))
    ordered = sorted(found.values(), key=lambda each: each.path.count("{}"))
    opened = [step for collection in ordered for step in collection.opening]
    closed = [step for collection in reversed(ordered) for step in collection.steps(CLOSING)]
    if writes:
        return [*first, *opened, *closed]
    return [*first, *dict.fromkeys(step for step in opened if step.act == "list")]
