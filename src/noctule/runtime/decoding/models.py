"""What a provider answers, typed; and never a crash because its document lied.

A model says what the document promises. An answer that keeps the promise is decoded in one
step by msgspec. One that does not is decoded member by member: what fits is typed, what does
not fit stays as it was received, what is missing is None, and each broken promise is a
`Violation`.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

import msgspec
from msgspec import field

from noctule.runtime.decoding.lenient import Violation, decode_leniently
from noctule.runtime.encoding.values import NULL, Null
from noctule.runtime.errors import InvalidResponse
from noctule.runtime.redaction import REDACTOR

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JSON", "NULL", "Model", "Null", "Violation", "decode", "field"]

JSON = Any
"""Plain JSON values: dict, list, str, int, float, bool or None."""

BOM = b"\xef\xbb\xbf"

_DECODERS: dict[Any, Callable[[bytes], Any]] = {}

T = TypeVar("T")


class _ModelType(msgspec.StructMeta):
    # msgspec applies kw_only to the class that says it, not to those derived from it.
    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(msgspec.Struct, metaclass=_ModelType, frozen=True):
    """A typed JSON object: keyword arguments only, frozen, unknown members ignored.

    Enums that may grow are `Literal["a", "b"] | str`. A member whose wire name is no Python name
    is `kind: str = field(name="type")`.
    """

    def __repr__(self) -> str:
        """Its members, without credentials and card numbers: reprs end up in logs."""
        return REDACTOR.text(super().__repr__())


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
        found, exact = _plain(data)
        value, violations = decode_leniently(found, kind)
        out_of_range = () if exact else (Violation("", "JSON", "a number beyond a double"),)
        return value, violations + out_of_range
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # A byte order mark is a fault (RFC 8259, 8.1) that a parser may forgive, once.
        if data.startswith(BOM) and not data.startswith(BOM + BOM):
            return decode(kind, data.removeprefix(BOM))
        raise _not_json(error) from None


_TYPES = Lock()
"""msgspec 0.22 crashes the process if two threads look into a type for the first time at once."""


def _decoder(kind: Any) -> Callable[[bytes], Any]:
    """Made once for each type in the program."""
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
    """Says where, and shows none of it."""
    if isinstance(error, UnicodeDecodeError):
        return InvalidResponse(f"not JSON: no UTF-8 at byte {error.start}")
    nested = isinstance(error, RecursionError)
    return InvalidResponse("JSON nested too deeply" if nested else f"not JSON: {error}")
