"""Typed responses, which never crash because the API document is wrong.

A model describes what the document promises. A response that fits it is decoded in one step by
msgspec. Any other is decoded member by member (`noctule.runtime.decoding.lenient`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

import msgspec
from msgspec import field

from noctule.runtime.decoding.lenient import Violation, decode_leniently
from noctule.runtime.decoding.short_repr import short_repr
from noctule.runtime.encoding.values import NULL, Null
from noctule.runtime.errors import InvalidResponse
from noctule.runtime.fork import ForkSafeLock

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JSON", "NULL", "Model", "Null", "Violation", "decode", "field"]

JSON = Any
"""Plain JSON values: dict, list, str, int, float, bool or None."""

BOM = b"\xef\xbb\xbf"

_DECODERS: dict[Any, Callable[[bytes], Any]] = {}

T = TypeVar("T")


class _ModelType(msgspec.StructMeta):
    # msgspec applies kw_only to the class that sets it, but not to its subclasses.
    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(msgspec.Struct, metaclass=_ModelType, frozen=True):
    """A typed JSON object: keyword arguments only, frozen, unknown members ignored.

    Enums that may grow are `Literal["a", "b"] | str`. A member whose wire name is not a Python name
    is `kind: str = field(name="type")`.
    """

    def __repr__(self) -> str:
        """Short, and without credentials and card numbers, since reprs end up in logs."""
        return short_repr(self)


@overload
def decode(kind: type[T], data: bytes) -> tuple[T, tuple[Violation, ...]]: ...


@overload
def decode(kind: object, data: bytes) -> tuple[Any, tuple[Violation, ...]]: ...


def decode(kind: Any, data: bytes) -> tuple[Any, tuple[Violation, ...]]:
    """Decode JSON `data` as `kind`: a Model, `list[Model]`, `JSON` or any type msgspec knows.

    Raises `InvalidResponse` when it is not JSON, and nothing else, whatever its shape.
    """
    decoder = _DECODERS.get(kind) or _decoder(kind)
    try:
        return decoder(data), ()
    except msgspec.ValidationError:
        plain, exact = _plain(data)
        value, violations = decode_leniently(plain, kind)
        out_of_range = () if exact else (Violation("", "JSON", "a number beyond a double"),)
        return value, violations + out_of_range
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # RFC 8259, 8.1 forbids a byte order mark, and lets parsers ignore it.
        if data.startswith(BOM) and not data.startswith(BOM + BOM):
            return decode(kind, data.removeprefix(BOM))
        raise _not_json(error) from None


_TYPES = ForkSafeLock()
"""msgspec 0.22 crashes the process if two threads inspect a type for the first time at once."""


def _decoder(kind: Any) -> Callable[[bytes], Any]:
    """Created once for each type in the program."""
    with _TYPES:
        return _DECODERS.setdefault(kind, msgspec.json.Decoder(kind).decode)


def _plain(data: bytes) -> tuple[Any, bool]:
    """JSON values, and whether they are exact: the standard library reads 1e999 as infinite."""
    try:
        return msgspec.json.decode(data), True
    except msgspec.ValidationError:
        import json

        try:
            return json.loads(data, parse_constant=_no_constant), False
        except (ValueError, RecursionError) as error:
            raise _not_json(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _not_json(error) from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _not_json(error: Exception) -> InvalidResponse:
    """Gives the position, and shows nothing of the content."""
    if isinstance(error, UnicodeDecodeError):
        return InvalidResponse(f"not JSON: no UTF-8 at byte {error.start}")
    nested = isinstance(error, RecursionError)
    return InvalidResponse("JSON nested too deeply" if nested else f"not JSON: {error}")
