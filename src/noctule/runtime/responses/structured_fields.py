"""Structured field values (RFC 9651): lists, dictionaries and items, as headers spell them.

A parser of our own, since the core has no other dependency for it: the algorithms of section 4.2,
in one pass. A field that breaks the grammar anywhere is malformed as a whole, as section 4.2 asks.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_LENGTH = 16 * 1024
"""A longer field is malformed."""


class FieldDate(int):
    """A date: seconds since the epoch."""


BareItem = int | float | str | bytes | bool | FieldDate
"""A token is a string, like a string in quotes: no field that is read here tells them apart."""


@dataclass(frozen=True, slots=True)
class StructuredItem:
    """A value with its parameters; an inner list is a tuple of items."""

    value: BareItem | tuple[StructuredItem, ...]
    parameters: dict[str, BareItem] = field(default_factory=dict[str, BareItem])


def parse_list(text: str) -> list[StructuredItem] | None:
    """The members of a list; None when the field is malformed."""
    return _parsed(text, _Reader.list_members)


def parse_dictionary(text: str) -> dict[str, StructuredItem] | None:
    """The members of a dictionary; None when the field is malformed."""
    return _parsed(text, _Reader.dictionary_members)


def parse_item(text: str) -> StructuredItem | None:
    """A single item; None when the field is malformed."""
    return _parsed(text, _Reader.item)


def _parsed(text: str, read: Callable[[_Reader], T]) -> T | None:
    if len(text) > MAX_LENGTH:
        return None
    reader = _Reader(text.strip(" "))
    try:
        parsed = read(reader)
    except ValueError:
        return None
    return parsed if reader.at_end else None


_KEY = re.compile(r"[a-z*][a-z0-9_.*-]*")
_BARE_ITEM = re.compile(
    r"""(?P<number>-?(?:[0-9]{1,12}\.[0-9]{1,3}|[0-9]{1,15}))(?![0-9.])
    | "(?P<string>(?:[ !\#-\[\]-~]|\\["\\])*)"
    | (?P<token>[A-Za-z*][!\#$%&'*+.^_`|~0-9A-Za-z:/-]*)
    | :(?P<bytes>[A-Za-z0-9+/=]*):
    | \?(?P<boolean>[01])
    | @(?P<date>-?[0-9]{1,15})(?![0-9.])
    | %"(?P<display>(?:[ !\#$&-~]|%[0-9a-f]{2})*)"
    """,
    re.VERBOSE,
)


class _Reader:
    """Reads a field from left to right; raises ValueError where it is malformed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    @property
    def at_end(self) -> bool:
        return self._position == len(self._text)

    def list_members(self) -> list[StructuredItem]:
        members: list[StructuredItem] = []
        while not self.at_end:
            members.append(self._member())
            self._comma()
        return members

    def dictionary_members(self) -> dict[str, StructuredItem]:
        members: dict[str, StructuredItem] = {}
        while not self.at_end:
            key = self._match(_KEY)[0]
            if self._take("="):
                members[key] = self._member()
            else:
                members[key] = StructuredItem(True, self._parameters())
            self._comma()
        return members

    def item(self) -> StructuredItem:
        return StructuredItem(self._bare_item(), self._parameters())

    def _member(self) -> StructuredItem:
        if not self._take("("):
            return self.item()
        items: list[StructuredItem] = []
        self._skip(" ")
        while not self._take(")"):
            items.append(self.item())
            if not self._skip(" ") and self._peek() != ")":
                raise ValueError("an inner list needs spaces between its items")
        return StructuredItem(tuple(items), self._parameters())

    def _comma(self) -> None:
        """The comma between two members, or the end."""
        self._skip(" \t")
        if self.at_end:
            return
        if not self._take(","):
            raise ValueError("members are separated by commas")
        self._skip(" \t")
        if self.at_end:
            raise ValueError("a comma ends the field")

    def _parameters(self) -> dict[str, BareItem]:
        parameters: dict[str, BareItem] = {}
        while self._take(";"):
            self._skip(" ")
            key = self._match(_KEY)[0]
            parameters[key] = self._bare_item() if self._take("=") else True
        return parameters

    def _bare_item(self) -> BareItem:
        found = self._match(_BARE_ITEM)
        text = found[found.lastgroup or 0]
        return _CONVERSIONS[found.lastgroup or ""](text)

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._position)
        if found is None:
            raise ValueError("malformed")
        self._position = found.end()
        return found

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _take(self, char: str) -> bool:
        taken = self._peek() == char
        self._position += taken
        return taken

    def _skip(self, chars: str) -> bool:
        start = self._position
        while self._peek() and self._peek() in chars:
            self._position += 1
        return self._position > start


def _number(text: str) -> int | float:
    return float(text) if "." in text else int(text)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


_CONVERSIONS: dict[str, Callable[[str], BareItem]] = {
    "number": _number,
    "string": lambda text: re.sub(r"\\(.)", r"\1", text),
    "token": str,
    "bytes": _bytes,
    "boolean": lambda text: text == "1",
    "date": FieldDate,
    "display": lambda text: unquote_to_bytes(text).decode("utf-8"),
}
