"""One Python value as it goes over the wire, or a clear refusal; never a `repr`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeGuard
from uuid import UUID

import msgspec

from noctule.runtime.errors import InvalidArgument


class Null(Enum):
    """The type of `NULL`."""

    NULL = None

    def __repr__(self) -> str:
        return "NULL"

    def __bool__(self) -> bool:
        return False


NULL: Final = Null.NULL
"""An explicit null: `null` in JSON, an empty value in a form or a query. None is not sent."""

Container = msgspec.Struct | Mapping[object, object] | Sequence[object]


def text(value: object, where: str) -> str:
    """`value` in a path, a query, a form or a header: `true`, `12.50`, `2026-11-24T03:00:00Z`.

    Dates and times are written as in RFC 3339. Raises `InvalidArgument` where a spelling would
    be a guess: a datetime without zone, NaN, bytes, a secret, any other object. `where` names
    the value in that error.
    """
    if isinstance(value, Enum):
        return "" if value is NULL else text(value.value, where)
    match value:
        case str():
            return str(value)
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float() | Decimal():
            return _digits(value, where)
        case datetime():
            return _moment(value, where)
        case date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            raise _refusal(value, where)


def tree(value: object, where: str) -> Any:
    """`value` for the JSON encoder: members that are None are left out, NULL becomes null.

    A None inside a list stays a null, since leaving it out would move what follows. A Decimal
    becomes a JSON number with exactly its digits.
    """
    if value is None or type(value) in (str, int, bool):
        return value
    if is_container(value):
        found = members(value, where)
        if isinstance(found, list):
            return [tree(item, f"{where}[{at}]") for at, item in enumerate(found)]
        return {key: tree(item, f"{where}.{key}") for key, item in found.items()}
    if isinstance(value, Enum):
        return None if value is NULL else tree(value.value, where)
    if isinstance(value, int | float | Decimal):
        return msgspec.Raw(_digits(value, where).encode())
    return text(value, where)


def as_json(value: object, where: str) -> bytes:
    """`value` as JSON (RFC 8259), by the rules of `tree`."""
    try:
        return msgspec.json.encode(tree(value, where))
    except UnicodeEncodeError:
        # `from None`: the codec's exception carries the whole text.
        raise InvalidArgument(f"{where}: a text that is not valid Unicode") from None


def is_container(value: object) -> TypeGuard[Container]:
    return isinstance(value, msgspec.Struct | Mapping | Sequence) and not isinstance(
        value, str | bytes | bytearray | memoryview
    )


def members(value: Container, where: str) -> dict[str, object] | list[object]:
    """The items of a list; the members of a mapping or a Model that are sent, by wire name."""
    if isinstance(value, msgspec.Struct):
        every = _struct(value)
    elif isinstance(value, Mapping):
        every = {text(key, f"a key of {where}"): item for key, item in value.items()}
    else:
        return list(value)
    return {key: item for key, item in every.items() if item is not None}


def _struct(value: msgspec.Struct) -> dict[str, object]:
    config = value.__struct_config__
    tag: dict[str, object] = {config.tag_field: config.tag} if config.tag_field else {}
    named = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    every = {wire: getattr(value, name) for wire, name in named}
    return tag | {wire: item for wire, item in every.items() if item is not msgspec.UNSET}


def utf8(value: str, where: str) -> bytes:
    """`value` in UTF-8. Half a surrogate pair, as in a text cut by force, is refused."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{where}: a text that is not valid Unicode") from None


def _digits(value: float | Decimal, where: str) -> str:
    """Never an exponent: forms are read by code that takes `1e+16` for a text."""
    if isinstance(value, int):
        return int.__repr__(value)
    if not math.isfinite(value):
        raise InvalidArgument(f"{where}: not a finite number")
    exact = value if isinstance(value, Decimal) else Decimal(float.__repr__(value))
    if not -400 < exact.adjusted() < 400:
        raise InvalidArgument(f"{where}: a number of more than 400 digits")
    return format(exact, "f")


def _moment(value: datetime, where: str) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise InvalidArgument(f"{where}: a datetime without a time zone; say which, such as UTC")
    written = value.isoformat()
    return written.removesuffix("+00:00") + "Z" if offset == timedelta(0) else written


_HINTS = {
    "NoneType": "None stands for what is not sent, NULL for an explicit null",
    "Secret": "call .reveal() where it is meant to be sent",
    "bytes": "decode it, or send it as a File",
    "set": "it has no order; give a list",
    "frozenset": "it has no order; give a list",
    "timedelta": "say in which unit, such as .total_seconds()",
}


def _refusal(value: object, where: str) -> InvalidArgument:
    kind = type(value).__name__
    hint = f": {_HINTS[kind]}" if kind in _HINTS else ""
    return InvalidArgument(f"{where}: a {kind} has no spelling on the wire{hint}")
