"""The frozen vocabulary of the field, read once from `lexicon.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from noctule.planning.text import fold, stem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.language import Language


@dataclass(frozen=True)
class Lexicon:
    function: Mapping[Language, frozenset[str]]
    """Articles, pronouns, prepositions: words that say nothing of what is asked."""
    intent: frozenset[str]
    """Words that say "an integration is wanted", not what it is for."""
    general: frozenset[str]
    """Words that ask for a matter as a whole: "manage"."""
    rewrites: Mapping[str, str]
    """Phrase or abbreviation -> the word to read instead; longest first."""
    subordinate: frozenset[str]
    """Words with which the main clause ends."""
    determiners: frozenset[str]
    """Words that stand before nouns."""
    verbs: Mapping[str, tuple[str, ...]]
    """Word -> classes: "supprimer" -> "delete", "find" -> "get" and "search"."""
    verb_methods: Mapping[str, tuple[str, ...]]
    webhooks: frozenset[str]
    no_webhooks: tuple[str, ...]
    """Phrases, folded, that say that no webhook is wanted."""
    french: Mapping[str, tuple[str, ...]]
    """Word or phrase -> English words."""
    phrases: tuple[str, ...]
    """The keys of `french` that hold a space, longest first."""
    synonyms: Mapping[str, tuple[str, ...]]
    """Stem -> stems of the same meaning."""
    vocabulary: Mapping[Language, frozenset[str]]
    """All of the above by language."""

    def knows(self, word: str) -> bool:
        """Whether `word`, folded, is a word of the field or the language, and so is no name."""
        return any(word in known or word[:-1] in known for known in self.vocabulary.values())

    def to_english(self, word: str) -> tuple[str, ...] | None:
        """The English for a folded French word, in singular or plural; None when unknown."""
        for form in (word, word.removesuffix("s"), word.removesuffix("x"), word.removesuffix("es")):
            if form in self.french:
                return self.french[form]
        if word in self.verbs and word not in self.vocabulary["en"]:
            return self.verbs[word][:1]
        return None


@cache
def lexicon() -> Lexicon:
    source = (
        resources.files("noctule.planning").joinpath("lexicon.toml").read_text(encoding="utf-8")
    )
    data = tomllib.loads(source)
    french = {key: tuple(value.split()) for key, value in data["french"].items()}
    groups = [line.split() for line in data["synonyms"]["groups"].strip().splitlines()]
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
        vocabulary={
            "en": _vocabulary(data, "en").union(*groups, *french.values()),
            "fr": _vocabulary(data, "fr") | french.keys(),
        },
    )


def _words(table: Mapping[str, str], language: Language) -> frozenset[str]:
    return frozenset(table[language].split())


def _verbs(classes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for kind, entry in classes.items():
        for word in (*entry["en"].split(), *entry["fr"].split()):
            found[word] = (*found.get(word, ()), kind)
    return found


def _vocabulary(data: Mapping[str, Any], language: Language) -> frozenset[str]:
    tables = [data[key] for key in ("function", "intent", "general", "webhooks")]
    tables += data["verbs"].values()
    return frozenset[str]().union(*(_words(table, language) for table in tables))


def _synonyms(groups: list[list[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for group in groups:
        stems = dict.fromkeys(stem(word) for word in group)
        for word in stems:
            found.setdefault(word, {}).update((s, None) for s in stems if s != word)
    return {word: tuple(others) for word, others in found.items()}
