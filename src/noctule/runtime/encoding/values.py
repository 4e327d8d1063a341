"""One Python value as it is sent, or a clear error; never a `repr`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from os import PathLike
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
"""An explicit null: `null` in JSON, an empty value in a form or a query. (An argument that is None
is not sent.)"""

Container = msgspec.Struct | Mapping[object, object] | Sequence[object]


def text(value: object, where: str) -> str:
    """`value` in a path, a query, a form or a header: `true`, `12.50`, `2026-11-24T03:00:00Z`.

    Dates and times are written as in RFC 3339. Raises `InvalidArgument` for a value without an
    obvious spelling: a datetime without zone, NaN, bytes, a secret, any other object. `where`
    names the value in that error.
    """
    if type(value) is str:
        return value
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
            return _datetime(value, where)
        case date() | time():
            return value.isoformat()
        case UUID():
            return str(value)
        case _:
            raise _unsupported(value, where)


def tree(value: object, where: str, *, nulls: bool = True) -> Any:
    """`value` for the JSON encoder: None and NULL are null, also inside lists and mappings.

    Left out are members of a Model that are None and, without `nulls`, those of the mapping `value`
    itself. A Decimal becomes a JSON number with exactly its digits.
    """
    if value is None or type(value) in (str, int, bool):
        return value
    if is_container(value):
        contents = members(value, where, nulls=nulls)
        if isinstance(contents, list):
            return [tree(item, f"{where}[{index}]") for index, item in enumerate(contents)]
        return {key: tree(item, f"{where}.{key}") for key, item in contents.items()}
    if isinstance(value, Enum):
        return None if value is NULL else tree(value.value, where)
    if isinstance(value, int | float | Decimal):
        return msgspec.Raw(_digits(value, where).encode())
    return text(value, where)


def as_json(value: object, where: str, *, nulls: bool = True) -> bytes:
    """`value` as JSON (RFC 8259), by the rules of `tree`."""
    try:
        return msgspec.json.encode(tree(value, where, nulls=nulls))
    except UnicodeEncodeError:
        # `from None`: the codec's exception holds the whole text.
        raise InvalidArgument(f"{where}: a text that is not valid Unicode") from None


def is_container(value: object) -> TypeGuard[Container]:
    return isinstance(value, msgspec.Struct | Mapping | Sequence) and not isinstance(
        value, str | bytes | bytearray | memoryview
    )


def members(
    value: Container, where: str, *, nulls: bool = False
) -> dict[str, object] | list[object]:
    """The items of a list; the members of a mapping or a Model that are sent, by wire name: with
    `nulls` also those of a mapping that are None."""
    if isinstance(value, msgspec.Struct):
        all_members = _struct(value)
    elif isinstance(value, Mapping):
        all_members = {text(key, f"a key of {where}"): item for key, item in value.items()}
        if nulls:
            return all_members
    else:
        return list(value)
    return {key: item for key, item in all_members.items() if item is not None}


def _struct(value: msgspec.Struct) -> dict[str, object]:
    config = value.__struct_config__
    tag: dict[str, object] = {config.tag_field: config.tag} if config.tag_field else {}
    pairs = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
    # A member of a response that does not fit its type is not sent.
    all_members = {wire: getattr(value, name, msgspec.UNSET) for wire, name in pairs}
    sent = tag | {wire: item for wire, item in all_members.items() if item is not msgspec.UNSET}
    # What was kept of a response goes back with it.
    kept: dict[str, object] = getattr(value, "__dict__", {}).get("extra", {})
    return sent | {name: NULL if item is None else item for name, item in kept.items()}


def utf8(value: str, where: str) -> bytes:
    """`value` in UTF-8. Raises `InvalidArgument` for half a surrogate pair."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise InvalidArgument(f"{where}: a text that is not valid Unicode") from None


def _digits(value: float | Decimal, where: str) -> str:
    """Without an exponent: readers of forms may take `1e+16` for a text."""
    if isinstance(value, int):
        return int.__repr__(value)
    if not math.isfinite(value):
        raise InvalidArgument(f"{where}: not a finite number")
    decimal = value if isinstance(value, Decimal) else Decimal(float.__repr__(value))
    if not -400 < decimal.adjusted() < 400:
        raise InvalidArgument(f"{where}: a number of more than 400 digits")
    return format(decimal, "f")


def _datetime(value: datetime, where: str) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise InvalidArgument(f"{where}: a datetime without a time zone; add one, such as UTC")
    encoded = value.isoformat()
    return encoded.removesuffix("+00:00") + "Z" if offset == timedelta(0) else encoded


_ADVICE = {
    "NoneType": "None is not sent; use NULL for an explicit null",
    "Secret": "call .reveal() to send it",
    "bytes": "decode it, or send it as a File in a multipart body",
    "set": "it has no order; use a list",
    "frozenset": "it has no order; use a list",
    "timedelta": "give a number in the unit of the provider, such as .total_seconds()",
}
_FILES = 'files need an operation declared with body="multipart"; one whole file, body="bytes"'


def _unsupported(value: object, where: str) -> InvalidArgument:
    kind = type(value).__name__
    is_file = isinstance(value, PathLike) or hasattr(value, "read") or kind == "File"
    advice = _FILES if is_file else _ADVICE.get(kind, "")
    return InvalidArgument(f"{where}: a {kind} cannot be sent{advice and f': {advice}'}")
