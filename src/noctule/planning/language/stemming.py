"""English stems, rough but the same for singular and plural and for a verb and its noun."""

from __future__ import annotations

from functools import lru_cache

from noctule.text import words

_SUFFIXES = (
    "izations", "ization", "ations", "ation", "ments", "ment", "ings", "ing", "ions", "ion",
    "ers", "ies", "ied", "ors", "ie", "ed", "er", "or", "ly", "es", "al", "s", "y", "e",
)  # fmt: skip
_SHORTEST_STEM = 3


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """A rough English stem: the same for singular and plural, and often for a verb and its noun.
    Not promised for every pair: "payment" and "paying" may differ."""
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


def base_form(word: str) -> str:
    """The word without a French or English plural ending, to compare two words. Not always a
    word: "status" -> "statu"."""
    if len(word) > 4 and word.endswith("aux"):
        return f"{word[:-3]}al"
    return word[:-1] if len(word) > 3 and word.endswith(("s", "x")) else word
