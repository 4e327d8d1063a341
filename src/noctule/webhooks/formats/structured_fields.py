"""Structured fields for HTTP (RFC 9651), as far as signatures use them: dictionaries of items and
inner lists, read strictly and written in their canonical spelling."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import NamedTuple

from noctule.webhooks.formats.encoding import decode

Bare = str | int | bool | bytes
_KEY = r"[a-z*][a-z0-9_\-.*]*"
_BARE = re.compile(
    r'"(?P<string>(?:[ !#-\[\]-~]|\\["\\])*)"'
    r"|(?P<integer>-?\d{1,15})(?![\d.])"
    r"|:(?P<bytes>[A-Za-z0-9+/=]*):"
    r"|\?(?P<boolean>[01])"
    r"|(?P<token>[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*)"
)
_PARAMETER = re.compile(rf" *;(?! *;) *(?P<key>{_KEY})(?P<equals>=)?")
_MEMBER = re.compile(rf"(?P<key>{_KEY})(?P<equals>=)?")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


class Token(str):
    """A word without quotes."""

    __slots__ = ()


class Item(NamedTuple):
    """A value with parameters."""

    value: Bare
    parameters: dict[str, Bare]

    def __str__(self) -> str:
        return _bare_text(self.value) + _parameters_text(self.parameters)


class InnerList(NamedTuple):
    """A list of items with parameters."""

    items: tuple[Item, ...]
    parameters: dict[str, Bare]

    def __str__(self) -> str:
        inner = " ".join(map(str, self.items))
        return f"({inner}){_parameters_text(self.parameters)}"


Member = Item | InnerList


def parse_dictionary(text: str) -> dict[str, Member]:
    """The members of a dictionary; raises ValueError for anything else, and for a key that comes
    twice."""
    members: dict[str, Member] = {}
    place, end = 0, len(text)
    while place < end:
        key = _required(_MEMBER, text, place)
        if key["key"] in members:
            raise ValueError("a key comes twice")
        place = key.end()
        if key["equals"]:
            members[key["key"]], place = _member(text, place)
        else:
            parameters, place = _parameters(text, place)
            members[key["key"]] = Item(True, parameters)
        if place < end:
            place = _required(_COMMA, text, place).end()
            if place == end:
                raise ValueError("ends with a comma")
    return members


def _member(text: str, place: int) -> tuple[Member, int]:
    if text[place : place + 1] != "(":
        return _item(text, place)
    place += 1
    items: list[Item] = []
    while True:
        spaces = len(text[place:]) - len(text[place:].lstrip(" "))
        place += spaces
        if text[place : place + 1] == ")":
            parameters, place = _parameters(text, place + 1)
            return InnerList(tuple(items), parameters), place
        if items and not spaces:
            raise ValueError("items without a space between them")
        item, place = _item(text, place)
        items.append(item)


def _item(text: str, place: int) -> tuple[Item, int]:
    value, place = _bare(text, place)
    parameters, place = _parameters(text, place)
    return Item(value, parameters), place


def _parameters(text: str, place: int) -> tuple[dict[str, Bare], int]:
    parameters: dict[str, Bare] = {}
    while match := _PARAMETER.match(text, place):
        place = match.end()
        value: Bare = True
        if match["equals"]:
            value, place = _bare(text, place)
        if match["key"] in parameters:
            raise ValueError("a parameter comes twice")
        parameters[match["key"]] = value
    return parameters, place


def _bare(text: str, place: int) -> tuple[Bare, int]:
    match = _required(_BARE, text, place)
    value: Bare
    match match.lastgroup:
        case "string":
            value = re.sub(r"\\(.)", r"\1", match["string"])
        case "integer":
            value = int(match["integer"])
        case "bytes":
            value = _decoded(match["bytes"])
        case "boolean":
            value = match["boolean"] == "1"
        case _:
            value = Token(match["token"])
    return value, match.end()


def _decoded(text: str) -> bytes:
    raw = decode("base64", text.encode())
    if raw is None:
        raise ValueError("not base64 in its canonical spelling")
    return raw


def _required(pattern: re.Pattern[str], text: str, place: int) -> re.Match[str]:
    match = pattern.match(text, place)
    if match is None:
        raise ValueError("not a structured field")
    return match


def _parameters_text(parameters: dict[str, Bare]) -> str:
    return "".join(
        f";{key}" if value is True else f";{key}={_bare_text(value)}"
        for key, value in parameters.items()
    )


def _bare_text(value: Bare) -> str:
    match value:
        case bool():
            return f"?{value:d}"
        case int():
            return str(value)
        case bytes():
            return f":{b64encode(value).decode()}:"
        case Token():
            return value
        case _:
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
