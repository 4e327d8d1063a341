"""Names for code, from names on the wire: readable, legal, and never numbered."""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SYMBOLS = {"+": "plus", "-": "minus", "<": "lt", ">": "gt", "=": "eq", "*": "star", "&": "and"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])(?![A-Z]s(?![a-z]))")
"""Where a word begins: `userID`, `SMSReport`; the plural of capitals (`IPs`) is one word."""
_SEPARATORS = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def python_name(wire: str) -> str:
    """`Payment-Intent`, `paymentIntent`, `payment[intent]` -> `payment_intent`.

    A keyword gets an underscore at its end; a name without a letter is spelt (`+1` -> `plus_1`).
    """
    return _legal("_".join(words(wire)).lower())


def constant_name(wire: str) -> str:
    """`create_payment_intent` -> `CREATE_PAYMENT_INTENT`; underscores at the end, which may be all
    that tells two names apart, stay."""
    ending = "_" * (len(wire) - len(wire.rstrip("_")))
    return _legal("_".join(words(wire))).rstrip("_").upper() + ending


def class_name(wire: str) -> str:
    """`payment_intent` -> `PaymentIntent`; capitals that are there stay (`GitHub`, `SMSReport`)."""
    text = "".join(part[0].upper() + part[1:] for part in _parts(wire))
    if text.isupper() and len(text) > 4:
        text = text.capitalize()
    return _legal(text or "Value")


def words(wire: str) -> list[str]:
    """The words of a name, as they are written: `fromEmail-To` -> `from`, `Email`, `To`."""
    return [word for part in _parts(wire) for word in _CAMEL.split(part)]


def free(candidates: Iterable[str], taken: set[str]) -> str:
    """The first candidate that is free, now taken; the last one gets underscores if need be."""
    name = ""
    for name in candidates:
        if name not in taken:
            taken.add(name)
            return name
    while name in taken:
        name += "_"
    taken.add(name)
    return name


def _parts(wire: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", wire)
    ascii_only = plain.encode("ascii", "ignore").decode()
    text = ascii_only if any(map(str.isalnum, ascii_only)) else unicodedata.normalize("NFKC", wire)
    parts = [part for part in _SEPARATORS.split(text) if part]
    if not any(part[0].isalpha() for part in parts):
        parts = [*(_SYMBOLS[sign] for sign in wire if sign in _SYMBOLS), *parts]
    return parts


def _legal(name: str) -> str:
    if not name or not f"x{name}".isidentifier():
        return "value"
    if not name.isidentifier():
        return f"n_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name
