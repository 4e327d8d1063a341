"""From a request to the operations to plan, by the API document alone.

The request is taken apart by its verbs; each part brings the operations that answer it best, and
each of those what gives it its ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.verbs import verb_class
from noctule.planning.search.ranking import Ranked, Ranking
from noctule.planning.search.resource_paths import MANAGING, Homes
from noctule.planning.search.scoring import Score
from noctule.planning.search.subrequests import asks, things

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.planning.language.request import Request
    from noctule.planning.search.resource_paths import Verb
    from noctule.planning.search.scoring import Scores
    from noctule.planning.search.subrequests import Ask

MAX_OPERATIONS = 7
MAX_CANDIDATES = 12
_ALIKE = 0.9
"""The share of the best score from which another operation is meant as well."""
_ALIKE_OF_MATTER = 0.6
"""The same for a request that asks for a matter as a whole."""
_CIRCUMSTANCE = 1 / 3
_ANOTHER_ACT = 0.5
"""What confidence keeps where something is to be created, and what was found creates nothing."""
_CREATE = ("create",)
_OTHER_ACTS = frozenset({"search", "get", "list", "delete"})
_ANSWERS = 0.4
"""The weight from which a term counts as an answer to its word."""

Verdict = Literal["chosen", "source", "weaker", "full"]
"""Planned for its words, planned for the ids it gives, not as good as others, no more room."""


@dataclass(frozen=True)
class Candidate:
    """An operation that was looked at, and what became of it."""

    ranked: Ranked
    verdict: Verdict

    @property
    def operation(self) -> ApiOperation:
        return self.ranked.operation


@dataclass(frozen=True)
class Discovery:
    candidates: tuple[Candidate, ...]
    """The planned ones in the plan's order, then the best of those left out."""
    confidence: float
    """The share of what was asked that the chosen operations speak of, from 0 to 1."""

    @property
    def chosen(self) -> tuple[Ranked, ...]:
        """At most seven, sources of ids included."""
        planned = ("chosen", "source")
        return tuple(one.ranked for one in self.candidates if one.verdict in planned)

    @property
    def nearest(self) -> tuple[ApiOperation, ...]:
        """The best operations, chosen or not, for a question."""
        scored = [one for one in self.candidates if one.verdict != "source"]
        scored.sort(key=lambda one: -one.ranked.score.value)
        return tuple(one.operation for one in scored[:MAX_OPERATIONS])


def discover(document: ApiDocument, request: Request) -> Discovery:
    """The operations to plan for `request`, and those that came near."""
    ranking = Ranking(document)
    whole = ranking.scores(request)
    meant: dict[str, tuple[Score, Scores]] = {}
    creating: dict[str, bool] = {}
    for ask, score, scores in _answers(ranking, request):
        meant.setdefault(score.operation.key, (score, scores))
        if ask.verb.kinds == _CREATE and not ask.general:
            creates = verb_class(score.operation) not in _OTHER_ACTS
            creating[ask.verb.word] = creating.get(ask.verb.word, False) or creates
    steps: dict[str, Ranked] = {}
    for key, (score, scores) in meant.items():
        for source in ranking.chain(score.operation, scores, ways=1, at_hand={*meant, *steps}):
            if source.operation.key not in meant:
                steps.setdefault(source.operation.key, source)
        steps[key] = Ranked(score)
    candidates = tuple(_judged(list(steps.values()), whole))
    known = ranking.index.rarity.keys()
    confidence = _coverage([score for score, _ in meant.values()], request, known)
    return Discovery(candidates, confidence * (1.0 if all(creating.values()) else _ANOTHER_ACT))


def _judged(steps: list[Ranked], whole: Scores) -> Iterator[Candidate]:
    room = MAX_OPERATIONS - sum(not one.parameter for one in steps)
    sources = [one.operation.key for one in steps if one.parameter][: max(0, room)]
    fitting = [one for one in steps if not one.parameter or one.operation.key in sources]
    for one in fitting[:MAX_OPERATIONS]:
        yield Candidate(one, "source" if one.parameter else "chosen")
    for one in steps:
        if one not in fitting[:MAX_OPERATIONS]:
            yield Candidate(one, "full")
    taken = {one.operation.key for one in steps}
    others = [score for score in whole.ordered() if score.operation.key not in taken]
    for score in others[: max(0, MAX_CANDIDATES - len(steps))]:
        yield Candidate(Ranked(score), "weaker")


def _answers(ranking: Ranking, request: Request) -> Iterator[tuple[Ask, Score, Scores]]:
    """The operations meant by each act of the request, and by which scores: those that the thing's
    home has for it, else the best."""
    parts = [(ask, ranking.scores(ask.request)) for ask in asks(request, ranking.index.path_terms)]
    homes = Homes(ranking.index)
    for ask, scores in parts:
        same = {a.verb.word: (a.verb, s) for a, s in parts if a.thing == ask.thing and a.verb.word}
        if ask.general and ask.verb.word:
            same = {verb.word: (verb, scores) for verb in MANAGING}
        placed = _at_home(homes, ask, same)
        wanted = placed if ask.general else {ask.verb.word} & placed.keys()
        for word in wanted:
            yield ask, scores.by_key.get(placed[word].key) or Score(placed[word], 0.0), scores
        if not wanted:
            yield from ((ask, score, scores) for score in _best(scores, ask))


def _at_home(
    homes: Homes, ask: Ask, same: Mapping[str, tuple[Verb, Scores]]
) -> Mapping[str, ApiOperation]:
    if not (same and ask.heads):
        return {}

    def worth(verb: Verb, operation: ApiOperation) -> float:
        scores = same[verb.word][1]
        return scores[operation.key] / (scores.best or 1.0)

    return homes.doing([verb for verb, _ in same.values()], ask.heads, worth)


def _best(scores: Scores, ask: Ask) -> list[Score]:
    """The best one and those about as good, by the methods that the verb goes by where some have
    them; all that touch the matter for a general request."""
    share = _ALIKE_OF_MATTER if ask.general else _ALIKE
    methods = {m for kind in ask.verb.kinds for m in lexicon().verb_methods[kind]}
    spoken = [score for score in scores.ordered() if score.parts]
    doing = [score for score in spoken if score.operation.method in methods] or spoken
    return [s for s in doing[:MAX_OPERATIONS] if s.value >= share * doing[0].value]


def _said(score: Score, request: Request) -> set[str]:
    """The words of the request that the operation answers, by whichever of their meanings."""
    terms = (request.terms[term] for term in score.terms if term in request.terms)
    return {term.word for term in terms if term.weight >= _ANSWERS}


def _coverage(chosen: list[Score], request: Request, vocabulary: Collection[str]) -> float:
    """The share of the things asked for that the chosen operations speak of; what the document
    never mentions may be circumstance, and counts a third. 0 where it mentions none of them."""
    said = things(request.terms).items()
    asked = {t.word: t.weight for _, t in said if not (t.synonym or t.broader)}
    known = {t.word for name, t in said if not t.broader and name in vocabulary}
    if not asked.keys() & known:
        return 0.0
    spoken = {word for score in chosen for word in _said(score, request)}
    weights = {word: w * (1 if word in known else _CIRCUMSTANCE) for word, w in asked.items()}
    return sum(w for word, w in weights.items() if word in spoken) / sum(weights.values())
