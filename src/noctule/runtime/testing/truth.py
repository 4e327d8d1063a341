"""Whether a value is what its annotations say. It needs no other module, so that benchmarks can run
it among the classes of other generators."""

from __future__ import annotations

from functools import lru_cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    Union,
    cast,
    get_args,
    get_origin,
)
from typing import get_type_hints as hints_of_class

if TYPE_CHECKING:
    from collections.abc import Iterator


def untrue(value: Any, hint: Any = Any, at: str = "") -> Iterator[str]:
    """The places, as JSON pointers by Python names, where `value` is not what its annotation says.

    Inside an object the annotations of its class count. A member that raises AttributeError when it
    is read is no such place: nobody can take it for what it is not.
    """
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if not _is_of(value, hint):
        yield at
        return
    if get_origin(hint) in (Union, UnionType):
        choices = [choice for choice in get_args(hint) if _is_of(value, choice)]
        yield from min((list(untrue(value, choice, at)) for choice in choices), key=len)
        return
    arguments = get_args(hint)
    inner = arguments[-1] if arguments else Any
    if isinstance(value, list | tuple):
        for index, item in enumerate(cast("list[object]", value)):
            yield from untrue(item, inner, f"{at}/{index}")
    elif isinstance(value, dict):
        for name, item in cast("dict[object, object]", value).items():
            yield from untrue(item, inner, f"{at}/{name}")
    elif get_origin(hint) is not Literal:
        kind = cast("Any", type(value))
        for name, annotation in _annotations(kind).items():
            try:
                member = getattr(value, name)
            except AttributeError:
                continue
            yield from untrue(member, annotation, f"{at}/{name}")


def _is_of(value: Any, hint: Any) -> bool:
    """Whether the value has the outer type."""
    origin = get_origin(hint)
    if origin is Annotated or origin in (Union, UnionType):
        choices = get_args(hint)[:1] if origin is Annotated else get_args(hint)
        return any(_is_of(value, choice) for choice in choices)
    if origin is Literal:
        return value in get_args(hint)
    outer = NoneType if hint is None else origin or hint
    if outer is Any or not isinstance(outer, type):
        return True
    if isinstance(value, bool) and outer in (int, float):
        return False
    return isinstance(value, (int, float) if outer is float else outer)


@lru_cache(maxsize=4096)
def _annotations(kind: Any) -> dict[str, Any]:
    if kind.__module__ == "builtins":
        return {}
    try:
        hints = hints_of_class(kind)
    except Exception:  # a forward reference to what is imported for type checkers only
        return {}
    return {
        name: hint
        for name, hint in hints.items()
        if not name.startswith(("_", "model_")) and get_origin(hint) is not ClassVar
    }
