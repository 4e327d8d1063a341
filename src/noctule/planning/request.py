"""What a person asked, in French or English: language, terms, verbs, webhooks or not.

Deterministic: the same words give the same reading on every machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.lexicon import Lexicon, lexicon
from noctule.planning.text import stem, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.language import Language

_SYNONYM_WEIGHT = 0.4
_ACCENT = re.compile(r"[àâçèéêëîïôùûœ]", re.IGNORECASE)
_NAMED = re.compile(
    r"[\"“«]\s*\w|(?<=[a-zà-ÿ,] )[A-ZÀ-Þ][a-zà-ÿ]+|(?<=[a-zà-ÿ] )[A-ZÀ-Þ]\w* [A-ZÀ-Þ]"
)


@dataclass(frozen=True)
class Request:
    text: str
    language: Language
    terms: Mapping[str, float]
    """English stem -> weight; what the request is about, without function words."""
    words: frozenset[str]
    """The words as written, folded, in singular and plural: for the vocabulary of a pack."""
    written: frozenset[str]
    """The words exactly as written, folded."""
    verbs: Mapping[str, str]
    """Classes of verbs, each with the word that says it: "delete" -> "supprimer"."""
    names_things: bool
    """Whether it names a thing by its own name, which an API finds by searching."""
    wants_webhooks: bool
    refuses_webhooks: bool


def understand(text: str, language: Language | None = None, provider: str = "") -> Request:
    """Read a request; `provider` is how it writes the provider's name, left out of the terms."""
    book = lexicon()
    language = language or detect_language(text)
    rest = text.replace(provider, " ") if provider else text
    plain = f" {' '.join(words(rest))} "
    for phrase in book.intent_phrases:
        plain = plain.replace(f" {phrase} ", " ")
    found = plain.split()
    spoken = _translated(plain, book) if language == "fr" else found
    refuses = any(f" {phrase} " in plain for phrase in book.no_webhooks)
    return Request(
        text=text,
        language=language,
        terms=_terms(spoken, book),
        words=frozenset(form for word in found for form in (word, singular(word))),
        written=frozenset(found),
        verbs={
            kind: word
            for word in (*reversed(spoken), *reversed(found))
            for kind in book.verbs.get(word, ())
        },
        names_things=bool(_NAMED.search(rest)),
        wants_webhooks=not refuses and bool(book.webhooks & set(found)),
        refuses_webhooks=refuses,
    )


def detect_language(text: str) -> Language:
    """French when more of its words are French than English; English on a tie."""
    english, french = (lexicon().vocabulary[language] for language in ("en", "fr"))
    score = len(_ACCENT.findall(text))
    for word in words(text):
        score += (word in french) - (word in english)
    return "fr" if score > 0 else "en"


def singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith(("s", "x")) else word


def _terms(spoken: list[str], book: Lexicon) -> dict[str, float]:
    skip = book.function["en"] | book.intent
    kept = [stem(word) for word in spoken if word not in skip and len(word) > 1]
    terms = dict.fromkeys(kept, 1.0)
    for term in kept:
        for other in book.synonyms.get(term, ()):
            terms.setdefault(other, _SYNONYM_WEIGHT)
    return terms


def _translated(plain: str, book: Lexicon) -> list[str]:
    english: list[str] = []
    for phrase in book.phrases:
        if f" {phrase} " in plain:
            plain = plain.replace(f" {phrase} ", " ")
            english += book.french[phrase]
    for word in plain.split():
        if word not in book.function["fr"] and word not in book.intent:
            english += book.to_english(word) or (word,)
    return english
