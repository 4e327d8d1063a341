"""Names in a request: "Titanic", « Clients de mai », the Beatles. They say which one, not what."""

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
"""With a capital, they make a label of what follows, not a name: "My Music"."""
_LONGEST_ACRONYM = 5
_TITLE_CASE = 0.6
"""The share of capitals from which they say nothing: "Create A Droplet On DigitalOcean"."""
_FEW = 4


def names(text: str) -> frozenset[str]:
    """The stems of the words in `text` that belong to names: quoted, or written with a capital
    where the language asks for none."""
    quoted = [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]
    found = quoted + _capitals(_QUOTED.sub(lambda match: " " * len(match.group()), text))
    return frozenset(stem(word) for name in found for word in words(name) if word not in _LINKS)


def _capitals(text: str) -> list[str]:
    spans = list(_WORD.finditer(text))
    upper = [match.group()[0].isupper() for match in spans]
    if len(spans) > _FEW and sum(upper[1:]) > _TITLE_CASE * len(spans):
        return []
    found: list[str] = []
    owned = False
    for match, capital, follows in zip(spans, upper, [*upper, False][1:], strict=True):
        word = match.group()
        first = match.start() == 0 or bool(_ENDS.search(text[: match.start()]))
        owned = capital and (owned or word.lower() in _OWNERS)
        if capital and not owned and not _plain(word) and not (first and _begins(word, follows)):
            found.append(word)
    return found


def _plain(word: str) -> bool:
    """Whether the capital comes from the word's being letters, as in "SMS", or says nothing."""
    return (word.isupper() and len(word) <= _LONGEST_ACRONYM) or fold(word) in _LINKS


def _begins(word: str, follows: bool) -> bool:
    """Whether the capital of a first word comes from its place: "Find", "Find Titanic"."""
    return not follows or lexicon().knows(fold(word))
