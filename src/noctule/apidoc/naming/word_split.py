"""The words of a name as a document writes it."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_SYMBOLS = {"+": "plus", "-": "minus", "<": "lt", ">": "gt", "=": "eq", "*": "star", "&": "and"}
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])(?![A-Z]s(?![a-z]))")
"""Where a word begins: `userID`, `SMSReport`; the plural of capitals (`IPs`) is one word."""
_SEPARATORS = re.compile(r"[\W_]+")


def split_words(text: str) -> list[str]:
    """The words as they are written: `fromEmail-To` -> `from`, `Email`, `To`."""
    return [*_words(text)]


def lower_words(text: str) -> list[str]:
    """The words in lower case."""
    return [*_lower_words(text)]


@lru_cache(maxsize=10_000)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for part in split_parts(text) for word in _CAMEL.split(part))


@lru_cache(maxsize=10_000)
def _lower_words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _words(text))


def split_parts(text: str) -> list[str]:
    """What separators separate, accents removed: `Montant payé` -> `Montant`, `paye`.

    A text of symbols alone is spelt out: `+1` -> `plus`, `1`.
    """
    parts = [part for part in _SEPARATORS.split(_source(text)) if part]
    if not any(part[0].isalpha() for part in parts):
        parts = [*(_SYMBOLS[sign] for sign in text if sign in _SYMBOLS), *parts]
    return parts


def _source(text: str) -> str:
    """The text without accents; as it is where nothing would remain."""
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKD", text)
    ascii_only = plain.encode("ascii", "ignore").decode()
    return ascii_only if any(map(str.isalnum, ascii_only)) else unicodedata.normalize("NFKC", text)
