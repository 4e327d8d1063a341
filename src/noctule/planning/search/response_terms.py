"""The vocabulary of an operation's response: field names, categories, the objects in it.

An operation named "credits" mentions directors and actors only there. The values that one example
has for "crew.job" are possible wherever a response has that field.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.json_types import is_list, is_object
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
class ResponseTerms:
    words: set[str] = field(default_factory=set[str])
    """Names of fields and the values of enumerations."""
    categories: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """Path of a field that names a category -> its values in examples: "crew.job"."""
    objects: set[str] = field(default_factory=set[str])
    """Names of the objects in it that have an id of their own, and of the fields that are ids."""


def response_terms(operation: ApiOperation) -> ResponseTerms:
    """The terms of the response's schema and examples; bounded, for documents of any size."""
    terms = ResponseTerms()
    if operation.success is not None:
        for media in operation.success.media.values():
            if media.schema is not None:
                _add_schema(media.schema, _DEPTH, terms)
            for example in media.examples:
                _add_example(example, terms)
    return terms


def _add_schema(schema: Schema, depth: int, terms: ResponseTerms) -> None:
    item = schema.items if schema.type == "array" and schema.items else schema
    terms.words.update(value for value in item.enum if isinstance(value, str))
    if depth == 0 or len(terms.words) > _MAX_NODES:
        return
    for name, inner in item.properties.items():
        _add_name(name, terms)
        content = inner.items if inner.type == "array" and inner.items else inner
        if depth > 1 and content.type == "object" and "id" in content.properties:
            terms.objects.add(name)
        _add_schema(inner, depth - 1, terms)


def _add_example(example: object, terms: ResponseTerms) -> None:
    """Add the first nodes of a JSON value."""
    queue: list[tuple[str, str, Any]] = [("", "", example)]
    for parent, name, node in queue:
        if len(queue) > _MAX_NODES:
            return
        if is_list(node):
            queue.extend((parent, name, inner) for inner in node)
        elif is_object(node):
            if name and "id" in node:
                terms.objects.add(name)
            for key in node:
                _add_name(key, terms)
            queue.extend((name, key, inner) for key, inner in node.items())
        elif isinstance(node, str) and _is_category(name):
            values = terms.categories.setdefault(f"{parent}.{name}", set())
            values.update([node] if len(node) <= _LONGEST_VALUE else [])


def _add_name(name: str, terms: ResponseTerms) -> None:
    terms.words.add(name)
    *before, last = words(name) or [""]
    if before and last in _IDS:
        terms.objects.add(before[-1])


def _is_category(name: str) -> bool:
    return bool(words(name)) and words(name)[-1] in _CATEGORIES


def pool_category_values(responses: Iterable[ResponseTerms]) -> dict[str, set[str]]:
    """All values that the responses have for each field that names a category."""
    pool: dict[str, set[str]] = {}
    for terms in responses:
        for name, values in terms.categories.items():
            pool.setdefault(name, set()).update(values)
    return pool
