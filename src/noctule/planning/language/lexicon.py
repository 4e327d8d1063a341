"""The frozen vocabulary of the field, read once from the three tables beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from noctule.planning.language.stemming import stem
from noctule.text import fold, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.messages import Language


@dataclass(frozen=True)
class Lexicon:
    function: Mapping[Language, frozenset[str]]
    """Articles, pronouns, prepositions: words that say nothing about what is wanted."""
    intent: frozenset[str]
    """Words that ask for an integration without saying what it is for."""
    general: frozenset[str]
    """Words that ask for a whole subject: "manage"."""
    rewrites: Mapping[str, str]
    """Phrase or abbreviation -> the word to read instead; longest first."""
    subordinate: frozenset[str]
    """Words that end the main clause: "when", "après"."""
    determiners: frozenset[str]
    """Words before nouns: "the", "our"."""
    verbs: Mapping[str, tuple[str, ...]]
    """Word -> classes: "supprimer" -> "delete", "find" -> "get" and "search"."""
    verb_methods: Mapping[str, tuple[str, ...]]
    webhooks: frozenset[str]
    no_webhooks: tuple[str, ...]
    """Folded phrases that refuse webhooks: "without webhooks"."""
    french: Mapping[str, tuple[str, ...]]
    """Word or phrase -> English of that meaning; a meaning of several words has them joined by
    "_": "phone_number"."""
    phrases: tuple[str, ...]
    """The keys of `french` that hold a space, longest first."""
    synonyms: Mapping[str, tuple[str, ...]]
    """Stem -> stems of the same meaning."""
    vocabulary: Mapping[Language, frozenset[str]]
    """All of the above by language."""
    broader: Mapping[str, str]
    """Stem -> stem of what it is a kind of: "actor" -> "person"."""

    def knows(self, word: str) -> bool:
        """Whether `word`, folded, is a word of the field or the language, and not a name."""
        listed = any(word in own or word[:-1] in own for own in self.vocabulary.values())
        return listed or self.to_english(word) is not None

    def to_english(self, word: str) -> tuple[str, ...] | None:
        """The English for a folded French word in any of its forms; None when unknown."""
        for form in _french_forms(word):
            if form in self.french:
                return self.french[form]
        if word in self.verbs and word not in self.vocabulary["en"]:
            return self.verbs[word][:1]
        return None


_ENDINGS = (
    ("s", ""), ("x", ""), ("es", ""), ("e", ""), ("aux", "al"), ("e", "er"), ("es", "er"),
    ("ee", "er"), ("ees", "er"), ("ent", "er"), ("ez", "er"), ("ons", "er"), ("ant", "er"),
    ("i", "ir"), ("is", "ir"), ("ie", "ir"), ("it", "ir"), ("trice", "teur"), ("trices", "teur"),
    ("euse", "eur"), ("euses", "eur"), ("enne", "en"), ("ennes", "en"), ("ive", "if"),
    ("ives", "if"), ("le", ""), ("les", ""),
)  # fmt: skip
"""Endings of plurals, feminines, participles and conjugated verbs, and of the form listed."""
_SHORTEST_ROOT = 3


def _french_forms(word: str) -> Iterator[str]:
    yield word
    for ending, listed in _ENDINGS:
        root = word.removesuffix(ending)
        if len(root) >= _SHORTEST_ROOT and root != word:
            yield root + listed


@cache
def lexicon() -> Lexicon:
    data = _table("lexicon")
    french = _french(_table("french")["french"])
    meanings = _table("synonyms")
    groups = [line.split() for block in meanings["synonyms"].values() for line in _lines(block)]
    return Lexicon(
        function={"en": _words(data["function"], "en"), "fr": _words(data["function"], "fr")},
        intent=_words(data["intent"], "en") | _words(data["intent"], "fr"),
        determiners=frozenset(data["determiners"]["words"].split()),
        verbs=_verbs(data["verbs"]),
        verb_methods={kind: tuple(e["methods"].split()) for kind, e in data["verbs"].items()},
        webhooks=_words(data["webhooks"], "en") | _words(data["webhooks"], "fr"),
        no_webhooks=tuple(fold(p.strip()) for p in data["webhooks"]["none"].split("|")),
        french=french,
        phrases=tuple(sorted((key for key in french if " " in key), key=len, reverse=True)),
        general=_words(data["general"], "en") | _words(data["general"], "fr"),
        rewrites=dict(sorted(data["rewrites"].items(), key=lambda item: -len(item[0]))),
        subordinate=frozenset(data["subordinate"]["words"].split()),
        synonyms=_synonyms(groups),
        broader=_broader(meanings["broader"]["words"]),
        vocabulary={
            "en": _vocabulary(data, "en").union(*groups, *map(_spelled, french.values())),
            "fr": _vocabulary(data, "fr") | french.keys(),
        },
    )


def _table(name: str) -> dict[str, Any]:
    file = resources.files("noctule.planning.language").joinpath(f"{name}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _lines(block: str) -> list[str]:
    return block.strip().splitlines()


def _french(blocks: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    meanings: dict[str, tuple[str, ...]] = {}
    for block in blocks.values():
        for line in _lines(block):
            forms, _, english = line.partition(" = ")
            for form in (form.replace("_", " ") for form in forms.split()):
                own = (*meanings.get(form, ()), *english.split())
                meanings[form] = tuple(dict.fromkeys(own))
    return meanings


def _spelled(meanings: tuple[str, ...]) -> list[str]:
    return words(" ".join(meanings))


def _words(table: Mapping[str, str], language: Language) -> frozenset[str]:
    return frozenset(table[language].split())


def _verbs(classes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, entry in classes.items():
        for word in (*entry["en"].split(), *entry["fr"].split()):
            kinds[word] = (*kinds.get(word, ()), kind)
    return kinds


def _vocabulary(data: Mapping[str, Any], language: Language) -> frozenset[str]:
    tables = [data[key] for key in ("function", "intent", "general", "webhooks")]
    tables += data["verbs"].values()
    return frozenset[str]().union(*(_words(table, language) for table in tables))


def _synonyms(groups: list[list[str]]) -> dict[str, tuple[str, ...]]:
    synonyms: dict[str, dict[str, None]] = {}
    for group in groups:
        stems = dict.fromkeys(stem(word) for word in group)
        for word in stems:
            synonyms.setdefault(word, {}).update((s, None) for s in stems if s != word)
    return {word: tuple(others) for word, others in synonyms.items()}


def _broader(block: str) -> dict[str, str]:
    kinds: dict[str, str] = {}
    for line in _lines(block):
        kind, _, narrower = line.partition(":")
        kinds.update((stem(word), stem(kind)) for word in narrower.split())
    return kinds
