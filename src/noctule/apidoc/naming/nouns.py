"""Singular and plural of the English nouns that API documents use."""

from __future__ import annotations

from functools import lru_cache

_IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "caches": "cache",
    "cookies": "cookie", "movies": "movie", "indices": "index", "matrices": "matrix",
    "vertices": "vertex", "aliases": "alias", "canvases": "canvas", "apis": "api", "uris": "uri",
    "emojis": "emoji", "skus": "sku", "menus": "menu", "criteria": "criterion",
}  # fmt: skip
_PLURALS = {singular: plural for plural, singular in _IRREGULAR.items()}
_SINGULAR = frozenset(
    {"alias", "atlas", "aws", "bias", "canvas", "chaos", "css", "gas", "gps", "ios", "jenkins",
     "kubernetes", "lens", "saas", "sns", "sqs", "vps"}
)  # fmt: skip
"""Singular in spite of their ending."""
_UNCOUNTABLE = frozenset(
    {"access", "analytics", "business", "data", "dns", "feedback", "history", "https", "info",
     "information", "media", "metadata", "news", "progress", "series", "sms", "usage"}
)  # fmt: skip
_ONE_SET = frozenset(
    {"contents", "credentials", "metrics", "permissions", "preferences", "settings", "statistics",
     "stats", "terms"}
)  # fmt: skip
"""Plurals that stand for one thing: nobody lists settings, one gets them."""


@lru_cache(maxsize=10_000)
def singular(noun: str) -> str:
    """One of them: `categories` -> `category`, `line_items` -> `line_item`."""
    start, last = _last_word(noun)
    return start + _singular(last)


def plural(noun: str) -> str:
    """Several of them: `category` -> `categories`; a plural stays as it is."""
    start, last = _last_word(noun)
    lower = last.lower()
    if lower in _UNCOUNTABLE or _singular(last) != last:
        return noun
    if lower in _PLURALS:
        many = _PLURALS[lower]
        return f"{start}{last}s" if many == f"{lower}s" else start + many
    if lower.endswith("y") and lower[-2:-1] not in "aeiou":
        return f"{start}{last[:-1]}ies"
    ending = "es" if lower.endswith(("s", "x", "z", "ch", "sh")) else "s"
    return f"{start}{last}{ending}"


def is_plural(noun: str) -> bool:
    """Whether the noun stands for several things."""
    _, last = _last_word(noun)
    return last.lower() not in _ONE_SET and _singular(last) != last


def _last_word(noun: str) -> tuple[str, str]:
    start, separator, last = noun.rpartition("_")
    return start + separator, last


def _singular(word: str) -> str:
    lower = word.lower()
    if lower in _UNCOUNTABLE or lower in _SINGULAR:
        return word
    if lower in _IRREGULAR:
        irregular = _IRREGULAR[lower]
        if lower == f"{irregular}s":
            return word[:-1]
        return irregular.capitalize() if word[0].isupper() else irregular
    if lower.endswith("ies") and len(lower) > 4:
        return f"{word[:-3]}y"
    if lower.endswith(("sses", "xes", "ches", "shes", "tuses", "nuses", "puses", "ruses")):
        return word[:-2]
    if len(lower) > 2 and lower.endswith("s") and not lower.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
