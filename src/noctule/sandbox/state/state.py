"""The provider's state, and what an operation does to it by its role."""

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
    from noctule.providers import FailureFact, Pack
    from noctule.sandbox.http.connection import FakeResponse
    from noctule.sandbox.request import RequestValues

ON_ITEM: frozenset[RoleKind] = frozenset({"read", "update", "delete", "action"})
READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
REPEATABLE = frozenset({"PUT", "DELETE"})
"""Methods that change nothing the second time (RFC 9110, section 9.2.2)."""


@dataclass(frozen=True, slots=True)
class ResourceCall:
    """One admitted request, and the role of its operation."""

    operation: ApiOperation
    role: OperationRole
    path: dict[str, str]
    """Path parameters as text."""
    values: RequestValues

    @property
    def item(self) -> str:
        return self.role.item(self.path)

    @property
    def collection(self) -> str:
        return self.role.concrete(self.path)

    def facts(self) -> Facts:
        """The values of the request; those about parents only where the item has no such name."""
        parents = {name for name in self.path if name != self.role.parameter}
        values = self.values.facts()
        own = {name: value for name, value in values.items() if name not in parents}
        above = {plain(name): value for name, value in values.items() if name in parents}
        # A parent's `id` is not the id of the item.
        above.pop("id", None)
        return {**above, **facts_of(own)}


Performed = tuple["FakeResponse", str]
"""The response, and the path of the resource that changed ("" when none did)."""


class SandboxState:
    """All resources, and how each kind of operation reads and changes them."""

    def __init__(
        self,
        document: ApiDocument,
        pack: Pack | None,
        *,
        failure: FailureFact | None = None,
        seed: int,
    ) -> None:
        self.responses = ResponseBuilder(pack, failure)
        self._roles = OperationRoles(document)
        self._seed = seed
        self._performed: dict[tuple[str, str, bytes], Performed] = {}
        facts = pack.operations.values() if pack is not None else ()
        self._idempotent = frozenset(fact.key for fact in facts if fact.idempotent)
        self._resources = StoredResources(seed)
        self._actions: dict[RoleKind, Callable[[ResourceCall], Performed]] = {
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
        """Forget all resources and requests."""
        self._performed.clear()
        self._resources = StoredResources(self._seed)

    def put(self, path: str, fields: dict[str, Any]) -> None:
        """Create the resource at `path`, with these fields."""
        self._resources.put(path.rstrip("/"), facts_of(fields))

    def ensure(self, operation: ApiOperation, path: dict[str, str]) -> None:
        """Create the item that the operation works on, if it works on one."""
        role = self._roles.of(operation)
        if role.kind in ON_ITEM:
            self._resources.put(role.item(path), {})

    def perform(
        self, operation: ApiOperation, path: dict[str, str], values: RequestValues
    ) -> Performed:
        """Do what the operation does. Raises Refusal (404) for a resource that does not exist."""
        role = self._roles.of(operation)
        call = ResourceCall(operation, role, path, values)
        if operation.key not in self._idempotent:
            return self._actions[role.kind](call)
        # The pack says that sending it twice has the effect of sending it once.
        key = (operation.key, call.collection, msgspec.json.encode(call.facts()))
        if key not in self._performed:
            self._performed[key] = self._actions[role.kind](call)
            return self._performed[key]
        return self._performed[key][0], ""

    def _create(self, call: ResourceCall) -> Performed:
        facts = call.facts()
        schema = success_schema(call.operation)
        parameter = call.role.parameter
        described = envelope(schema, parameter)[1] if schema is not None else None
        name = identity(described, parameter) if described is not None else ""
        if described is None or not name:
            return self.responses.success(call.operation, facts), call.collection
        prop = described.properties[name]
        value = facts.get(plain(name))
        if value is None or not fits(prop, value):
            sampled = self.responses.sample(described).get(name) or self.responses.sample(prop)
            value = facts[plain(name)] = self._resources.new_identity(prop, sampled)
        path = f"{call.collection}/{value}"
        body = self.responses.success_body(call.operation, facts, parameter)
        self._resources.put(path, self.responses.facts(call.operation, body, facts, parameter))
        return self.responses.encode(call.operation, body), path

    def _list(self, call: ResourceCall) -> Performed:
        items = self._resources.under(call.collection)
        return self.responses.page(call.operation, items), ""

    def _read(self, call: ResourceCall) -> Performed:
        return self._item_response(call, self._existing(call)), ""

    def _update(self, call: ResourceCall) -> Performed:
        facts = {**self._existing(call), **call.facts()}
        self._resources.put(call.item, facts)
        return self._item_response(call, facts), call.item

    def _replace(self, call: ResourceCall) -> Performed:
        before, facts = self._resources.get(call.item), call.facts()
        self._resources.put(call.item, facts)
        return self._item_response(call, facts), "" if before == facts else call.item

    def _delete(self, call: ResourceCall) -> Performed:
        facts = {**self._existing(call), "deleted": True}
        self._resources.remove(call.item)
        return self._item_response(call, facts), call.item

    def _other(self, call: ResourceCall) -> Performed:
        facts, path, method = call.facts(), call.collection, call.operation.method
        unchanged = method in REPEATABLE and self._resources.get(path) == facts
        if method not in READS:
            self._resources.put(path, facts)
        changed = method not in READS and not unchanged
        return self.responses.success(call.operation, facts), path if changed else ""

    def _existing(self, call: ResourceCall) -> Facts:
        facts = self._resources.get(call.item)
        if facts is None:
            raise Refusal(404, f"{call.item} does not exist")
        return facts

    def _item_response(self, call: ResourceCall, facts: Facts) -> FakeResponse:
        """The item, under the id that its path has."""
        parameter = call.role.parameter
        schema = success_schema(call.operation)
        if schema is not None:
            described = envelope(schema, parameter)[1]
            name = identity(described, parameter)
            if name and plain(name) not in facts:
                facts = {**facts, plain(name): call.values.path.get(parameter)}
        return self.responses.success(call.operation, facts, parameter=parameter)
