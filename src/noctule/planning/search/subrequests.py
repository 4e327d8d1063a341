"""The parts of a request, each ready to be searched for on its own: one action on one object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.request import RequestTerm
from noctule.planning.language.stemming import base_form, stem
from noctule.planning.search.resource_paths import RequestVerb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.planning.language.phrases import VerbPhrase
    from noctule.planning.language.request import ParsedRequest

    Meanings = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Subrequest:
    verb: RequestVerb
    object: tuple[str, ...]
    """The words of the object, as in the request."""
    heads: tuple[frozenset[str], ...]
    """The stems that each word of the object may mean, its noun last."""
    request: ParsedRequest
    """The request as if it asked for nothing else."""
    general: bool
    """Whether everything about the object is wanted, not one action."""


def subrequests(request: ParsedRequest, path_terms: Collection[str]) -> list[Subrequest]:
    """The actions that `request` names, in order. Joined objects are separate where the document
    knows each of them: `path_terms` are the stems of its paths."""
    meanings = _meanings(request, path_terms)
    phrases = list(_separate(request.verb_phrases, meanings, path_terms))
    phrase_words = [_base_forms((p.verb, *p.heads, *p.complements)) for p in phrases]
    all_words = _base_forms(term.word for term in request.terms.values())
    other_words = all_words.difference(*phrase_words)
    return [
        _subrequest(
            request,
            phrase,
            phrase_words[at] | (other_words if at == len(phrases) - 1 else frozenset[str]()),
            meanings,
        )
        for at, phrase in enumerate(phrases)
    ]


def object_terms(terms: Mapping[str, RequestTerm]) -> dict[str, RequestTerm]:
    """What a request is about, without its verbs and proper names."""
    return {name: term for name, term in terms.items() if not (term.is_verb or term.proper)}


def _subrequest(
    request: ParsedRequest, phrase: VerbPhrase, words: frozenset[str], meanings: Meanings
) -> Subrequest:
    """The subrequest for a phrase; `words` are the base forms that belong to it."""
    book = lexicon()
    terms = {
        name: replace(term, verb=phrase.verb) if not term.is_verb else term
        for name, term in request.terms.items()
        if base_form(term.word.strip()) in words
    }
    terms |= {
        english: RequestTerm(1.0, word, verb=phrase.verb)
        for word in phrase.heads
        if word in book.intent
        for english in map(stem, book.to_english(word) or (word,))
    }
    kinds = book.verbs.get(phrase.verb, ())
    verbs = dict.fromkeys(kinds, phrase.verb) or ({} if phrase.verb else request.verbs)
    heads = [_meanings_of(word, meanings) for word in phrase.heads]
    return Subrequest(
        RequestVerb(phrase.verb, _meanings_of(phrase.verb, meanings), kinds),
        phrase.heads,
        tuple(reversed(heads) if request.language == "fr" else heads),
        replace(request, terms=terms, verbs=verbs),
        phrase.verb in book.general or (not kinds and request.general),
    )


def _separate(
    phrases: Iterable[VerbPhrase], meanings: Meanings, path_terms: Collection[str]
) -> Iterable[VerbPhrase]:
    """The phrases, those of one verb as one where the document does not know all objects."""
    by_verb: dict[tuple[int, str], list[VerbPhrase]] = {}
    for phrase in phrases:
        by_verb.setdefault((phrase.clause, phrase.verb), []).append(phrase)
    for group in by_verb.values():
        if len(group) == 1 or all(_in_paths(phrase, meanings, path_terms) for phrase in group):
            yield from group
        else:
            heads = tuple(word for phrase in group for word in phrase.heads)
            complements = tuple(word for phrase in group for word in phrase.complements)
            yield replace(group[0], heads=heads, complements=complements)


def _in_paths(phrase: VerbPhrase, meanings: Meanings, path_terms: Collection[str]) -> bool:
    """Whether the document's paths have the object, in one word or in several."""
    stems = (_meanings_of(word, meanings) for word in phrase.heads)
    joined = stem("".join(phrase.heads))
    return joined in path_terms or any(not word.isdisjoint(path_terms) for word in stems)


def _meanings(request: ParsedRequest, path_terms: Collection[str]) -> dict[str, frozenset[str]]:
    """Base form -> the stems that the word may mean, with those of its synonyms where the
    document's paths do not have the word itself."""
    literal: dict[str, set[str]] = {}
    synonyms: dict[str, set[str]] = {}
    for name, term in request.terms.items():
        if not term.broader:
            stems = synonyms if term.synonym else literal
            stems.setdefault(base_form(term.word.strip()), set()).add(name)
    return {
        word: frozenset(own if own & set(path_terms) else own | synonyms.get(word, set()))
        for word, own in literal.items()
    }


def _meanings_of(word: str, meanings: Meanings) -> frozenset[str]:
    return meanings.get(base_form(word), frozenset({stem(word)}))


def _base_forms(words: Iterable[str]) -> frozenset[str]:
    return frozenset(base_form(word.strip()) for word in words if word)
