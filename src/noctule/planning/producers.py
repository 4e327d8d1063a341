"""Who produces the id that a path needs.

`GET /orders/{order_id}/items` is of use only to whom has an order's id: from searching orders,
listing them, or having created one. Each path parameter names a resource; each operation whose
path ends in that resource, and that needs no id of its own, produces its ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.search import Index, verb_class
from noctule.planning.text import stem, words

if TYPE_CHECKING:
    from noctule.apidoc import Operation, Schema
    from noctule.planning.request import Request

_PARAMETER = re.compile(r"\{([^}]*)\}")
_ID_WORDS = frozenset({"id", "ids", "sid", "uuid", "guid", "key", "number", "no", "slug", "name",
                       "code", "token", "exposed", "identifier", "ref", "gid", "iid"})  # fmt: skip
_MYSELF = frozenset({"me", "self", "myself", "current", "viewer", "whoami"})
_ACCOUNTS = ("user", "account", "member")
"""What an operation such as `GET /me` gives the id of."""
_PREFERENCE = {"search": 3.0, "list": 2.0, "create": 1.0, "get": 0.5}
_ASKED = 4.0


@dataclass(frozen=True)
class Producer:
    operation: Operation
    parameter: str
    """The path parameter of the consumer that it fills: "order_id"."""


class Producers:
    """The producer graph of one document."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.by_resource: dict[str, list[Operation]] = {}
        for operation in index.operations:
            for resource in _produced(operation):
                self.by_resource.setdefault(resource, []).append(operation)

    def of(self, operation: Operation, request: Request) -> tuple[Producer, ...]:
        """The best producer of each path parameter that has one, outermost parameter first."""
        found: list[Producer] = []
        for parameter, resource, prefix in _needed(operation.path):
            candidates = [
                candidate
                for candidate in self.by_resource.get(resource, ())
                if candidate.key != operation.key and _reachable(candidate, prefix)
            ]
            if candidates:
                best = max(candidates, key=lambda c: self._fitness(c, prefix, request))
                found.append(Producer(best, parameter))
        return tuple(found)

    def _fitness(self, candidate: Operation, prefix: str, request: Request) -> tuple[float, float]:
        kind = verb_class(candidate)
        preference = _PREFERENCE.get(kind, 0.0)
        if kind == "create" and "create" in request.verbs:
            preference += _ASKED
        if kind == "search" and not request.names_things:
            preference -= 1.5
        if candidate.path == prefix:
            preference += 0.6
        return preference, self.index.score(candidate, request).score


def _needed(path: str) -> list[tuple[str, str, str]]:
    """(parameter, resource, path before it) for each path parameter."""
    found: list[tuple[str, str, str]] = []
    for match in _PARAMETER.finditer(path):
        prefix = path[: match.start()].rstrip("/")
        named = [word for word in words(match.group(1)) if word not in _ID_WORDS]
        before = words(prefix.rpartition("/")[2]) if not prefix.endswith("}") else []
        resource = stem((before or named or [""])[-1])
        if resource:
            found.append((match.group(1), resource, prefix))
    return found


def _produced(operation: Operation) -> set[str]:
    """The resources whose ids the operation's answer holds."""
    segments = [part for part in operation.path.split("/") if part]
    kind = verb_class(operation)
    if not segments or kind in {"update", "delete", "send"}:
        return set()
    last = segments[-1]
    if kind == "search":
        kinds = [str(v) for p in operation.parameters for v in (*p.schema.enum, *_items(p.schema))]
        said = f"{operation.path} {operation.summary} {' '.join(kinds)}"
        return {stem(word) for word in words(said)}
    if "{" in last:
        return set()
    if last.lower() in _MYSELF:
        return set(_ACCOUNTS)
    return {stem(word) for word in words(last)[-1:]}


def _items(schema: Schema) -> tuple[object, ...]:
    return schema.items.enum if schema.items else ()


def _reachable(candidate: Operation, prefix: str) -> bool:
    """Whether the candidate needs no id beyond those that stand before the parameter."""
    return set(_PARAMETER.findall(candidate.path)) <= set(_PARAMETER.findall(prefix))
