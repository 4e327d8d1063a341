"""A model that a response does not fit: each member has its type, or raises when it is read.

Such an object is of a subclass of its model, made here, so that all others pay nothing for it. The
members that do not fit have no value, which is why reading one ends in `__getattr__`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from noctule.runtime.errors import InvalidMember

if TYPE_CHECKING:
    from collections.abc import Mapping

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit its type, or is missing. Its repr shows no value."""

    expected: str
    found: str
    received: Any = None

    def __repr__(self) -> str:
        return f"<{self.found}>"


Misfits = dict[str, Misfit]


def incomplete(model: Any, members: Mapping[str, Any], misfits: Misfits) -> Any:
    """An instance of `model` whose `misfits`, by name, have no value; it has no other members than
    these and `members`. A `__post_init__` of the model is not called."""
    kind = _incomplete_kind(model)
    value = kind(**members, **dict.fromkeys(misfits))
    for name in misfits:
        getattr(kind, name).__delete__(value)
    value.__dict__["misfits"] = misfits
    return value


def misfits_of(value: Any) -> Misfits:
    """The members of a model that do not fit, by name."""
    return value.__dict__["misfits"] if hasattr(value.__class__, "__incomplete__") else {}


def _getattr(self: Any, name: str) -> Any:
    misfit = misfits_of(self).get(name)
    if misfit is None:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
    error = InvalidMember(
        f"{type(self).__name__}.{name}: expected {misfit.expected}, got {misfit.found}"
    )
    error.found = misfit.found
    raise error


def _members(value: Any) -> dict[str, Any]:
    misfits = misfits_of(value)
    return {name: getattr(value, name) for name in value.__struct_fields__ if name not in misfits}


def _eq(self: Any, other: object) -> bool:
    if type(other) is not type(self):
        return False
    return (_members(self), misfits_of(self)) == (_members(other), misfits_of(other))


def _hash(self: Any) -> int:
    return hash((self.__class__, *_members(self).values()))


def _reduce(self: Any) -> tuple[Any, ...]:
    return incomplete, (type(self).__mro__[1], _members(self), misfits_of(self))


def _no_check(_: object) -> None:
    """A check of the model would read members that have no value."""


def _copy(self: Any) -> Any:
    return self


@lru_cache(maxsize=4096)
def _incomplete_kind(model: Any) -> Any:
    methods = {
        "__getattr__": _getattr,
        "__eq__": _eq,
        "__hash__": _hash,
        "__reduce__": _reduce,
        "__copy__": _copy,
        "__post_init__": _no_check,
        "__incomplete__": True,
        "__module__": model.__module__,
        "__qualname__": model.__qualname__,
    }
    return type(model)(model.__name__, (model,), methods, dict=True)
