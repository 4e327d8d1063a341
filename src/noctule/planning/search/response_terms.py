"""The vocabulary of what an operation answers: field names, categories, the things it holds.

An operation named "credits" speaks of directors and actors nowhere but there. The values that one
example has for "crew.job" are possible wherever an answer has that field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiOperation, Schema

_DEPTH = 2
_MAX_NODES = 2000
_LONGEST_VALUE = 40
_CATEGORIES = frozenset({"type", "kind", "status", "state", "category", "role", "job", "mode",
                         "department", "genre", "position", "format", "level"})  # fmt: skip
_IDS = frozenset({"id", "ids", "uuid", "sid", "gid"})


@dataclass
class Answer:
    words: set[str] = field(default_factory=set[str])
    """Names of fields and the values of enumerations."""
    kinds: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Path of a field that says of what kind a thing is -> values in examples: "crew.job"."""
    things: set[str] = field(default_factory=set[str])
    """Names of the objects in it that have an id of their own, and of the fields that are ids."""


def answered(operation: ApiOperation) -> Answer:
    """What the answer's schema and examples speak of; bounded, for documents of any size."""
    found = Answer()
    if operation.success is not None:
        for media in operation.success.media.values():
            if media.schema is not None:
                _fields(media.schema, _DEPTH, found)
            for example in media.examples:
                _values(example, found)
    return found


def _fields(schema: Schema, depth: int, found: Answer) -> None:
    item = schema.items if schema.type == "array" and schema.items else schema
    found.words.update(value for value in item.enum if isinstance(value, str))
    if depth == 0 or len(found.words) > _MAX_NODES:
        return
    for name, inner in item.properties.items():
        _named(name, found)
        holds = inner.items if inner.type == "array" and inner.items else inner
        if depth > 1 and holds.type == "object" and "id" in holds.properties:
            found.things.add(name)
        _fields(inner, depth - 1, found)


def _values(example: object, found: Answer) -> None:
    """The same of the first nodes of a JSON value."""
    queue: list[tuple[str, str, Any]] = [("", "", example)]
    for parent, name, node in queue:
        if len(queue) > _MAX_NODES:
            return
        if isinstance(node, list):
            queue.extend((parent, name, inner) for inner in cast("Iterable[Any]", node))
        elif isinstance(node, dict):
            inside = cast("dict[str, Any]", node)
            if name and "id" in inside:
                found.things.add(name)
            for key in inside:
                _named(key, found)
            queue.extend((name, key, inner) for key, inner in inside.items())
        elif isinstance(node, str) and _says_kind(name):
            values = found.kinds.setdefault(f"{parent}.{name}", set())
            values.update([node] if len(node) <= _LONGEST_VALUE else [])


def _named(name: str, found: Answer) -> None:
    found.words.add(name)
    *before, last = words(name) or [""]
    if before and last in _IDS:
        found.things.add(before[-1])


def _says_kind(name: str) -> bool:
    return bool(words(name)) and words(name)[-1] in _CATEGORIES


def pooled(answers: Iterable[Answer]) -> dict[str, set[str]]:
    """All values that the answers have for each field that says of what kind a thing is."""
    pool: dict[str, set[str]] = {}
    for answer in answers:
        for name, values in answer.kinds.items():
            pool.setdefault(name, set()).update(values)
    return pool
