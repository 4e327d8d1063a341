"""From a request to a need of a pack, and to the operations it takes.

A request may be general ("manage our refunds": the need's own operations) or name acts ("refund a
payment": just that one). An act is named where every word of one of the operation's phrases is
found in the request; a need is found where the words of its phrases are.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.request import rewritten
from noctule.planning.language.stemming import base_form, stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.planning.language.request import Request
    from noctule.providers import Need, OperationFact, Pack

Phrase = tuple[str, *tuple[str, ...]]

_SAME_NUMBERLESS, _SAME_STEM, _SAME_VERB, _SAME_MEANING = 0.95, 0.8, 0.4, 0.6
_ALIKE = 0.5
"""The share of the best act's score below which another act was hardly meant."""
_MEANT_AS_WELL = 0.8
"""The same share, where both acts rest on the same word of the request."""
_LEADS = 1.2
"""What it adds to an act that it does what the request's first verb says."""
_NEED_OF_OPERATION = 0.5
"""What an operation named outright adds to the needs that hold it, as a share of its score."""


@dataclass(frozen=True)
class Selection:
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
    acts: bool = False
    """Whether one of its words is a verb, or it is the one word as written."""


_NOTHING = _Match(0.0, frozenset())


def select(pack: Pack, request: Request) -> Selection:
    """The need and the operations of `pack` that `request` speaks of."""
    matcher = _Matcher(pack, request)
    acts = _acts({key: matcher.act(fact) for key, fact in pack.operations.items()})
    scores = {need.id: matcher.need(need).score for need in pack.needs.values()}
    for candidate in pack.needs.values():
        named = [acts[key].score for key in candidate.operations if key in acts]
        scores[candidate.id] += _NEED_OF_OPERATION * sum(named)
    rivals = sorted(
        (candidate for candidate in pack.needs.values() if scores[candidate.id] > 0),
        key=lambda candidate: -scores[candidate.id],
    )
    need = rivals[0] if rivals else None
    if need and (request.general or _words(acts) <= matcher.label(need)):
        acts = {}
    keys = list(acts) or (_fitting(pack, need, request) if need else [])
    return Selection(
        need=need,
        operations=tuple(pack.operations[key] for key in keys),
        words={key: tuple(sorted(match.words)) for key, match in acts.items()},
        confidence=_confidence([scores[rival.id] for rival in rivals], named=bool(acts)),
        rivals=tuple(rivals),
    )


def _acts(found: Mapping[str, _Match]) -> dict[str, _Match]:
    """The operations that the request names, best first, without those another says better."""
    best = max((match.score for match in found.values()), default=0.0)
    named = {key: m for key, m in found.items() if m.score > 0 and m.score >= _ALIKE * best}
    said = frozenset(word for match in named.values() if match.acts for word in match.words)
    named = {key: m for key, m in named.items() if m.acts or not m.words <= said}
    kept = {
        key: match
        for key, match in named.items()
        if not any(
            match.words & other.words
            and match.score < other.score * (1 if match.words == other.words else _MEANT_AS_WELL)
            for other in named.values()
        )
    }
    return dict(sorted(kept.items(), key=lambda item: -item[1].score))


def _words(acts: Mapping[str, _Match]) -> frozenset[str]:
    return frozenset[str]().union(*(match.words for match in acts.values()))


def _fitting(pack: Pack, need: Need, request: Request) -> list[str]:
    """The need's operations; those that do what the request's verbs say, where some do."""
    if request.general or not request.particular:
        return list(need.operations)
    fitting = [
        key for key in need.operations if set(_classes(pack.operations[key])) & request.verbs.keys()
    ]
    return fitting or list(need.operations)


def _classes(fact: OperationFact) -> tuple[str, ...]:
    """What the operation does, by the verb its name begins with."""
    return lexicon().verbs.get(words(fact.name)[0], ())


def _confidence(scores: list[float], *, named: bool) -> float:
    """1 where one need stands alone, 0.5 where two fit alike; operations named settle it."""
    if not scores:
        return 0.9 if named else 0.0
    second = scores[1] if len(scores) > 1 else 0.0
    confidence = 0.5 + 0.5 * (scores[0] - second) / scores[0]
    return max(confidence, 0.8) if named else confidence


class _Matcher:
    """How well the phrases of one pack fit one request."""

    def __init__(self, pack: Pack, request: Request) -> None:
        self.request = request
        self.stems = {stem(word): word for word in request.words}
        self.own = frozenset(words(" ".join((pack.name, pack.id))))
        self.acts = {key: self.phrases(_act_texts(o)) for key, o in pack.operations.items()}
        self.needs = {key: self.phrases(_need_texts(need)) for key, need in pack.needs.items()}
        owners = [*self.acts.values(), *self.needs.values()]
        holders = Counter(w for phrases in owners for w in {w for p in phrases for w in p})
        self.rarity = {word: math.log(1 + len(owners) / n) for word, n in holders.items()}

    def phrases(self, texts: Iterable[str]) -> tuple[Phrase, ...]:
        book = lexicon()
        skip = (book.function["en"] | book.function["fr"] | self.own) - book.verbs.keys()
        found: list[Phrase] = []
        for text in texts:
            said = rewritten(text)
            first, *rest = [w for w in said if w not in skip and len(w) > 1] or [""]
            if rest or (first and len(said) == 1):
                found.append((first, *rest))
        return tuple(dict.fromkeys(found))

    def act(self, fact: OperationFact) -> _Match:
        """The best phrase of the operation that the request holds wholly."""
        matches = [
            match
            for phrase in self.acts[fact.key]
            if len(phrase) > 1 or phrase[0] in self.request.written
            for match in [self.whole(phrase)]
        ]
        best = max(matches, key=lambda match: match.score, default=_NOTHING)
        leads = set(_classes(fact)) & set(self.request.leading)
        return replace(best, score=best.score * _LEADS) if leads else best

    def need(self, need: Need) -> _Match:
        """All of the need's phrases that the request holds wholly, each word counted once."""
        best: dict[str, float] = {}
        for phrase in self.needs[need.id]:
            if self.whole(phrase).score:
                for word in phrase:
                    found, level = self.level(word)
                    best[found] = max(best.get(found, 0.0), level * self.rarity[word])
        return _Match(sum(best.values()), frozenset(best))

    def label(self, need: Need) -> frozenset[str]:
        """The words of the request that say what the need is called, where all of it is said."""
        labels = (self.whole(phrase) for phrase in self.phrases((need.en, need.fr)))
        return frozenset[str]().union(*(label.words for label in labels))

    def whole(self, phrase: Phrase) -> _Match:
        levels = [(word, *self.level(word)) for word in phrase]
        found = frozenset(found for _, found, _ in levels)
        verbs = [word in lexicon().verbs for word in phrase]
        if not all(level for _, _, level in levels) or len(found) < len(phrase):
            return _NOTHING
        if all(verbs) and len(phrase) > 1:
            return _NOTHING
        score = sum(level * self.rarity[word] for word, _, level in levels)
        return _Match(score, found, acts=len(phrase) == 1 or any(verbs))

    def level(self, word: str) -> tuple[str, float]:
        """The word of the request that says `word`, and how surely, from 0 to 1."""
        request = self.request
        if word in request.written:
            return base_form(word), 1.0
        if base_form(word) in request.words:
            return base_form(word), _SAME_NUMBERLESS
        if stem(word) in self.stems:
            return base_form(self.stems[stem(word)]), _SAME_STEM
        for kind in lexicon().verbs.get(word, ()):
            if kind in request.verbs:
                return base_form(request.verbs[kind]), _SAME_VERB
        term = request.terms.get(stem(word))
        if term:
            return base_form(term.word), _SAME_MEANING * term.weight
        return "", 0.0


def _act_texts(fact: OperationFact) -> tuple[str, ...]:
    return (fact.name, fact.en, fact.fr, *fact.words_en, *fact.words_fr)


def _need_texts(need: Need) -> tuple[str, ...]:
    return (need.id, need.en, need.fr, *need.words_en, *need.words_fr)
