"""The parts of a request, each ready to be searched for by itself: one act on one thing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.request import Term
from noctule.planning.language.stemming import base_form, stem
from noctule.planning.search.resource_paths import Verb

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.planning.language.phrases import Pair
    from noctule.planning.language.request import Request


@dataclass(frozen=True)
class Ask:
    verb: Verb
    thing: tuple[str, ...]
    """As the request has it."""
    heads: tuple[frozenset[str], ...]
    """The stems that each word of the thing may mean, its noun last."""
    request: Request
    """The request as if it asked for nothing else."""
    general: bool
    """Whether all that has to do with the thing is wanted, not one act."""


def asks(request: Request, known: Collection[str]) -> list[Ask]:
    """The acts that `request` names, in its order. Joined things are asked for one by one where
    the document knows each of them: `known` holds the stems of its paths."""
    meanings = _meanings(request, known)
    parts = list(_apart(request.pairs, meanings, known))
    said = [_words((pair.verb, *pair.heads, *pair.others)) for pair in parts]
    loose = _words(term.word for term in request.terms.values()).difference(*said)
    found: list[Ask] = []
    for at, pair in enumerate(parts):
        beside = loose if at == len(parts) - 1 else frozenset[str]()
        found.append(_ask(request, pair, said[at] | beside, meanings))
    return found


def _ask(
    request: Request, pair: Pair, said: frozenset[str], meanings: Mapping[str, frozenset[str]]
) -> Ask:
    book = lexicon()
    terms = {
        name: replace(term, verb=pair.verb) if not term.acts else term
        for name, term in request.terms.items()
        if base_form(term.word.strip()) in said
    }
    terms |= {
        english: Term(1.0, word, verb=pair.verb)
        for word in pair.heads
        if word in book.intent
        for english in map(stem, book.to_english(word) or (word,))
    }
    kinds = book.verbs.get(pair.verb, ())
    verbs = dict.fromkeys(kinds, pair.verb) or ({} if pair.verb else request.verbs)
    general = pair.verb in book.general or (not kinds and request.general)
    english = meanings.get(base_form(pair.verb), frozenset({stem(pair.verb)}))
    heads = [meanings.get(base_form(word), frozenset({stem(word)})) for word in pair.heads]
    return Ask(
        Verb(pair.verb, english, kinds),
        pair.heads,
        tuple(reversed(heads) if request.language == "fr" else heads),
        replace(request, terms=terms, verbs=verbs),
        general,
    )


def _apart(
    pairs: Iterable[Pair], meanings: Mapping[str, frozenset[str]], known: Collection[str]
) -> Iterable[Pair]:
    """The pairs, those of one verb as one where the document does not know all of the things."""
    joined: dict[tuple[int, str], list[Pair]] = {}
    for pair in pairs:
        joined.setdefault((pair.clause, pair.verb), []).append(pair)
    for together in joined.values():
        if len(together) == 1 or all(_is_known(pair, meanings, known) for pair in together):
            yield from together
        else:
            heads = tuple(word for pair in together for word in pair.heads)
            others = tuple(word for pair in together for word in pair.others)
            yield replace(together[0], heads=heads, others=others)


def _is_known(pair: Pair, meanings: Mapping[str, frozenset[str]], known: Collection[str]) -> bool:
    """Whether the document's paths have the thing, in one word or in several."""
    each = (meanings.get(base_form(word), frozenset({stem(word)})) for word in pair.heads)
    return stem("".join(pair.heads)) in known or any(not said.isdisjoint(known) for said in each)


def _meanings(request: Request, known: Collection[str]) -> dict[str, frozenset[str]]:
    """Word, in the singular -> the stems it may stand for: those of its synonyms where the
    document's paths have not itself."""
    plain: dict[str, set[str]] = {}
    others: dict[str, set[str]] = {}
    for name, term in request.terms.items():
        if not term.broader:
            found = others if term.synonym else plain
            found.setdefault(base_form(term.word.strip()), set()).add(name)
    return {
        word: frozenset(own if own & set(known) else own | others.get(word, set()))
        for word, own in plain.items()
    }


def _words(said: Iterable[str]) -> frozenset[str]:
    return frozenset(base_form(word.strip()) for word in said if word)


def things(terms: Mapping[str, Term]) -> dict[str, Term]:
    """What a request is about: neither its verbs nor its names."""
    return {name: term for name, term in terms.items() if not (term.acts or term.named)}
