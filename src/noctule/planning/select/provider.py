"""Which provider a request means: by name, alias or a misspelling, or by its document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule import providers
from noctule.planning.language.lexicon import lexicon
from noctule.text import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument
    from noctule.providers import Names, Pack

_TOKEN = re.compile(r"[^\W_]+")
_LONGEST_NAME = 4
_ALIKE = 0.83
"""Ratio of difflib from which a word counts as another one misspelt: "twillio", "sendgird"."""
_SHORTEST_MISSPELT = 4
_BEFORE_NAMES = frozenset(
    {"with", "via", "through", "using", "use", "integrate", "connect",
     "avec", "utiliser", "integrer", "connecter", "brancher"}
)  # fmt: skip
MISSPELT = 0.9
"""Certainty of a provider recognised through a misspelling."""


@dataclass(frozen=True)
class ProviderMention:
    pack: Pack
    written: str
    """As the request has it."""
    certainty: float


def provider_mentions(text: str, packs: Iterable[Names | Pack]) -> list[ProviderMention]:
    """The providers that `text` names, in the order of the packs; misspelt names only where no
    exact name is found."""
    grams = _grams(text)
    exact: list[ProviderMention] = []
    misspelt: list[ProviderMention] = []
    for pack in packs:
        names = sorted({_plain(name) for name in (pack.id, pack.name, *pack.aliases)}, key=len)
        written = next((grams[name] for name in names if name in grams), None)
        if written:
            exact.append(ProviderMention(providers.pack(pack.id), written, 1.0))
        elif not pack.complete:
            continue
        elif misspelling := next((m for name in names if (m := _misspelling(name, grams))), None):
            misspelt.append(ProviderMention(providers.pack(pack.id), misspelling, MISSPELT))
    complete = [mention for mention in exact if mention.pack.complete]
    named = [m for m in exact if not m.pack.ordinary or _is_name(m.written, text)]
    return complete or named or misspelt


def _is_name(written: str, text: str) -> bool:
    """Whether it is a name there, not a word: "Box" or "with box", never "a box of …"."""
    before = text[: text.index(written)].split()
    after_preposition = bool(before) and fold(before[-1]) in _BEFORE_NAMES
    return after_preposition or written != written.lower()


def unknown_name(text: str, *, sure: bool) -> str:
    """The word that looks like the name of a provider without a pack, or "".

    With `sure`, only a word that is almost certainly a name: with a capital, or in a position for
    names ("with …", "intégrer …").
    """
    unlisted = _unlisted_words(text)
    capitals = [token for before, token in unlisted if token[0].isupper() and before]
    after_verbs = [token for before, token in unlisted if fold(before) in _BEFORE_NAMES]
    others = [] if sure else [token for _, token in unlisted]
    return (capitals + after_verbs + others + [""])[0]


def introduced_name(text: str) -> str:
    """The first unlisted word after "with", "integrate" and the like; "" where there is none."""
    names = (token for before, token in _unlisted_words(text) if fold(before) in _BEFORE_NAMES)
    return next(names, "")


def _unlisted_words(text: str) -> list[tuple[str, str]]:
    """The words that the lexicon does not have, each after the word before it."""
    tokens = [match.group() for match in _TOKEN.finditer(text)]
    return [
        (before, token)
        for before, token in zip(["", *tokens], tokens, strict=False)
        if len(token) > 1 and not token.isdigit() and not lexicon().knows(fold(token))
    ]


def describes(document: ApiDocument, pack: Pack) -> bool:
    """Whether the document is of the pack's provider: the same host, or its name in the title."""
    if not pack.complete:
        words = _TOKEN.findall(fold(document.title))[:_LONGEST_NAME]
        return _plain(pack.name) in {"".join(words[: n + 1]) for n in range(len(words))}
    hosts = {urlsplit(environment.base_url).hostname for environment in pack.environments.values()}
    served = {urlsplit(server.url).hostname for server in document.servers}
    title = set(_grams(document.title))
    return bool((hosts & served) - {None}) or _plain(pack.name) in title


def brand(document: ApiDocument) -> str:
    """The name in the API's host: "notion" of "https://api.notion.com"; "" where there is none."""
    for server in document.servers:
        labels = (urlsplit(server.url).hostname or "").split(".")
        if len(labels) > 1 and labels[-2]:
            return labels[-2]
    return ""


def _grams(text: str) -> dict[str, str]:
    """Runs of one to four words, folded together -> as written: "Send Grid" as "sendgrid"."""
    spans = [match.span() for match in _TOKEN.finditer(text)]
    grams: dict[str, str] = {}
    for length in range(1, _LONGEST_NAME + 1):
        for first in range(len(spans) - length + 1):
            written = text[spans[first][0] : spans[first + length - 1][1]]
            grams.setdefault(_plain(written), written)
    return grams


def _misspelling(name: str, grams: dict[str, str]) -> str | None:
    for plain, written in grams.items():
        close = plain[0] == name[0] and abs(len(plain) - len(name)) <= 2
        if not close or len(plain) < _SHORTEST_MISSPELT or lexicon().knows(plain):
            continue
        if SequenceMatcher(None, plain, name).ratio() >= _ALIKE:
            return written
    return None


def _plain(name: str) -> str:
    return "".join(letter for letter in fold(name) if letter.isalnum())
