"""Plain JSON values: what they are, and when two are the same."""

from __future__ import annotations

from typing import Any, TypeGuard


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def as_dict(value: object) -> dict[str, Any]:
    """The value where it is a mapping, else an empty one."""
    return value if is_object(value) else {}


def as_list(value: object) -> list[Any]:
    return value if is_list(value) else []


def as_text(value: object) -> str:
    return value if isinstance(value, str) else ""


def is_number(value: object) -> TypeGuard[int | float]:
    """A number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def json_type(value: object) -> str:
    """The JSON type of a Python value ("integer" before "number")."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    for kind, name in ((int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)
