"""Names with brackets, as forms and deep objects have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable


class MixedName(Exception):
    """A name stands for a value and for an object."""


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`[("a[b][0]", "x")]` -> `{"a": {"b": ["x"]}}`; a repeated name makes a list. Raises
    MixedName."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = _keys(name)
        _put(root, first, rest, value)
    return {name: _listed(value) for name, value in root.items()}


def stem(name: str) -> str:
    """ "a[b][0]" -> "a"."""
    return _keys(name)[0]


def _keys(name: str) -> list[str]:
    first, bracket, rest = name.partition("[")
    if not first or not bracket or not rest.endswith("]"):
        return [name]
    return [first, *rest[:-1].split("][")]


def _put(node: dict[str, Any], key: str, rest: list[str], value: str) -> None:
    if rest:
        child = node.setdefault(key, {})
        if not is_object(child):
            raise MixedName(f"{key} is sent both as a value and as an object")
        # "[]" appends: each value under the next number.
        _put(child, rest[0] or str(len(child)), rest[1:], value)
    elif key not in node:
        node[key] = value
    elif is_object(node[key]):
        raise MixedName(f"{key} is sent both as a value and as an object")
    else:
        before = node[key]
        node[key] = [*before, value] if is_list(before) else [before, value]


def _listed(value: Any) -> Any:
    """Objects whose keys are 0, 1, 2 … as lists, all the way down."""
    if not is_object(value):
        return value
    node = {key: _listed(member) for key, member in value.items()}
    if list(node) == [str(index) for index in range(len(node))]:
        return list(node.values())
    return node
