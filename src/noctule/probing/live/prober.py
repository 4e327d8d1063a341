"""Carries the steps of an itinerary out. Only objects that were made here are read, changed or
deleted; whatever is left at the end is deleted, inner objects first."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from noctule.json_types import as_dict, is_list, is_object
from noctule.probing.live.arguments import SandboxCall, prepare
from noctule.probing.live.client import BudgetSpent, Unreachable
from noctule.probing.live.itinerary import anonymous
from noctule.sandbox.request import PATH_PARAMETER
from noctule.sandbox.state.operation_roles import identity, success_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc import ApiOperation
    from noctule.probing.live.client import SandboxClient
    from noctule.probing.live.itinerary import Step
    from noctule.probing.observation import Observation

ON_OBJECT = ("read", "change", "delete", "read_again")
MOST = 50_000


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
    interrupted: bool = False


@dataclass
class _Made:
    """An object that is still there."""

    collection: str
    name: str
    """How it is told if it stays."""
    delete: SandboxCall | None


class Prober:
    """Makes the calls; `given` are values of path parameters by name, for objects around those that
    are made: never for an object that is itself read, changed or deleted."""

    def __init__(self, client: SandboxClient, given: Mapping[str, str]) -> None:
        self._client = client
        self._given = given
        self._ids: dict[str, str] = {}
        """Collection -> the id of the object that was made in it."""
        self._before: dict[str, set[str]] = {}
        """Collection -> ids in its lists: an object among them is not ours."""
        self._made: list[_Made] = []
        self._deleted: list[str] = []
        """Paths of what is gone; what was inside is gone as well, or says 404."""
        self.run = ProbeRun()

    def walk(self, steps: Iterable[Step]) -> ProbeRun:
        """Carry out the steps, then clean up, whatever happened.

        Raises `Unreachable` if the first call is not answered; later, the run ends, as it does at
        Ctrl-C.
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
        except KeyboardInterrupt:
            self.run.interrupted = True
        finally:
            self._clean_up()
        return self.run

    def _step(self, step: Step, deletes: Mapping[str, ApiOperation]) -> None:
        if self._client.calls <= len(self._made) + (step.act == "create"):
            raise BudgetSpent  # what is left is for deleting what was made
        own = self._own_name(step)
        if step.act in ON_OBJECT and step.collection not in self._ids:
            return
        call = prepare(step.operation, self._values(step.operation, own))
        if call is None:
            return
        self.run.called.add(step.operation.key)
        try:
            observation = self._client.send(call)
        except (Unreachable, KeyboardInterrupt):
            if step.act == "create":
                self.run.left.append(f"{call.path} ({own or '?'})")
            raise
        if step.act == "list":
            self._before.setdefault(step.collection, set()).update(ids_in(observation.json()))
        elif step.act == "create" and observation.succeeded:
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
        if not made or not (own or self._is_new(step, observation, made)):
            self.run.left.append(f"{observation.path} ({made or '?'})")
            return
        self.run.made += 1
        self._ids[step.collection] = made
        call = prepare(delete, self._values(delete, "")) if delete else None
        self._made.append(_Made(step.collection, f"{observation.path} ({made})", call))

    def _is_new(self, step: Step, observation: Observation, made: str) -> bool:
        """Whether an answer tells of an object that was not there before. A document that knows 201
        means something else by another success, such as "exists already"."""
        known = made in self._before.get(step.collection, ())
        return not known and ("201" not in step.operation.responses or observation.status == 201)

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


def ids_in(value: object) -> Iterator[str]:
    """The ids in a JSON value, under any name that ends so; of a large one, the first MOST."""
    pending, count = [value], 0
    while pending and count < MOST:
        each = pending.pop()
        count += 1
        if is_object(each):
            named = (
                v for n, v in each.items() if n.lower().endswith(("id", "key", "name", "slug"))
            )
            yield from (str(v) for v in named if isinstance(v, str | int))
            pending.extend(each.values())
        elif is_list(each):
            pending.extend(each)


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
