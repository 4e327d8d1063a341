"""Which operations a request takes, best first: what speaks of it, and what that cannot do without.

Operations are taken one by one: the one that says most of what nothing before it has said, behind
those that give it its ids. "What does the lead actor of Titanic look like" names images and an
actor; that it takes a search for the film is nowhere in its words.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.search.index import Index
from noctule.planning.search.resources import Resources
from noctule.planning.search.scoring import Score, Scores

if TYPE_CHECKING:
    from collections.abc import Collection

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.planning.language.request import Request
    from noctule.planning.search.resources import Need, Source

_AGAIN = 0.7
"""What a word is still worth for each operation before that has answered it."""
_SOURCES = 2
"""How many ways to the same id are looked at."""
_ALSO = 0.9
"""The share of the best way's worth from which another is taken as well."""
_DEPTH = 2
"""Sources, and the sources of what those need."""
_WORDS = 0.6
"""The share of a source's worth that hangs on its own words."""
_UNSAID = 0.6
"""What a way is worth for each id that it wants beyond those at hand."""
_CALLER = 1.5
"""What the caller's own id is worth more than anybody's."""
_WAYS = {"search": 0.7, "list": 0.8, "get": 0.75, "create": 0.55}
_BY_NAME = {"search": 1.0, "list": 0.6, "get": 0.6, "create": 0.4}
"""How well ids are come by in each way, without and with a name to search for."""
_ELSEWHERE = 0.9
"""What reading is worth where it is not of the very collection in which the id is looked up."""
_MINE, _OTHERWISE = 1.2, 0.3


@dataclass(frozen=True)
class Ranked:
    score: Score
    """By its own words; of value 0 where it only gives ids."""
    parameter: str = ""
    """The parameter that it is there to fill; "" where its words brought it."""
    consumer: str = ""
    """The key of the operation with that parameter."""

    @property
    def operation(self) -> ApiOperation:
        return self.score.operation


class Ranking:
    """A document, ready to be ranked for any request."""

    def __init__(self, document: ApiDocument) -> None:
        self.index = Index(document.operations.values())
        self.resources = Resources(self.index)

    def scores(self, request: Request) -> Scores:
        return Scores(self.index, self.resources, request)

    def rank(self, request: Request, k: int) -> list[Ranked]:
        """The first `k` operations; fewer where no others have anything to do with the request."""
        scores = self.scores(request)
        left = scores.ordered()
        covered: Counter[str] = Counter()
        found: dict[str, Ranked] = {}
        while left and len(found) < k:
            score = max(left, key=lambda one: _gain(one, covered))
            left.remove(score)
            covered.update(part.word for part in score.parts)
            for source in self.chain(score.operation, scores):
                found.setdefault(source.operation.key, source)
            found[score.operation.key] = Ranked(score)
        return list(found.values())[:k]

    def chain(
        self,
        operation: ApiOperation,
        scores: Scores,
        ways: int = _SOURCES,
        depth: int = _DEPTH,
        at_hand: Collection[str] = (),
    ) -> list[Ranked]:
        """What gives the operation its ids, each behind what it needs itself; nothing for those
        that an operation `at_hand` (keys) gives anyway."""
        chain: list[Ranked] = []
        key = operation.key
        for need in (*self.resources.needs[key], *self.resources.inputs[key]):
            found = self._ways(operation, need, scores)
            if any(way.certainty == 1 and way.operation.key in at_hand for _, way in found):
                continue
            found = found[:ways]
            for worth, source in found:
                if worth < _ALSO * found[0][0]:
                    break
                if depth > 1:
                    chain += self.chain(source.operation, scores, ways, depth - 1, at_hand)
                own = scores.by_key.get(source.operation.key) or Score(source.operation, 0.0)
                chain.append(Ranked(own, need.parameter, key))
        return chain

    def _ways(
        self, operation: ApiOperation, need: Need, scores: Scores
    ) -> list[tuple[float, Source]]:
        """The sources of the id, each with its worth, best first."""
        sources = self.resources.sources(operation, need)
        found = [(self._worth(source, need, scores), source) for source in sources]
        return sorted(found, key=lambda way: -way[0])

    def _worth(self, source: Source, need: Need, scores: Scores) -> float:
        operation = source.operation
        ways = _BY_NAME if scores.request.names else _WAYS
        way = ways.get(self.index.verbs[operation.key], _OTHERWISE)
        reads = operation.method == "GET" and self.index.verbs[operation.key] != "search"
        if reads and operation.path != need.prefix:
            way *= _ELSEWHERE
        if operation.method == "GET" and scores.is_mine(operation):
            way = _MINE
        words = scores[operation.key] / (scores.best or 1.0)
        worth = source.certainty * way * (1 - _WORDS + _WORDS * words)
        if self.resources.is_caller(operation):
            worth *= _CALLER
        return worth * _UNSAID ** self.resources.beyond(operation, need)


def rank(document: ApiDocument, request: Request, k: int = 10) -> list[Ranked]:
    """The `k` operations of `document` that `request` most likely takes, best first.

    The order is that of what each adds: an operation that gives an id stands before the one that
    needs it. Deterministic; ties in document order.
    """
    return Ranking(document).rank(request, k)


def _gain(score: Score, covered: Counter[str]) -> float:
    words = sum(part.score for part in score.parts)
    if not words:
        return score.value
    fresh = sum(part.score * _AGAIN ** covered[part.word] for part in score.parts)
    return score.value * fresh / words
