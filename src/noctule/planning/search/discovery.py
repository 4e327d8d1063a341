"""From a request to the operations to plan, by the API document alone.

The request is split into subrequests. Each brings the operations that match it best, and each
operation those that return the ids it needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.verbs import verb_class
from noctule.planning.search.ranking import OperationRanking, RankedOperation
from noctule.planning.search.resource_paths import MANAGING, ResourcePaths
from noctule.planning.search.subrequests import object_terms, subrequests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.search.resource_paths import RequestVerb
    from noctule.planning.search.scoring import OperationScore, OperationScores
    from noctule.planning.search.subrequests import Subrequest

MAX_OPERATIONS = 7
MAX_CANDIDATES = 12
_AS_GOOD = 0.9
"""The share of the best score from which another operation is meant as well."""
_AS_GOOD_IF_GENERAL = 0.6
"""The same for a request about a whole subject."""
_NOT_IN_DOCUMENT = 1 / 3
"""The weight of a word that the document does not have: it may be circumstance."""
_NOT_CREATED = 0.5
"""What confidence keeps where something is to be created and no operation creates anything."""
_CREATE = ("create",)
_OTHER_KINDS = frozenset({"search", "get", "list", "delete"})
_MATCHES = 0.4
"""The weight from which a term counts as a match for its word."""

Verdict = Literal["chosen", "source", "weaker", "full"]
"""Planned for its words, planned for the ids it returns, weaker than others, no more room."""


@dataclass(frozen=True)
class Candidate:
    """An operation that was considered, and the decision about it."""

    ranked: RankedOperation
    verdict: Verdict

    @property
    def operation(self) -> ApiOperation:
        return self.ranked.operation


@dataclass(frozen=True)
class Discovery:
    candidates: tuple[Candidate, ...]
    """The planned ones in the plan's order, then the best of those left out."""
    confidence: float
    """The share of the request that the chosen operations cover, from 0 to 1."""

    @property
    def chosen(self) -> tuple[RankedOperation, ...]:
        """At most seven, sources of ids included."""
        planned = ("chosen", "source")
        return tuple(c.ranked for c in self.candidates if c.verdict in planned)

    @property
    def nearest(self) -> tuple[ApiOperation, ...]:
        """The best operations, chosen or not, for a question."""
        scored = [candidate for candidate in self.candidates if candidate.verdict != "source"]
        scored.sort(key=lambda candidate: -candidate.ranked.score.value)
        return tuple(candidate.operation for candidate in scored[:MAX_OPERATIONS])


def discover(document: ApiDocument, request: ParsedRequest) -> Discovery:
    """The operations to plan for `request`, and those that came near."""
    ranking = OperationRanking(document)
    all_scores = ranking.scores(request)
    matches: dict[str, tuple[OperationScore, OperationScores]] = {}
    creates: dict[str, bool] = {}
    for part, score, scores in _matches(ranking, request):
        matches.setdefault(score.operation.key, (score, scores))
        if part.verb.kinds == _CREATE and not part.general:
            creating = verb_class(score.operation) not in _OTHER_KINDS
            creates[part.verb.word] = creates.get(part.verb.word, False) or creating
    steps: dict[str, RankedOperation] = {}
    for key, (score, scores) in matches.items():
        at_hand = {*matches, *steps}
        for source in ranking.chain(score.operation, scores, sources=1, at_hand=at_hand):
            if source.operation.key not in matches:
                steps.setdefault(source.operation.key, source)
        steps[key] = RankedOperation(score)
    candidates = tuple(_candidates(list(steps.values()), all_scores))
    vocabulary = ranking.index.rarity.keys()
    confidence = _coverage([score for score, _ in matches.values()], request, vocabulary)
    return Discovery(candidates, confidence * (1.0 if all(creates.values()) else _NOT_CREATED))


def _candidates(steps: list[RankedOperation], scores: OperationScores) -> Iterator[Candidate]:
    room = MAX_OPERATIONS - sum(not step.parameter for step in steps)
    sources = [step.operation.key for step in steps if step.parameter][: max(0, room)]
    fitting = [step for step in steps if not step.parameter or step.operation.key in sources]
    planned = fitting[:MAX_OPERATIONS]
    for step in planned:
        yield Candidate(step, "source" if step.parameter else "chosen")
    for step in steps:
        if step not in planned:
            yield Candidate(step, "full")
    keys = {step.operation.key for step in steps}
    others = [score for score in scores.ordered() if score.operation.key not in keys]
    for score in others[: max(0, MAX_CANDIDATES - len(steps))]:
        yield Candidate(RankedOperation(score), "weaker")


def _matches(
    ranking: OperationRanking, request: ParsedRequest
) -> Iterator[tuple[Subrequest, OperationScore, OperationScores]]:
    """The operations for each subrequest, and the scores that they come from: those that the
    object's path has for its verb, else the best."""
    parts = [
        (part, ranking.scores(part.request))
        for part in subrequests(request, ranking.index.path_terms)
    ]
    paths = ResourcePaths(ranking.index)
    for part, scores in parts:
        verbs = {
            other.verb.word: (other.verb, other_scores)
            for other, other_scores in parts
            if other.object == part.object and other.verb.word
        }
        if part.general and part.verb.word:
            verbs = {verb.word: (verb, scores) for verb in MANAGING}
        operations = _at_path(paths, part, verbs)
        words = operations if part.general else {part.verb.word} & operations.keys()
        for word in words:
            yield part, scores.of(operations[word]), scores
        if not words:
            yield from ((part, score, scores) for score in _best(scores, part))


def _at_path(
    paths: ResourcePaths,
    part: Subrequest,
    verbs: Mapping[str, tuple[RequestVerb, OperationScores]],
) -> Mapping[str, ApiOperation]:
    if not (verbs and part.heads):
        return {}

    def worth(verb: RequestVerb, operation: ApiOperation) -> float:
        scores = verbs[verb.word][1]
        return scores[operation.key] / (scores.best or 1.0)

    return paths.operations_for([verb for verb, _ in verbs.values()], part.heads, worth)


def _best(scores: OperationScores, part: Subrequest) -> list[OperationScore]:
    """The best one and those about as good, with a method that fits the verb where some have one;
    for a general request all that match it."""
    share = _AS_GOOD_IF_GENERAL if part.general else _AS_GOOD
    methods = {method for kind in part.verb.kinds for method in lexicon().verb_methods[kind]}
    matching = [score for score in scores.ordered() if score.matches]
    fitting = [score for score in matching if score.operation.method in methods] or matching
    return [s for s in fitting[:MAX_OPERATIONS] if s.value >= share * fitting[0].value]


def _matched_words(score: OperationScore, request: ParsedRequest) -> set[str]:
    """The words of the request that the operation matches, by whichever of their meanings."""
    terms = (request.terms[term] for term in score.terms if term in request.terms)
    return {term.word for term in terms if term.weight >= _MATCHES}


def _coverage(
    chosen: list[OperationScore], request: ParsedRequest, vocabulary: Collection[str]
) -> float:
    """The share of the request's objects that the chosen operations match; a word that the document
    never mentions counts a third. 0 where it mentions none of them."""
    terms = object_terms(request.terms).items()
    weights = {t.word: t.weight for _, t in terms if not (t.synonym or t.broader)}
    in_document = {t.word for name, t in terms if not t.broader and name in vocabulary}
    if not weights.keys() & in_document:
        return 0.0
    matched = {word for score in chosen for word in _matched_words(score, request)}
    for word in weights.keys() - in_document:
        weights[word] *= _NOT_IN_DOCUMENT
    return sum(w for word, w in weights.items() if word in matched) / sum(weights.values())
