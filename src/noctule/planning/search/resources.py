"""The graph of a document's resources: which operation needs the id of what, and which gives it.

`GET /orders/{order_id}/items` is of use only to whom has an order's id: from searching orders,
listing them, having created one, or from an answer that holds an order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc import ApiOperation, Schema
    from noctule.planning.search.index import Index

_PARAMETER = re.compile(r"\{([^}]*)\}")
_OWNER = re.compile(r"\w+(?:'s|’s|s'|s’)")
_CIRCUMSTANCE = re.compile(r"\b(?:for|of|in|by|from|on|to|with)\b", re.IGNORECASE)
_ID_WORDS = frozenset({"id", "ids", "sid", "uuid", "guid", "key", "number", "no", "slug", "name",
                       "code", "token", "exposed", "identifier", "ref", "gid", "iid"})  # fmt: skip
_PLAIN_IDS = frozenset({"ids", "uri", "uris"})
MYSELF = frozenset({"me", "self", "myself", "current", "viewer", "whoami"})
_ACCOUNTS = ("user", "account", "member")
"""What an operation such as `GET /me` gives the id of."""
_COLLECTION, _VIEW, _SPOKEN, _HELD = 1.0, 0.9, 0.8, 0.7
"""How surely an answer gives ids of a resource: the path is its collection, a view of it, the
summary speaks of it, a field of the answer holds it."""


@dataclass(frozen=True)
class Need:
    """The id that one parameter of a path wants."""

    parameter: str
    resource: str
    """The stem of its name: "order"."""
    prefix: str
    """The path before the parameter."""


@dataclass(frozen=True)
class Source:
    operation: ApiOperation
    certainty: float
    """That it gives such ids, from 0 to 1."""


class Resources:
    """The resource graph of one document."""

    def __init__(self, index: Index) -> None:
        operations = index.operations
        self._index = index
        self.needs = {operation.key: needs(operation.path) for operation in operations}
        self.kinds = frozenset(need.resource for found in self.needs.values() for need in found)
        self.inputs = {op.key: tuple(_inputs(op, self.kinds)) for op in operations}
        self._collections = {
            need.prefix: need.resource for found in self.needs.values() for need in found
        }
        self._sources: dict[str, list[Source]] = {}
        for operation in operations:
            for resource, certainty in self._given(operation).items():
                source = Source(operation, certainty)
                self._sources.setdefault(resource, []).append(source)

    def sources(self, operation: ApiOperation, need: Need) -> list[Source]:
        """The other operations that give the id, in document order."""
        return [
            source
            for source in self._sources.get(need.resource, ())
            if source.operation.key != operation.key
            and not (_inside(need, source.operation) and source.certainty < _SPOKEN)
        ]

    def beyond(self, operation: ApiOperation, need: Need) -> int:
        """How many ids a source of `need` wants beyond those that stand before it."""
        before = set(_PARAMETER.findall(need.prefix))
        return len(set(_PARAMETER.findall(operation.path)) - before)

    def of_caller(self, operation: ApiOperation) -> bool:
        """Whether it is about what is the caller's own."""
        return any(part.lower() in MYSELF for part in operation.path.split("/"))

    def is_caller(self, operation: ApiOperation) -> bool:
        return operation.path.rpartition("/")[2].lower() in MYSELF

    def _given(self, operation: ApiOperation) -> Mapping[str, float]:
        """The resources whose ids the operation's answer holds, and how surely."""
        found: dict[str, float] = {}
        for resource, certainty in self._guesses(operation):
            found[resource] = max(found.get(resource, 0.0), certainty)
        return found

    def _guesses(self, operation: ApiOperation) -> Iterator[tuple[str, float]]:
        segments = [part for part in operation.path.split("/") if part]
        kind = self._index.verbs[operation.key]
        if not segments or kind in {"update", "delete", "send"}:
            return
        last = segments[-1]
        if kind == "search":
            said = f"{operation.path} {operation.summary} {' '.join(choices(operation))}"
            yield from ((stem(word), _COLLECTION) for word in words(said))
        elif last.lower() in MYSELF:
            yield from ((account, _COLLECTION) for account in _ACCOUNTS)
        elif "{" not in last:
            yield from ((stem(word), _COLLECTION) for word in words(last)[-1:])
        if operation.method == "GET":
            yield from self._read(operation, last)

    def _read(self, operation: ApiOperation, last: str) -> Iterator[tuple[str, float]]:
        parent = operation.path.rstrip("/").rpartition("/")[0]
        if "{" not in last:
            if parent in self._collections:
                yield self._collections[parent], _VIEW
            said = f"{last} {_object(operation.summary)}"
            yield from ((s, _SPOKEN) for s in map(stem, words(said)) if s in self.kinds)
        else:
            values = {stem(word) for value in choices(operation) for word in words(value)}
            yield from ((value, _VIEW) for value in values if value in self.kinds)
        for name in self._index.answers[operation.key].things:
            for resource in meanings(stem((words(name) or [""])[-1])):
                if resource in self.kinds:
                    yield resource, _HELD


def needs(path: str) -> tuple[Need, ...]:
    """The ids that a path wants, outermost first."""
    found: list[Need] = []
    for match in _PARAMETER.finditer(path):
        prefix = path[: match.start()].rstrip("/")
        named = [word for word in words(match.group(1)) if word not in _ID_WORDS]
        before = words(prefix.rpartition("/")[2]) if not prefix.endswith("}") else []
        resource = stem((before or named or [""])[-1])
        if resource:
            found.append(Need(match.group(1), resource, prefix))
    return tuple(found)


def _inputs(operation: ApiOperation, kinds: frozenset[str]) -> Iterator[Need]:
    """The ids that a writing operation wants beside its path: of what its path ends in, where they
    are called just that, else of what they are called after."""
    if operation.method == "GET":
        return
    of_path = stem((words(_static(operation.path)) or [""])[-1])
    required = [p.name for p in operation.parameters if p.required and p.where != "path"]
    for media in operation.body.media.values() if operation.body else ():
        required += sorted(media.schema.required) if media.schema else []
    plain = [p.name for p in operation.parameters if p.name.lower() in _PLAIN_IDS]
    for name in dict.fromkeys([*plain, *required]):
        named = [word for word in words(name) if word not in _ID_WORDS]
        resource = of_path if name.lower() in _PLAIN_IDS else stem((named or [""])[-1])
        if resource in kinds:
            yield Need(name, resource, "")


def _static(path: str) -> str:
    """The last segment that is no parameter."""
    return next((part for part in reversed(path.split("/")) if part and "{" not in part), "")


def choices(operation: ApiOperation) -> list[str]:
    """The values that its parameters may take."""
    return [
        str(value)
        for parameter in operation.parameters
        for value in (*parameter.schema.enum, *_items(parameter.schema))
    ]


def meanings(word: str) -> tuple[str, ...]:
    """The stem itself and what it is a kind of."""
    kind = lexicon().broader.get(word)
    return (word, kind) if kind else (word,)


def _object(summary: str) -> str:
    """What is got, without whose or for what: "albums" of "Get the user's albums by year"."""
    return _CIRCUMSTANCE.split(_OWNER.sub(" ", summary), maxsplit=1)[0]


def _items(schema: Schema) -> tuple[object, ...]:
    return schema.items.enum if schema.items else ()


def _inside(need: Need, operation: ApiOperation) -> bool:
    """Whether the operation itself starts from the very id that is needed."""
    return f"{need.prefix}/{{{need.parameter}}}" in operation.path
