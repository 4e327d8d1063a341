"""The vocabulary of what an operation answers: field names, and the short words its examples hold.

An operation named "credits" speaks of directors and actors nowhere but there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noctule.apidoc import Operation, Schema

_DEPTH = 2
_MAX_NODES = 2000
_SHORT_VALUE = re.compile(r"[A-Za-z]{3,20}( [A-Za-z]{3,20})?")


def answered(operation: Operation) -> frozenset[str]:
    """Names and values in the answer's schema and examples; bounded, for documents of any size."""
    if operation.success is None:
        return frozenset()
    found: set[str] = set()
    for media in operation.success.media.values():
        if media.schema is not None:
            _fields(media.schema, _DEPTH, found)
        for example in media.examples:
            found.update(_values(example))
    return frozenset(found)


def _fields(schema: Schema, depth: int, found: set[str]) -> None:
    item = schema.items if schema.type == "array" and schema.items else schema
    found.update(value for value in item.enum if isinstance(value, str))
    if depth == 0 or len(found) > _MAX_NODES:
        return
    for name, inner in item.properties.items():
        found.add(name)
        _fields(inner, depth - 1, found)


def _values(example: object) -> Iterator[str]:
    """Strings of one or two words in the first nodes of a JSON value."""
    queue: list[Any] = [example]
    for node in queue:
        if isinstance(node, str):
            if _SHORT_VALUE.fullmatch(node):
                yield node
        elif isinstance(node, dict | list) and len(queue) < _MAX_NODES:
            inner = cast("Iterable[Any]", node.values() if isinstance(node, dict) else node)
            queue.extend(inner)
