"""What each operation is worth to a request by itself: its words, and what speaks for and against.

The words come from the index; each factor is one thing that a person would weigh as well: whether
it does what the verb says, whether what it needs is spoken of, whose things it is about.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiOperation
    from noctule.planning.language.request import Request
    from noctule.planning.search.index import Index, Part
    from noctule.planning.search.resources import Need, Resources

_BESIDE = 0.4
"""What an operation loses whose path speaks of nothing that was asked."""
_VERB = 1.25
"""It does what a verb of the request says."""
_COMMAND, _LIKE_COMMAND = 1.5, 1.2
"""Its summary begins with the very word, or with one of the same meaning."""
_DEPRECATED = 0.5
_UNSAID = 0.6
"""What an operation keeps for each id of a thing that the request does not speak of."""
_ROOTLESS = 0.4
"""What a list keeps where the request names one thing, which is found by searching."""
_QUESTION, _NO_CHANGE = 0.4, 0.8
"""What a change keeps where the request is a question, or where none of its verbs changes."""
_MINE = 1.5
"""It is about what the request says is the caller's own."""
_ITSELF = 0.45
"""The share of the best score that reading a thing is worth, where the thing is spoken of."""
_SEARCH = 0.15
"""The share that searching is worth, where something is named."""
_CHANGES = frozenset({"create", "update", "delete", "send"})


@dataclass(frozen=True)
class Factor:
    name: str
    """The catalogue's message `factor_<name>` says it."""
    value: float


@dataclass(frozen=True)
class Score:
    operation: ApiOperation
    value: float
    parts: tuple[Part, ...] = ()
    """What its words are worth, before the factors."""
    factors: tuple[Factor, ...] = ()
    floor: str = ""
    """Why it is worth that much all the same: "itself" or "named"; "" where its words are why."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The stems of the request's words that it answers, the heaviest first."""
        return tuple(part.term for part in self.parts)


class Scores:
    """All operations of a document against one request."""

    def __init__(self, index: Index, resources: Resources, request: Request) -> None:
        self.index = index
        self.resources = resources
        self.request = request
        scored = (self._score(operation) for operation in index.operations)
        self.by_key = {score.operation.key: score for score in scored if score.parts}
        self.best = max((score.value for score in self.by_key.values()), default=0.0)
        self._raise_things()

    def __getitem__(self, key: str) -> float:
        score = self.by_key.get(key)
        return score.value if score else 0.0

    def ordered(self) -> list[Score]:
        """Best first; ties in document order."""
        return sorted(self.by_key.values(), key=lambda score: -score.value)

    def is_mine(self, operation: ApiOperation) -> bool:
        """Whether it is about what the request says is the caller's own."""
        resource = self.index.resources[operation.key]
        same = lexicon().synonyms
        return self.resources.of_caller(operation) and any(
            resource & {mine, *same.get(mine, ())} for mine in self.request.mine
        )

    def _score(self, operation: ApiOperation) -> Score:
        parts = self.index.matches(operation, self.request)
        if not parts:
            return Score(operation, 0.0)
        factors = tuple(factor for factor in self._factors(operation) if factor.value != 1)
        value = sum(part.score for part in parts) * math.prod(f.value for f in factors)
        return Score(operation, value, parts, factors)

    def _factors(self, operation: ApiOperation) -> Iterator[Factor]:
        request, kind = self.request, self.index.verbs[operation.key]
        path = self.index.paths[operation.key]
        beside = len(path - request.terms.keys()) / len(path) if path else 0.0
        yield Factor("path", 1 - _BESIDE * beside)
        yield Factor("verb", _VERB if kind in request.verbs else 1)
        yield Factor("deprecated", _DEPRECATED if operation.deprecated else 1)
        yield Factor("unsaid", self._within_reach(operation))
        yield Factor("rootless", _ROOTLESS if self._rootless(operation) else 1)
        if operation.method != "GET" and kind not in request.verbs:
            kept = 1 if request.verbs.keys() & _CHANGES else _NO_CHANGE
            yield Factor("question", _QUESTION if request.asks else kept)
        yield Factor("mine", _MINE if self.is_mine(operation) else 1)
        yield Factor("command", self._commanded(operation))

    def _within_reach(self, operation: ApiOperation) -> float:
        unsaid = [
            need
            for need in self.resources.needs[operation.key]
            if need.resource not in self.request.terms
            and not (self.request.names and self._searched(operation, need))
        ]
        return _UNSAID ** len(unsaid)

    def _rootless(self, operation: ApiOperation) -> bool:
        reads = operation.method == "GET" and self.index.verbs[operation.key] != "search"
        alone = reads and not self.resources.needs[operation.key]
        return alone and bool(self.request.names) and not self.is_mine(operation)

    def _commanded(self, operation: ApiOperation) -> float:
        lead = stem((words(operation.summary) or [""])[0])
        if lead in self.request.commands:
            return _COMMAND
        same = lexicon().synonyms.get(lead, ())
        return _LIKE_COMMAND if self.request.commands & set(same) else 1

    def _searched(self, operation: ApiOperation, need: Need) -> bool:
        sources = self.resources.sources(operation, need)
        return any(self.index.verbs[source.operation.key] == "search" for source in sources)

    def _raise_things(self) -> None:
        """Any field of a thing that is spoken of may be what is asked for; what is named is found
        by searching."""
        needed: dict[str, float] = {}
        for score in self.by_key.values():
            for need in self.resources.needs[score.operation.key]:
                needed[need.resource] = max(needed.get(need.resource, 0.0), score.value)
        for operation in self.index.operations:
            floor, value = self._floor(operation, needed)
            if self[operation.key] < value:
                had = self.by_key.get(operation.key) or Score(operation, 0.0)
                raised = Score(operation, value, had.parts, had.factors, floor)
                self.by_key[operation.key] = raised

    def _floor(self, operation: ApiOperation, needed: dict[str, float]) -> tuple[str, float]:
        needs = [need.resource for need in self.resources.needs[operation.key]]
        if needs and operation.method == "GET" and operation.path.endswith("}"):
            spoken = all(need in self.request.terms for need in needs)
            worth = self.best if spoken else min(needed.get(need, 0.0) for need in needs)
            return "itself", _ITSELF * worth
        if not needs and self.request.names and self.index.verbs[operation.key] == "search":
            return "named", _SEARCH * self.best
        return "", 0.0
