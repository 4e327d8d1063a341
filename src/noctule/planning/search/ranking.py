"""The operations that a request needs, best first: those it names, and those that give their ids.

Operations are taken one by one: the one that adds most to what the earlier ones cover, after those
that return its ids. "What does the lead actor of Titanic look like" names images and an actor; that
it needs a search for the film is nowhere in its words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.search.index import OperationIndex
from noctule.planning.search.resource_graph import ResourceGraph
from noctule.planning.search.scoring import OperationScore, OperationScores

if TYPE_CHECKING:
    from collections.abc import Collection

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.search.resource_graph import IdSource, RequiredId

_REPEATED = 0.7
"""What a word is still worth for each earlier operation that has matched it."""
_SOURCES = 2
"""How many sources of one id are considered."""
_AS_GOOD = 0.9
"""The share of the best source's worth from which another one is taken as well."""
_DEPTH = 2
"""Sources, and the sources of the ids that those need."""
_OWN_WORDS = 0.6
"""The share of a source's worth that depends on its own words."""
_EXTRA_ID = 0.6
"""What a source is worth for each id that it needs beyond those at hand."""
_CALLER = 1.5
"""How much more the caller's own id is worth than anybody's."""
_BY_VERB = {"search": 0.7, "list": 0.8, "get": 0.75, "create": 0.55}
_BY_VERB_WITH_NAME = {"search": 1.0, "list": 0.6, "get": 0.6, "create": 0.4}
"""How well each class of operation gives ids, without and with a proper name to search for."""
_OTHER_COLLECTION = 0.9
"""What reading is worth outside the collection in which the id is looked up."""
_OWN, _OTHER_VERB = 1.2, 0.3


@dataclass(frozen=True)
class RankedOperation:
    score: OperationScore
    """For its own words; of value 0 where it only returns ids."""
    parameter: str = ""
    """The parameter that it is there to fill; "" where its words are the reason."""
    consumer: str = ""
    """The key of the operation with that parameter."""

    @property
    def operation(self) -> ApiOperation:
        return self.score.operation


class OperationRanking:
    """A document, ready to be ranked for any request."""

    def __init__(self, document: ApiDocument) -> None:
        self.index = OperationIndex(document.operations.values())
        self.graph = ResourceGraph(self.index)

    def scores(self, request: ParsedRequest) -> OperationScores:
        return OperationScores(self.index, self.graph, request)

    def rank(self, request: ParsedRequest, k: int) -> list[RankedOperation]:
        """The first `k` operations; fewer where no others have anything to do with the request."""
        scores = self.scores(request)
        remaining = scores.ordered()
        covered: Counter[str] = Counter()
        ranked: dict[str, RankedOperation] = {}
        while remaining and len(ranked) < k:
            score = max(remaining, key=lambda score: _gain(score, covered))
            remaining.remove(score)
            covered.update(match.word for match in score.matches)
            for source in self.chain(score.operation, scores):
                ranked.setdefault(source.operation.key, source)
            ranked[score.operation.key] = RankedOperation(score)
        return list(ranked.values())[:k]

    def chain(
        self,
        operation: ApiOperation,
        scores: OperationScores,
        sources: int = _SOURCES,
        depth: int = _DEPTH,
        at_hand: Collection[str] = (),
    ) -> list[RankedOperation]:
        """The operations that return the ids it needs, each after those that it needs itself.

        At most `sources` for each id, and none for an id that an operation `at_hand` (keys)
        returns anyway.
        """
        chain: list[RankedOperation] = []
        key = operation.key
        for required in (*self.graph.required[key], *self.graph.inputs[key]):
            weighed = self._weighed_sources(operation, required, scores)
            if any(s.certainty == 1 and s.operation.key in at_hand for _, s in weighed):
                continue
            for worth, source in weighed[:sources]:
                if worth < _AS_GOOD * weighed[0][0]:
                    break
                if depth > 1:
                    chain += self.chain(source.operation, scores, sources, depth - 1, at_hand)
                own = scores.of(source.operation)
                chain.append(RankedOperation(own, required.parameter, key))
        return chain

    def _weighed_sources(
        self, operation: ApiOperation, required: RequiredId, scores: OperationScores
    ) -> list[tuple[float, IdSource]]:
        """The sources of the id, each with its worth, best first."""
        sources = self.graph.sources(operation, required)
        weighed = [(self._worth(source, required, scores), source) for source in sources]
        return sorted(weighed, key=lambda pair: -pair[0])

    def _worth(self, source: IdSource, required: RequiredId, scores: OperationScores) -> float:
        operation = source.operation
        verb = self.index.verbs[operation.key]
        by_verb = _BY_VERB_WITH_NAME if scores.request.proper_names else _BY_VERB
        base = by_verb.get(verb, _OTHER_VERB)
        if operation.method == "GET" and verb != "search" and operation.path != required.prefix:
            base *= _OTHER_COLLECTION
        if operation.method == "GET" and scores.is_own(operation):
            base = _OWN
        words = scores[operation.key] / (scores.best or 1.0)
        worth = source.certainty * base * (1 - _OWN_WORDS + _OWN_WORDS * words)
        if self.graph.is_caller(operation):
            worth *= _CALLER
        return worth * _EXTRA_ID ** self.graph.extra_ids(operation, required)


def rank(document: ApiDocument, request: ParsedRequest, k: int = 10) -> list[RankedOperation]:
    """The `k` operations of `document` that `request` most likely needs, best first.

    The order is that of what each adds: an operation that returns an id comes before the one that
    needs it. Deterministic; ties in document order.
    """
    return OperationRanking(document).rank(request, k)


def _gain(score: OperationScore, covered: Counter[str]) -> float:
    words = sum(match.score for match in score.matches)
    if not words:
        return score.value
    new = sum(match.score * _REPEATED ** covered[match.word] for match in score.matches)
    return score.value * new / words
