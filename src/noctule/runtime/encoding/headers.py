"""Header fields, checked so that a value cannot add a second field (RFC 9110, 5.1 and 5.5)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime.encoding.values import Container, as_json, is_container, members, text, utf8
from noctule.runtime.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
COOKIE = "!#$%&'()*+-./:<=>?@[]^_`{|}~"
_BEYOND = re.compile(r"[^\x00-\x7e]+")
_VISIBLE = re.compile(r"[\t\x20-\x7e]*")


def header(name: str, value: object) -> str:
    """The value of the field `name`; a list is joined with commas.

    Raises `InvalidArgument` for an invalid name, and for a value with a line break, another
    control character or anything beyond ASCII. The error does not show the value.
    """
    if not _TOKEN.fullmatch(name):
        raise InvalidArgument("a header name with characters that HTTP does not allow")
    where = f"header {name}"
    if is_container(value) and name.lower() == "cookie":
        encoded = _cookies(value, where)
    elif is_container(value):
        contents = members(value, where)
        if isinstance(contents, dict):
            contents = [part for pair in contents.items() for part in pair]
        encoded = ",".join(text(item, where) for item in contents)
    else:
        encoded = text(value, where)
    if not _VISIBLE.fullmatch(encoded):
        raise InvalidArgument(f"{where}: a line break or a character that is not visible ASCII")
    return encoded.strip(" \t")


def _in_json(value: object, name: str) -> str:
    def escaped(match: re.Match[str]) -> str:
        units = match[0].encode("utf-16-be").hex()
        return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))

    return _BEYOND.sub(escaped, as_json(value, f"header {name}").decode())


def _cookies(value: Container, where: str) -> str:
    """`a=1; b=2` (RFC 6265, 4.2.1), with percent escapes for what a cookie cannot hold."""
    contents = members(value, where)
    if not isinstance(contents, dict):
        raise InvalidArgument(f"{where}: give names and values")
    texts: list[tuple[str, bytes]] = []
    for name, item in contents.items():
        inner = members(item, where) if is_container(item) else [item]
        parts = (
            inner if isinstance(inner, list) else [part for pair in inner.items() for part in pair]
        )
        texts += [(name, utf8(text(part, where), where)) for part in parts]
    return "; ".join(f"{name}={quote(data, COOKIE)}" for name, data in texts)


def headers(
    values: Mapping[str, object], styles: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Every field that is not None; no cookies are no field. Under the style `json` a value is JSON
    in ASCII, the rest of Unicode as escapes."""
    if styles and "json" in styles.values():
        values = {
            name: _in_json(value, name)
            if styles.get(name) == "json" and value is not None
            else value
            for name, value in values.items()
        }
    written = {name: header(name, value) for name, value in values.items() if value is not None}
    return {name: text for name, text in written.items() if text or name.lower() != "cookie"}
