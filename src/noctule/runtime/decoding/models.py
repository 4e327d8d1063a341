"""Typed responses, which never crash because the API document is wrong.

A model describes what the document promises. A response that fits it is decoded in one step by
msgspec. Any other is decoded member by member (`noctule.runtime.decoding.lenient`). Members beyond
the model and unions with a discriminator are for `noctule.runtime.decoding.beyond`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, dataclass_transform, overload

import msgspec
from msgspec import field

from noctule.runtime.decoding import kinds
from noctule.runtime.decoding.kinds import Variants
from noctule.runtime.decoding.lenient import Violation, decode_leniently
from noctule.runtime.decoding.short_repr import short_repr
from noctule.runtime.encoding.values import NULL, Null
from noctule.runtime.errors import ConfigurationError, InvalidResponse
from noctule.runtime.fork import ForkSafeLock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "JSON", "NULL", "Model", "Null", "OpenModel", "Variants", "Violation", "decode", "field",
]  # fmt: skip

JSON = Any
"""Plain JSON values: dict, list, str, int, float, bool or None."""

BOM = b"\xef\xbb\xbf"

_DECODERS: dict[Any, Callable[[bytes], Any]] = {}
_KEEPING: dict[Any, Callable[[bytes], Any]] = {}
"""The same, for calls that keep what the models do not name."""
_DECIMALS = msgspec.json.Decoder(float_hook=Decimal)

T = TypeVar("T")


class _ModelType(msgspec.StructMeta):
    # msgspec applies kw_only to the class that sets it, but not to its subclasses.
    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(mcls, name, bases, namespace, **config)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
class Model(msgspec.Struct, metaclass=_ModelType, frozen=True, dict=True):
    """A typed JSON object: keyword arguments only, frozen.

    Enums that may grow are `Literal["a", "b"] | str`. A member whose wire name is not a Python name
    is `kind: str = field(name="type")`.
    """

    __open__: ClassVar[bool] = False

    @property
    def extra(self) -> Mapping[str, JSON]:
        """The members of the response that the model does not name, as they were received. They
        are kept where the call or the service asks: `CallOptions(keep_extra=True)`."""
        kept: Mapping[str, JSON] | None = self.__dict__.get("extra")
        if kept is None:
            raise ConfigurationError(
                f"{type(self).__name__}.extra: only a call with"
                " options=CallOptions(keep_extra=True) keeps what the model does not name"
            )
        return kept

    def __copy__(self) -> Self:
        return self

    def __reduce__(self) -> Any:
        reduced = super().__reduce__()
        return (*reduced, self.__dict__) if self.__dict__ else reduced

    def __repr__(self) -> str:
        """Short, and without credentials and card numbers, since reprs end up in logs."""
        return short_repr(self)


class OpenModel(Model, frozen=True):
    """A model whose object may have more members than it names: they are always kept in `extra`."""

    __open__: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        kinds.extend()

    @property
    def extra(self) -> Mapping[str, JSON]:
        """The members of the response that the model does not name, as they were received."""
        kept: Mapping[str, JSON] = self.__dict__.get("extra", {})
        return kept


@overload
def decode(
    kind: type[T], data: bytes, *, keep_extra: bool = False
) -> tuple[T, tuple[Violation, ...]]: ...


@overload
def decode(
    kind: object, data: bytes, *, keep_extra: bool = False
) -> tuple[Any, tuple[Violation, ...]]: ...


def decode(
    kind: Any, data: bytes, *, keep_extra: bool = False
) -> tuple[Any, tuple[Violation, ...]]:
    """Decode JSON `data` as `kind`: a Model, `list[Model]`, `JSON` or any type msgspec knows. With
    `keep_extra`, each model has what it does not name in `extra`.

    Raises `InvalidResponse` when it is not JSON, and nothing else, whatever its shape.
    """
    try:
        if keep_extra:
            return (_KEEPING.get(kind) or _decoder(kind, keep_extra=True))(data), ()
        return (_DECODERS.get(kind) or _decoder(kind))(data), ()
    except msgspec.ValidationError:
        plain, exact = _plain(data, kind)
        value, violations = decode_leniently(plain, kind, keep_extra=keep_extra)
        out_of_range = () if exact else (Violation("", "JSON", "a number beyond a double"),)
        return value, violations + out_of_range
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # RFC 8259, 8.1 forbids a byte order mark, and lets parsers ignore it.
        if data.startswith(BOM) and not data.startswith(BOM + BOM):
            return decode(kind, data.removeprefix(BOM), keep_extra=keep_extra)
        raise _not_json(error) from None


_TYPES = ForkSafeLock()
"""msgspec 0.22 crashes the process if two threads inspect a type for the first time at once."""


def _decoder(kind: Any, *, keep_extra: bool = False) -> Callable[[bytes], Any]:
    """Created once for each type in the program."""
    with _TYPES:
        decoder: Callable[[bytes], Any] = msgspec.json.Decoder(kind).decode
        if keep_extra or kinds.is_extended(kind):
            from noctule.runtime.decoding.beyond import beyond

            decoder = beyond(kind, decoder, keep_extra=keep_extra)
        return (_KEEPING if keep_extra else _DECODERS).setdefault(kind, decoder)


def _plain(data: bytes, kind: Any) -> tuple[Any, bool]:
    """JSON values, and whether they are exact: the standard library reads 1e999 as infinite."""
    try:
        if kinds.has_decimals(kind):
            return _DECIMALS.decode(data), True
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
