"""The need of a pack that a request is about, and the operations for it.

A request may be general ("manage our refunds": the need's own operations) or name actions ("refund
a payment": just that one). An action is named where the request has every word of one of the
operation's phrases; a need where it has words of the need's phrases.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.request import rewrite_words
from noctule.planning.language.stemming import base_form, stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.planning.language.request import ParsedRequest
    from noctule.providers import Need, OperationFact, Pack

PackPhrase = tuple[str, *tuple[str, ...]]

_SAME_BASE, _SAME_STEM, _SAME_VERB, _SAME_MEANING = 0.95, 0.8, 0.4, 0.6
_MIN_SHARE = 0.5
"""The share of the best operation's score below which another operation is not meant."""
_MIN_SHARE_SAME_WORD = 0.8
"""The same share, where both match the same word of the request."""
_FIRST_VERB = 1.2
"""The factor for an operation that does what the request's first verb says."""
_NEED_OF_OPERATION = 0.5
"""What a named operation adds to the needs that it belongs to, as a share of its score."""


@dataclass(frozen=True)
class PackSelection:
    need: Need | None
    operations: tuple[OperationFact, ...]
    words: Mapping[str, tuple[str, ...]]
    """Operation key -> the words of the request that named it; absent for the need's own."""
    confidence: float
    rivals: tuple[Need, ...]
    """The needs that fit, best first."""


@dataclass(frozen=True)
class _Match:
    score: float
    words: frozenset[str]
    is_action: bool = False
    """Whether one of its words is a verb, or it is a single word exactly as written."""


_NOTHING = _Match(0.0, frozenset())


def select_operations(pack: Pack, request: ParsedRequest) -> PackSelection:
    """The need and the operations of `pack` that `request` is about."""
    matcher = _PackMatcher(pack, request)
    matches = {key: matcher.match_operation(fact) for key, fact in pack.operations.items()}
    named = _named_operations(matches)
    scores = {need.id: matcher.match_need(need).score for need in pack.needs.values()}
    for candidate in pack.needs.values():
        own = [named[key].score for key in candidate.operations if key in named]
        scores[candidate.id] += _NEED_OF_OPERATION * sum(own)
    rivals = sorted(
        (candidate for candidate in pack.needs.values() if scores[candidate.id] > 0),
        key=lambda candidate: -scores[candidate.id],
    )
    need = rivals[0] if rivals else None
    if need and (request.general or _words(named) <= matcher.label_words(need)):
        named = {}
    keys = list(named) or (_operations_of_need(pack, need, request) if need else [])
    return PackSelection(
        need=need,
        operations=tuple(pack.operations[key] for key in keys),
        words={key: tuple(sorted(match.words)) for key, match in named.items()},
        confidence=_confidence([scores[rival.id] for rival in rivals], named=bool(named)),
        rivals=tuple(rivals),
    )


def _named_operations(matches: Mapping[str, _Match]) -> dict[str, _Match]:
    """The operations that the request names, best first, without those that others match better."""
    best = max((match.score for match in matches.values()), default=0.0)
    named = {key: m for key, m in matches.items() if m.score > 0 and m.score >= _MIN_SHARE * best}
    action_words = _words({key: m for key, m in named.items() if m.is_action})
    named = {key: m for key, m in named.items() if m.is_action or not m.words <= action_words}
    strongest = {
        key: match
        for key, match in named.items()
        if not any(_is_weaker(match, other) for other in named.values())
    }
    return dict(sorted(strongest.items(), key=lambda item: -item[1].score))


def _is_weaker(match: _Match, other: _Match) -> bool:
    """Whether `other` shares words with the match and fits them clearly better."""
    share = 1 if match.words == other.words else _MIN_SHARE_SAME_WORD
    return bool(match.words & other.words) and match.score < other.score * share


def _words(matches: Mapping[str, _Match]) -> frozenset[str]:
    return frozenset[str]().union(*(match.words for match in matches.values()))


def _operations_of_need(pack: Pack, need: Need, request: ParsedRequest) -> list[str]:
    """The need's operations; for a specific request those that do what its verbs say, if any."""
    if request.general or not request.specific:
        return list(need.operations)
    fitting = [
        key for key in need.operations if set(_kinds(pack.operations[key])) & request.verbs.keys()
    ]
    return fitting or list(need.operations)


def _kinds(fact: OperationFact) -> tuple[str, ...]:
    """The classes of the verb that the operation's name begins with."""
    return lexicon().verbs.get(words(fact.name)[0], ())


def _confidence(scores: list[float], *, named: bool) -> float:
    """1 where one need fits alone, 0.5 where two fit equally; named operations give 0.8 or more."""
    if not scores:
        return 0.9 if named else 0.0
    second = scores[1] if len(scores) > 1 else 0.0
    confidence = 0.5 + 0.5 * (scores[0] - second) / scores[0]
    return max(confidence, 0.8) if named else confidence


class _PackMatcher:
    """How well the phrases of one pack fit one request."""

    def __init__(self, pack: Pack, request: ParsedRequest) -> None:
        self.request = request
        self.stems = {stem(word): word for word in request.words}
        self.pack_names = frozenset(words(" ".join((pack.name, pack.id))))
        self.operations = {
            key: self.phrases(_operation_texts(fact)) for key, fact in pack.operations.items()
        }
        self.needs = {key: self.phrases(_need_texts(need)) for key, need in pack.needs.items()}
        groups = [*self.operations.values(), *self.needs.values()]
        frequencies = Counter(w for phrases in groups for w in {w for p in phrases for w in p})
        self.rarity = {word: math.log(1 + len(groups) / n) for word, n in frequencies.items()}

    def phrases(self, texts: Iterable[str]) -> tuple[PackPhrase, ...]:
        book = lexicon()
        skip = (book.function["en"] | book.function["fr"] | self.pack_names) - book.verbs.keys()
        phrases: list[PackPhrase] = []
        for text in texts:
            all_words = rewrite_words(text)
            first, *rest = [w for w in all_words if w not in skip and len(w) > 1] or [""]
            if rest or (first and len(all_words) == 1):
                phrases.append((first, *rest))
        return tuple(dict.fromkeys(phrases))

    def match_operation(self, fact: OperationFact) -> _Match:
        """The best phrase of the operation of which the request has every word."""
        matches = [
            self.match(phrase)
            for phrase in self.operations[fact.key]
            if len(phrase) > 1 or phrase[0] in self.request.written
        ]
        best = max(matches, key=lambda match: match.score, default=_NOTHING)
        leads = set(_kinds(fact)) & set(self.request.leading_kinds)
        return replace(best, score=best.score * _FIRST_VERB) if leads else best

    def match_need(self, need: Need) -> _Match:
        """All phrases of the need of which the request has every word; each word counts once."""
        best: dict[str, float] = {}
        for phrase in self.needs[need.id]:
            if self.match(phrase).score:
                for word in phrase:
                    match, level = self.level(word)
                    best[match] = max(best.get(match, 0.0), level * self.rarity[word])
        return _Match(sum(best.values()), frozenset(best))

    def label_words(self, need: Need) -> frozenset[str]:
        """The words of the request that are the need's label, where it has the whole label."""
        labels = (self.match(phrase) for phrase in self.phrases((need.en, need.fr)))
        return frozenset[str]().union(*(label.words for label in labels))

    def match(self, phrase: PackPhrase) -> _Match:
        levels = [(word, *self.level(word)) for word in phrase]
        matched = frozenset(match for _, match, _ in levels)
        verbs = [word in lexicon().verbs for word in phrase]
        if not all(level for _, _, level in levels) or len(matched) < len(phrase):
            return _NOTHING
        if all(verbs) and len(phrase) > 1:
            return _NOTHING
        score = sum(level * self.rarity[word] for word, _, level in levels)
        return _Match(score, matched, is_action=len(phrase) == 1 or any(verbs))

    def level(self, word: str) -> tuple[str, float]:
        """The word of the request that matches `word`, and how certainly, from 0 to 1."""
        request = self.request
        if word in request.written:
            return base_form(word), 1.0
        if base_form(word) in request.words:
            return base_form(word), _SAME_BASE
        if stem(word) in self.stems:
            return base_form(self.stems[stem(word)]), _SAME_STEM
        for kind in lexicon().verbs.get(word, ()):
            if kind in request.verbs:
                return base_form(request.verbs[kind]), _SAME_VERB
        term = request.terms.get(stem(word))
        if term:
            return base_form(term.word), _SAME_MEANING * term.weight
        return "", 0.0


def _operation_texts(fact: OperationFact) -> tuple[str, ...]:
    return (fact.name, fact.en, fact.fr, *fact.words_en, *fact.words_fr)


def _need_texts(need: Need) -> tuple[str, ...]:
    return (need.id, need.en, need.fr, *need.words_en, *need.words_fr)
