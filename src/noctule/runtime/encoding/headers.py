"""Header fields, checked so that a value cannot add a second field (RFC 9110, 5.1 and 5.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from noctule.runtime.encoding.values import is_container, members, text
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VISIBLE = re.compile(r"[\t\x20-\x7e]*")


def header(name: str, value: object) -> str:
    """The value of the field `name`; a list is joined with commas.

    Raises `InvalidArgument` for an invalid name, and for a value with a line break, another
    control character or anything beyond ASCII. The error does not show the value.
    """
    if not _TOKEN.fullmatch(name):
        raise InvalidArgument("a header name with characters that HTTP does not allow")
    where = f"header {name}"
    if is_container(value):
        contents = members(value, where)
        if isinstance(contents, dict):
            contents = [part for pair in contents.items() for part in pair]
        encoded = ",".join(text(item, where) for item in contents)
    else:
        encoded = text(value, where)
    if not _VISIBLE.fullmatch(encoded):
        raise InvalidArgument(f"{where}: a line break or a character that is not visible ASCII")
    return encoded.strip(" \t")


def headers(values: Mapping[str, object]) -> dict[str, str]:
    """Every field that is not None."""
    return {name: header(name, value) for name, value in values.items() if value is not None}
