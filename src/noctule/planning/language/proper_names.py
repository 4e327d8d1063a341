"""Proper names in a request: "Titanic", « Clients de mai », the Beatles. They say which object is
meant, not what kind of object."""

from __future__ import annotations

import re

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.text import fold, words

_QUOTED = re.compile(
    r"\"([^\"]{1,120})\"|“([^”]{1,120})”|«([^»]{1,120})»|(?<![^\s(])['‘]([^'’]{1,120})['’](?!\w)"
)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_ENDS = re.compile(r"[.!?:;]\s*$")
_LINKS = frozenset({"of", "the", "and", "in", "on", "at", "to", "a", "de", "du", "des", "la", "le",
                    "les", "et", "l", "d", "en", "au", "aux"})  # fmt: skip
_OWNERS = frozenset({"my", "our", "your", "mes", "mon", "ma", "nos", "notre"})
"""With a capital, they start a label, not a name: "My Music"."""
_LONGEST_ACRONYM = 5
_TITLE_CASE = 0.6
"""The share of capitals from which they mean nothing: "Create A Droplet On DigitalOcean"."""
_FEW = 4


def proper_name_stems(text: str) -> frozenset[str]:
    """The stems of the words in `text` that belong to proper names: quoted, or with a capital
    where the language asks for none."""
    quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    names = quoted + _capitals(_QUOTED.sub(lambda match: " " * len(match.group()), text))
    return frozenset(stem(word) for name in names for word in words(name) if word not in _LINKS)


def _capitals(text: str) -> list[str]:
    spans = list(_WORD.finditer(text))
    upper = [match.group()[0].isupper() for match in spans]
    if len(spans) > _FEW and sum(upper[1:]) > _TITLE_CASE * len(spans):
        return []
    names: list[str] = []
    label = False
    for match, capital, before_capital in zip(spans, upper, [*upper, False][1:], strict=True):
        word = match.group()
        first = match.start() == 0 or bool(_ENDS.search(text[: match.start()]))
        label = capital and (label or word.lower() in _OWNERS)
        starts = first and _starts_sentence(word, before_capital)
        if capital and not label and not _means_nothing(word) and not starts:
            names.append(word)
    return names


def _means_nothing(word: str) -> bool:
    """Whether the capital belongs to an acronym, such as "SMS", or to a word such as "Of"."""
    return (word.isupper() and len(word) <= _LONGEST_ACRONYM) or fold(word) in _LINKS


def _starts_sentence(word: str, before_capital: bool) -> bool:
    """Whether a first word has its capital from its position: "Find", "Find Titanic"."""
    return not before_capital or lexicon().knows(fold(word))
