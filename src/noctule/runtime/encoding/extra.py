"""Members of a request beside those that a method names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from noctule.runtime.encoding.values import is_container, members
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from noctule.runtime.encoding.values import Container


def with_extra(values: Container | None, extra: object, where: str = "extra") -> Container | None:
    """`values` with the members in `extra`.

    Raises `InvalidArgument` for a member that `values` has already, and where they are a list.
    """
    if extra is None:
        return values
    if not isinstance(extra, Mapping):
        raise InvalidArgument(f"{where}: give names and their values")
    more = cast("Mapping[str, object]", extra)
    named = {} if values is None else members(values, where) if is_container(values) else None
    if not isinstance(named, dict):
        raise InvalidArgument(f"{where}: only an object or a form takes further members")
    for name in more:
        if name in named:
            raise InvalidArgument(f"{where}: {name!r} has a value already")
    # Nulls are left out later, or not, as the operation says.
    whole: Mapping[Any, object] = values if isinstance(values, Mapping) else named
    return {**whole, **more}
