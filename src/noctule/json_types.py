"""JSON values: type guards, values at a dotted path, equality."""

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


def get_path(value: Any, path: str) -> Any:
    """The value at a path such as `data.items.0.id`: dots between keys, digits for list indexes.

    None if there is no such value; the empty path is the whole value.
    """
    if path and "." not in path and is_object(value):
        return value.get(path)
    for key in path.split(".") if path else ():
        if is_object(value):
            value = value.get(key)
        elif is_list(value) and key.isdecimal():
            index = int(key) if len(key) < 6 else len(value)
            value = value[index] if index < len(value) else None
        else:
            return None
    return value


def get_all(value: Any, path: str) -> list[Any]:
    """Every value at a path of `get_path` in which `*` is each element of a list."""
    before, star, after = path.partition("*")
    found = get_path(value, before.rstrip("."))
    if not star:
        return [] if found is None else [found]
    return [inner for each in as_list(found) for inner in get_all(each, after.lstrip("."))]


def set_path(target: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, creating objects on the way; the empty path does nothing."""
    *parents, last = path.split(".")
    for key in parents:
        child = target.get(key)
        target[key] = child = child if is_object(child) else {}
        target = child
    if last:
        target[last] = value


def scalar_text(value: Any) -> str | None:
    """A string, integer or boolean as JSON writes it, without quotes; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else None
