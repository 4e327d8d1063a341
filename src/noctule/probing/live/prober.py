"""Carries the steps of an itinerary out. Only objects that were made here are read, changed or
deleted; whatever is left at the end is deleted, inner objects first."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from noctule.json_types import as_dict, is_object
from noctule.probing.live.arguments import SandboxCall, prepare
from noctule.probing.live.client import BudgetSpent, Unreachable
from noctule.probing.live.itinerary import anonymous
from noctule.sandbox.request import PATH_PARAMETER
from noctule.sandbox.state.operation_roles import identity, success_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiOperation
    from noctule.probing.live.client import SandboxClient
    from noctule.probing.live.itinerary import Step
    from noctule.probing.observation import Observation


@dataclass
class ProbeRun:
    """What a probe did in a sandbox."""

    made: int = 0
    left: list[str] = field(default_factory=list[str])
    """Paths of objects that could not be deleted."""
    called: set[str] = field(default_factory=set[str])
    """Keys of operations that were called."""
    spent: bool = False
    """Whether the budget ended the run."""
    broken: bool = False
    """Whether the sandbox stopped answering."""


@dataclass
class _Made:
    """An object that is still there."""

    collection: str
    name: str
    """How it is told if it stays."""
    delete: SandboxCall | None


class Prober:
    """Makes the calls; `given` are values of path parameters that no collection makes, by name."""

    def __init__(self, client: SandboxClient, given: Mapping[str, str]) -> None:
        self._client = client
        self._given = given
        self._ids: dict[str, str] = {}
        """Collection -> the id of the object that was made in it."""
        self._made: list[_Made] = []
        self._deleted: list[str] = []
        """Paths of what is gone; what was inside is gone as well, or says 404."""
        self.run = ProbeRun()

    def walk(self, steps: Iterable[Step]) -> ProbeRun:
        """Carry out the steps, then clean up, whatever happened.

        Raises `Unreachable` if the first call is not answered; later, the run ends.
        """
        steps = list(steps)
        deletes = {step.collection: step.operation for step in steps if step.act == "delete"}
        try:
            for step in steps:
                self._step(step, deletes)
        except BudgetSpent:
            self.run.spent = True
        except Unreachable:
            if not self._client.observations:
                raise
            self.run.broken = True
        finally:
            self._clean_up()
        return self.run

    def _step(self, step: Step, deletes: Mapping[str, ApiOperation]) -> None:
        if self._client.calls <= len(self._made) + (step.act == "create"):
            raise BudgetSpent  # what is left is for deleting what was made
        own = self._own_name(step)
        values = self._values(step.operation, own)
        needed = {p.name for p in step.operation.parameters if p.where == "path"}
        call = prepare(step.operation, values) if needed <= values.keys() else None
        if call is None:
            return
        self.run.called.add(step.operation.key)
        try:
            observation = self._client.send(call)
        except Unreachable:
            if step.act == "create":
                self.run.left.append(f"{call.path} ({own or '?'})")
            raise
        if step.act == "create" and observation.succeeded:
            self._remember(step, observation, own, deletes)
        elif step.act == "delete" and observation.succeeded:
            self._made = [made for made in self._made if made.collection != step.collection]
            self._deleted.append(call.path)

    def _own_name(self, step: Step) -> str:
        """A name for an object that the caller names, one that nobody else has."""
        if step.act == "create" and step.operation.method == "PUT":
            return f"noctule-{secrets.token_hex(4)}"
        return ""

    def _values(self, operation: ApiOperation, own: str) -> dict[str, str]:
        """The values of the path: ids of objects that were made, and those that were given."""
        values: dict[str, str] = {}
        for match in PATH_PARAMETER.finditer(operation.path):
            collection = anonymous(operation.path[: match.start()]).rstrip("/")
            is_last = match.end() == len(operation.path)
            value = own if own and is_last else self._ids.get(collection)
            value = value or self._given.get(match[1])
            if value is not None:
                values[match[1]] = value
        return values

    def _remember(
        self,
        step: Step,
        observation: Observation,
        own: str,
        deletes: Mapping[str, ApiOperation],
    ) -> None:
        delete = deletes.get(step.collection)
        name = PATH_PARAMETER.findall(delete.path)[-1] if delete else "id"
        made = own or id_of(step.operation, observation, name)
        self.run.made += 1
        if not made:
            self.run.left.append(f"{observation.path} (?)")
            return
        self._ids[step.collection] = made
        call = prepare(delete, self._values(delete, "")) if delete else None
        self._made.append(_Made(step.collection, f"{observation.path} ({made})", call))

    def _clean_up(self) -> None:
        for made in reversed(self._made):
            if not self._is_deleted(made):
                self.run.left.append(made.name)
        self._made = []

    def _is_deleted(self, made: _Made) -> bool:
        """Delete the object. A 404 is believed only where the object around it is gone: whoever
        may not see an object is often told that there is none."""
        if made.delete is None:
            return False
        try:
            observation = self._client.send(made.delete)
        except (BudgetSpent, Unreachable):
            return False
        if observation.succeeded:
            self._deleted.append(made.delete.path)
            return True
        within = any(made.delete.path.startswith(f"{path}/") for path in self._deleted)
        return observation.status == 410 or (observation.status == 404 and within)


def id_of(operation: ApiOperation, observation: Observation, parameter: str) -> str:
    """The id of the object that an answer describes: its member, or that of the one object inside
    (`{"data": {"id": …}}`), else the end of `Location`; "" if there is none."""
    value = observation.json()
    schema = success_schema(operation)
    names = [identity(schema, parameter)] if schema is not None else []
    for holder in (value, *(each for each in as_dict(value).values() if is_object(each))):
        for name in (*names, parameter, "id"):
            found = as_dict(holder).get(name) if name else None
            if isinstance(found, str | int) and not isinstance(found, bool):
                return str(found)
    location = urlsplit(observation.headers.get("location", "")).path
    return unquote(location.rstrip("/").rpartition("/")[2])
