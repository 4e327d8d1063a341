"""The provider's world, and what each role of an operation does to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.apidoc.values.fits import fits
from noctule.sandbox.request import Refusal
from noctule.sandbox.state.facts import Facts, facts_of, plain
from noctule.sandbox.state.operation_roles import (
    OperationRole,
    OperationRoles,
    RoleKind,
    identity,
    success_schema,
)
from noctule.sandbox.state.resources import StoredResources
from noctule.sandbox.state.responses import ResponseBuilder, envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import FakeResponse
    from noctule.sandbox.request import RequestValues

ON_ITEM: frozenset[RoleKind] = frozenset({"read", "update", "delete", "action"})
READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
REPEATABLE = frozenset({"PUT", "DELETE"})
"""Methods that change nothing the second time (RFC 9110, section 9.2.2)."""


@dataclass(frozen=True, slots=True)
class ResourceCall:
    """One admitted request, with what its path means."""

    operation: ApiOperation
    shape: OperationRole
    path: dict[str, str]
    """Path parameters as text."""
    decoded: RequestValues

    @property
    def item(self) -> str:
        return self.shape.item(self.path)

    def facts(self) -> Facts:
        """What the request says, but for the names of the things around."""
        around = {name for name in self.path if name != self.shape.parameter}
        said = self.decoded.facts()
        own = {name: value for name, value in said.items() if name not in around}
        above = {plain(name): value for name, value in said.items() if name in around}
        # A parent's `id` is not the identity of what lies under it.
        above.pop("id", None)
        return {**above, **facts_of(own)}


Performed = tuple["FakeResponse", str]
"""The answer, and the path of the thing that changed ("" when nothing did)."""


class SandboxState:
    def __init__(self, document: ApiDocument, pack: Pack | None, *, seed: int) -> None:
        self.answers = ResponseBuilder(pack)
        self._shapes = OperationRoles(document)
        self._seed = seed
        self._said: dict[tuple[str, str, bytes], Performed] = {}
        facts = pack.operations.values() if pack is not None else ()
        self._idempotent = frozenset(fact.key for fact in facts if fact.idempotent)
        self._resources = StoredResources(seed)
        self._roles: dict[RoleKind, Callable[[ResourceCall], Performed]] = {
            "create": self._create,
            "list": self._list,
            "read": self._read,
            "update": self._update,
            "replace": self._replace,
            "delete": self._delete,
            "action": self._update,
            "other": self._other,
        }

    def reset(self) -> None:
        """Nothing exists, nothing was done."""
        self._said.clear()
        self._resources = StoredResources(self._seed)

    def put(self, path: str, fields: dict[str, Any]) -> None:
        """Make the thing at `path` exist, with these fields."""
        self._resources.put(path.rstrip("/"), facts_of(fields))

    def ensure(self, operation: ApiOperation, path: dict[str, str]) -> None:
        shape = self._shapes.of(operation)
        if shape.role in ON_ITEM:
            self._resources.put(shape.item(path), {})

    def perform(
        self, operation: ApiOperation, path: dict[str, str], decoded: RequestValues
    ) -> Performed:
        """Do what the operation does. Raises Refusal (404) for a thing that does not exist."""
        shape = self._shapes.of(operation)
        act = ResourceCall(operation, shape, path, decoded)
        if operation.key not in self._idempotent:
            return self._roles[shape.role](act)
        # The pack knows that sending it twice has the effect of sending it once.
        said = (operation.key, shape.concrete(path), msgspec.json.encode(act.facts()))
        if said not in self._said:
            self._said[said] = self._roles[shape.role](act)
            return self._said[said]
        return self._said[said][0], ""

    def _create(self, act: ResourceCall) -> Performed:
        facts = act.facts()
        schema = success_schema(act.operation)
        described = envelope(schema, act.shape.parameter)[1] if schema is not None else None
        name = identity(described, act.shape.parameter) if described is not None else ""
        if described is None or not name:
            return self.answers.success(act.operation, facts), act.shape.concrete(act.path)
        prop = described.properties[name]
        chosen = facts.get(plain(name))
        if chosen is None or not fits(prop, chosen):
            sampled = self.answers.sample(described).get(name) or self.answers.sample(prop)
            chosen = facts[plain(name)] = self._resources.new_identity(prop, sampled)
        parameter = act.shape.parameter
        path = f"{act.shape.concrete(act.path)}/{chosen}"
        body = self.answers.told(act.operation, facts, parameter)
        self._resources.put(path, self.answers.known(act.operation, body, facts, parameter))
        return self.answers.reply(act.operation, body), path

    def _list(self, act: ResourceCall) -> Performed:
        things = self._resources.under(act.shape.concrete(act.path))
        return self.answers.page(act.operation, things), ""

    def _read(self, act: ResourceCall) -> Performed:
        return self._told(act, self._existing(act)), ""

    def _update(self, act: ResourceCall) -> Performed:
        facts = {**self._existing(act), **act.facts()}
        self._resources.put(act.item, facts)
        return self._told(act, facts), act.item

    def _replace(self, act: ResourceCall) -> Performed:
        before, facts = self._resources.get(act.item), act.facts()
        self._resources.put(act.item, facts)
        return self._told(act, facts), "" if before == facts else act.item

    def _delete(self, act: ResourceCall) -> Performed:
        facts = {**self._existing(act), "deleted": True}
        self._resources.remove(act.item)
        return self._told(act, facts), act.item

    def _other(self, act: ResourceCall) -> Performed:
        facts = act.facts()
        path = act.shape.concrete(act.path)
        unchanged = act.operation.method in REPEATABLE and self._resources.get(path) == facts
        if act.operation.method not in READS:
            self._resources.put(path, facts)
        changed = act.operation.method not in READS and not unchanged
        return self.answers.success(act.operation, facts), path if changed else ""

    def _existing(self, act: ResourceCall) -> Facts:
        facts = self._resources.get(act.item)
        if facts is None:
            raise Refusal(404, f"{act.item} does not exist")
        return facts

    def _told(self, act: ResourceCall, facts: Facts) -> FakeResponse:
        """The thing at the item's path, under the identity that the path gives it."""
        parameter = act.shape.parameter
        schema = success_schema(act.operation)
        if schema is not None:
            described = envelope(schema, parameter)[1]
            name = identity(described, parameter)
            if name and plain(name) not in facts:
                facts = {**facts, plain(name): act.decoded.path.get(parameter)}
        return self.answers.success(act.operation, facts, parameter=parameter)
