"""Words out of anything: requests, summaries, paths, camelCase identifiers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_WORD = re.compile(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_TOKEN = re.compile(r"[^\W_]+", re.UNICODE)
_MARKUP = re.compile(r"<[^>]{0,200}>|\[([^\]]{0,200})\]\([^)]{0,500}\)|[`*#]")
_SUFFIXES = (
    "izations", "ization", "ations", "ation", "ments", "ment", "ings", "ing", "ions", "ion",
    "ers", "ies", "ied", "ors", "ie", "ed", "er", "or", "ly", "es", "al", "s", "y", "e",
)  # fmt: skip
_SHORTEST_STEM = 3


def fold(text: str) -> str:
    """`text` without accents, ligatures or case."""
    return _unaccented(text.replace("’", "'")).casefold()


def _unaccented(text: str) -> str:
    spelled = text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE")
    decomposed = unicodedata.normalize("NFKD", spelled)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """The words of a text or an identifier, folded: "createPaymentIntent" -> three words."""
    plain = text if text.isascii() else _unaccented(text)
    return [word.casefold() for word in _WORD.findall(plain)]


def tokens(text: str) -> list[str]:
    """The words of a sentence as a person sees them, neither folded nor split by case."""
    return _TOKEN.findall(text)


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """A rough English stem: the same for "payments", "payment" and "paying" is not promised;
    the same for singular and plural, and for a verb and its noun, is the aim."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            if suffix == "s" and word.endswith(("ss", "us", "is")):
                return word
            return _undoubled(word[: -len(suffix)])
    return _undoubled(word)


def _undoubled(word: str) -> str:
    """ "plan" for "plann" of "planned", and so the same for "call" and "called"."""
    double = len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "aeious"
    return word[:-1] if double else word


def stems(text: str) -> list[str]:
    return [stem(word) for word in words(text)]


def snake(text: str) -> str:
    """ "createPaymentIntent", "Create payment intent" -> "create_payment_intent"."""
    return "_".join(words(text))


def one_line(text: str, limit: int = 120) -> str:
    """`text` from a document as one clean sentence: no markup, no control characters, bounded."""
    plain = _MARKUP.sub(lambda match: match.group(1) or "", text)
    printable = "".join(c if c.isprintable() else " " for c in plain)
    line = " ".join(printable.split())
    if len(line) <= limit:
        return line.rstrip(".")
    return line[:limit].rsplit(" ", 1)[0].rstrip(".,;:") + "…"
