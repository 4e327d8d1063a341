"""From the path of a request to the operation of the document, the most literal template first."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from noctule.sandbox.request import PATH_PARAMETER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation


@dataclass(frozen=True, slots=True)
class RouteMatch:
    operation: ApiOperation
    path: dict[str, str]
    """Values of the path parameters, percent-decoded."""


@dataclass(slots=True)
class _PathSegment:
    literals: dict[str, _PathSegment] = field(default_factory=dict[str, "_PathSegment"])
    mixed: list[tuple[re.Pattern[str], _PathSegment]] = field(
        default_factory=list[tuple[re.Pattern[str], "_PathSegment"]]
    )
    """Segments such as `{sid}.json`, the one with the most literal text first."""
    any: _PathSegment | None = None
    operations: dict[str, ApiOperation] = field(default_factory=dict[str, "ApiOperation"])


class Router:
    """A tree of path segments; a literal beats a mixed segment, which beats a parameter."""

    def __init__(self, document: ApiDocument) -> None:
        self._root = _PathSegment()
        self._open: list[tuple[re.Pattern[str], ApiOperation]] = []
        """Operations with a parameter that may hold slashes."""
        self._methods = sorted({operation.method for operation in document.operations.values()})
        for operation in document.operations.values():
            self._node(operation).operations.setdefault(operation.method, operation)
            reserved = {p.name for p in operation.parameters if p.where == "path" and p.reserved}
            if reserved:
                self._open.append((_across(operation.path, reserved), operation))

    def match(self, method: str, path: str, prefixes: Iterable[str] = ("",)) -> RouteMatch | None:
        """The operation that `method` and `path` (as sent, no query) name, or None. `prefixes` are
        what may come before its path, the likeliest first."""
        for prefix in prefixes:
            match = self._match(method, path.removeprefix(prefix).strip("/").split("/"))
            if match is not None:
                return match
        return None

    def methods(self, path: str, prefixes: Iterable[str] = ("",)) -> list[str]:
        """The methods that the document has at this path."""
        prefixes = list(prefixes)
        return [each for each in self._methods if self.match(each, path, prefixes)]

    def _match(self, method: str, segments: list[str]) -> RouteMatch | None:
        for node, values in _walk(self._root, segments, 0, ()):
            if method in node.operations:
                return _found(node.operations[method], values)
        for pattern, operation in self._open:
            match = pattern.fullmatch("/".join(segments))
            if match and operation.method == method:
                return _found(operation, match.groups())
        return None

    def prefer(self, operation: ApiOperation) -> None:
        """Prefer `operation` where several have its method and path, because only a fragment tells
        them apart in the document ("/files/{id}#add_shared_link")."""
        self._node(operation).operations[operation.method] = operation

    def _node(self, operation: ApiOperation) -> _PathSegment:
        node = self._root
        for segment in operation.path.partition("#")[0].partition("?")[0].strip("/").split("/"):
            node = _child(node, segment)
        return node


def _found(operation: ApiOperation, values: Iterable[str]) -> RouteMatch:
    names = PATH_PARAMETER.findall(operation.path.partition("?")[0])
    return RouteMatch(operation, dict(zip(names, map(unquote, values), strict=True)))


def _child(node: _PathSegment, segment: str) -> _PathSegment:
    if not PATH_PARAMETER.search(segment):
        return node.literals.setdefault(_written(segment), _PathSegment())
    if PATH_PARAMETER.fullmatch(segment):
        node.any = node.any or _PathSegment()
        return node.any
    literals = PATH_PARAMETER.split(segment)[::2]
    pattern = re.compile("(.+)".join(re.escape(_written(text)) for text in literals))
    for other, child in node.mixed:
        if other.pattern == pattern.pattern:
            return child
    child = _PathSegment()
    node.mixed.append((pattern, child))
    node.mixed.sort(key=lambda entry: -len(entry[0].pattern))
    return child


def _written(literal: str) -> str:
    """Text of a path as it is sent: what no URL may hold is percent-encoded."""
    return quote(literal, safe=string.punctuation)


def _across(path: str, reserved: set[str]) -> re.Pattern[str]:
    """The path, in which the `reserved` parameters may hold slashes."""
    parts = PATH_PARAMETER.split(path.partition("#")[0].partition("?")[0].strip("/"))
    pieces = [
        re.escape(_written(part)) if index % 2 == 0 else "(.+)" if part in reserved else "([^/]+)"
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(pieces))


def _walk(
    node: _PathSegment, segments: list[str], index: int, values: tuple[str, ...]
) -> Iterable[tuple[_PathSegment, tuple[str, ...]]]:
    if index == len(segments):
        if node.operations:
            yield node, values
        return
    segment = segments[index]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _walk(literal, segments, index + 1, values)
    for pattern, child in node.mixed:
        match = pattern.fullmatch(segment)
        if match:
            yield from _walk(child, segments, index + 1, values + match.groups())
    if node.any is not None and segment:
        yield from _walk(node.any, segments, index + 1, (*values, segment))
