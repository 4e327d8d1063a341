"""The graph of a document's resources: which operation needs an id, and which one returns it.

`GET /orders/{order_id}/items` needs the id of an order: from searching or listing orders, from
having created one, or from a response that contains an order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.planning.search.index import static_segments
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.apidoc import ApiOperation, Schema
    from noctule.planning.search.index import OperationIndex

_PARAMETER = re.compile(r"\{([^}]*)\}")
_OWNER = re.compile(r"\w+(?:'s|’s|s'|s’)")
_PREPOSITION = re.compile(r"\b(?:for|of|in|by|from|on|to|with)\b", re.IGNORECASE)
_ID_WORDS = frozenset({"id", "ids", "sid", "uuid", "guid", "key", "number", "no", "slug", "name",
                       "code", "token", "exposed", "identifier", "ref", "gid", "iid"})  # fmt: skip
_PLAIN_IDS = frozenset({"ids", "uri", "uris"})
MYSELF = frozenset({"me", "self", "myself", "current", "viewer", "whoami"})
_ACCOUNTS = ("user", "account", "member")
"""The resources whose id an operation such as `GET /me` returns."""
_COLLECTION, _VIEW, _SUMMARY, _FIELD = 1.0, 0.9, 0.8, 0.7
"""How certain it is that a response has ids of a resource: the path is its collection, the path is
a view of it, the summary names it, a field of the response contains it."""


@dataclass(frozen=True)
class RequiredId:
    """The id that one parameter of an operation needs."""

    parameter: str
    resource: str
    """The stem of its name: "order"."""
    prefix: str
    """The path before the parameter."""


@dataclass(frozen=True)
class IdSource:
    operation: ApiOperation
    certainty: float
    """That it returns such ids, from 0 to 1."""


class ResourceGraph:
    """The resources of one document, and the operations that need or return their ids."""

    def __init__(self, index: OperationIndex) -> None:
        operations = index.operations
        self._index = index
        self.required = {operation.key: required_ids(operation.path) for operation in operations}
        in_paths = [required for ids in self.required.values() for required in ids]
        self.names = frozenset(required.resource for required in in_paths)
        self.inputs = {
            operation.key: tuple(_input_ids(operation, self.names)) for operation in operations
        }
        self._collections = {required.prefix: required.resource for required in in_paths}
        self._sources: dict[str, list[IdSource]] = {}
        for operation in operations:
            for resource, certainty in self._returned(operation).items():
                source = IdSource(operation, certainty)
                self._sources.setdefault(resource, []).append(source)

    def sources(self, operation: ApiOperation, required: RequiredId) -> list[IdSource]:
        """The other operations that return the id, in document order."""
        return [
            source
            for source in self._sources.get(required.resource, ())
            if source.operation.key != operation.key
            and not (_needs_it_too(required, source.operation) and source.certainty < _SUMMARY)
        ]

    def extra_ids(self, operation: ApiOperation, required: RequiredId) -> int:
        """How many ids a source of `required` needs beyond those before that parameter."""
        before = set(_PARAMETER.findall(required.prefix))
        return len(set(_PARAMETER.findall(operation.path)) - before)

    def belongs_to_caller(self, operation: ApiOperation) -> bool:
        """Whether it is about something of the caller's: `/me/playlists`."""
        return any(segment.lower() in MYSELF for segment in operation.path.split("/"))

    def is_caller(self, operation: ApiOperation) -> bool:
        """Whether it is about the caller: `/me`."""
        return operation.path.rpartition("/")[2].lower() in MYSELF

    def _returned(self, operation: ApiOperation) -> Mapping[str, float]:
        """The resources whose ids are in the operation's response, and how certain that is."""
        certainties: dict[str, float] = {}
        for resource, certainty in self._guesses(operation):
            certainties[resource] = max(certainties.get(resource, 0.0), certainty)
        return certainties

    def _guesses(self, operation: ApiOperation) -> Iterator[tuple[str, float]]:
        segments = [segment for segment in operation.path.split("/") if segment]
        kind = self._index.verbs[operation.key]
        if not segments or kind in {"update", "delete", "send"}:
            return
        last = segments[-1]
        if kind == "search":
            values = " ".join(_parameter_values(operation))
            text = f"{operation.path} {operation.summary} {values}"
            yield from ((stem(word), _COLLECTION) for word in words(text))
        elif last.lower() in MYSELF:
            yield from ((account, _COLLECTION) for account in _ACCOUNTS)
        elif "{" not in last:
            yield from ((stem(word), _COLLECTION) for word in words(last)[-1:])
        if operation.method == "GET":
            yield from self._guesses_of_read(operation, last)

    def _guesses_of_read(self, operation: ApiOperation, last: str) -> Iterator[tuple[str, float]]:
        parent = operation.path.rstrip("/").rpartition("/")[0]
        if "{" not in last:
            if parent in self._collections:
                yield self._collections[parent], _VIEW
            text = f"{last} {_object_of(operation.summary)}"
            yield from ((s, _SUMMARY) for s in map(stem, words(text)) if s in self.names)
        else:
            stems = {stem(word) for value in _parameter_values(operation) for word in words(value)}
            yield from ((value, _VIEW) for value in stems if value in self.names)
        for name in self._index.responses[operation.key].objects:
            for resource in _with_broader(stem((words(name) or [""])[-1])):
                if resource in self.names:
                    yield resource, _FIELD


def required_ids(path: str) -> tuple[RequiredId, ...]:
    """The ids that a path needs, outermost first."""
    ids: list[RequiredId] = []
    for match in _PARAMETER.finditer(path):
        prefix = path[: match.start()].rstrip("/")
        of_parameter = [word for word in words(match.group(1)) if word not in _ID_WORDS]
        of_path = words(prefix.rpartition("/")[2]) if not prefix.endswith("}") else []
        resource = stem((of_path or of_parameter or [""])[-1])
        if resource:
            ids.append(RequiredId(match.group(1), resource, prefix))
    return tuple(ids)


def _input_ids(operation: ApiOperation, resources: frozenset[str]) -> Iterator[RequiredId]:
    """The ids that a writing operation needs outside its path. A plain "ids" belongs to the last
    segment of the path, any other name says whose id it is."""
    if operation.method == "GET":
        return
    last = (static_segments(operation.path) or [""])[-1]
    of_path = stem((words(last) or [""])[-1])
    required = [p.name for p in operation.parameters if p.required and p.where != "path"]
    for media in operation.body.media.values() if operation.body else ():
        required += sorted(media.schema.required) if media.schema else []
    plain = [p.name for p in operation.parameters if p.name.lower() in _PLAIN_IDS]
    for name in dict.fromkeys([*plain, *required]):
        of_name = [word for word in words(name) if word not in _ID_WORDS]
        resource = of_path if name.lower() in _PLAIN_IDS else stem((of_name or [""])[-1])
        if resource in resources:
            yield RequiredId(name, resource, "")


def _parameter_values(operation: ApiOperation) -> list[str]:
    """The values that its parameters may take."""
    return [
        str(value)
        for parameter in operation.parameters
        for value in (*parameter.schema.enum, *_item_values(parameter.schema))
    ]


def _item_values(schema: Schema) -> tuple[object, ...]:
    return schema.items.enum if schema.items else ()


def _with_broader(word: str) -> tuple[str, ...]:
    """The stem and what it is a kind of."""
    kind = lexicon().broader.get(word)
    return (word, kind) if kind else (word,)


def _object_of(summary: str) -> str:
    """The object of a summary without its owner or purpose: "albums" of "Get the user's albums by
    year"."""
    return _PREPOSITION.split(_OWNER.sub(" ", summary), maxsplit=1)[0]


def _needs_it_too(required: RequiredId, operation: ApiOperation) -> bool:
    """Whether the operation itself needs the very id."""
    return f"{required.prefix}/{{{required.parameter}}}" in operation.path
