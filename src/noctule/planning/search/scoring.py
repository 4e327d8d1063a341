"""The score of each operation for a request: its words, times what counts for and against it.

The words come from the index. Each factor is one thing that a person would consider as well: does
it do what the verb says, does the request mention what it needs, whose objects is it about.
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
    from noctule.planning.language.request import ParsedRequest
    from noctule.planning.search.index import OperationIndex, TermMatch
    from noctule.planning.search.resource_graph import RequiredId, ResourceGraph

_OTHER_PATH = 0.4
"""What an operation loses whose path has none of the request's words."""
_VERB = 1.25
"""It does what a verb of the request says."""
_COMMAND, _LIKE_COMMAND = 1.5, 1.2
"""Its summary begins with the very word, or with one of the same meaning."""
_DEPRECATED = 0.5
_UNMENTIONED = 0.6
"""What remains for each id of an object that the request does not mention."""
_LIST_ALL = 0.4
"""What remains of a list where the request names one object, which is found by searching."""
_QUESTION, _NO_CHANGE = 0.4, 0.8
"""What remains of a change where the request is a question, or where none of its verbs changes
anything."""
_OWN = 1.5
"""It is about something that the request calls the caller's own."""
_ITSELF = 0.45
"""The share of the best score that reading an object gets, where the request mentions it."""
_SEARCH = 0.15
"""The share that searching gets, where the request has a proper name."""
_CHANGES = frozenset({"create", "update", "delete", "send"})


@dataclass(frozen=True)
class ScoreFactor:
    name: str
    value: float


@dataclass(frozen=True)
class OperationScore:
    operation: ApiOperation
    value: float
    matches: tuple[TermMatch, ...] = ()
    """The words that it has, before the factors."""
    factors: tuple[ScoreFactor, ...] = ()
    floor: str = ""
    """Why the value is at least that: "itself" or "named"; "" where the words are the reason."""

    @property
    def terms(self) -> tuple[str, ...]:
        """The stems of the request's words that it matches, the heaviest first."""
        return tuple(match.term for match in self.matches)


class OperationScores:
    """The scores of all operations of a document for one request."""

    def __init__(self, index: OperationIndex, graph: ResourceGraph, request: ParsedRequest) -> None:
        self.index = index
        self.graph = graph
        self.request = request
        scores = (self._score(operation) for operation in index.operations)
        self.by_key = {score.operation.key: score for score in scores if score.matches}
        self.best = max((score.value for score in self.by_key.values()), default=0.0)
        self._apply_floors()

    def __getitem__(self, key: str) -> float:
        score = self.by_key.get(key)
        return score.value if score else 0.0

    def ordered(self) -> list[OperationScore]:
        """Best first; ties in document order."""
        return sorted(self.by_key.values(), key=lambda score: -score.value)

    def of(self, operation: ApiOperation) -> OperationScore:
        """The operation's score; of value 0 where it has none."""
        return self.by_key.get(operation.key) or OperationScore(operation, 0.0)

    def is_own(self, operation: ApiOperation) -> bool:
        """Whether it is about something that the request calls the caller's own."""
        resource = self.index.resources[operation.key]
        synonyms = lexicon().synonyms
        return self.graph.belongs_to_caller(operation) and any(
            resource & {own, *synonyms.get(own, ())} for own in self.request.own
        )

    def _score(self, operation: ApiOperation) -> OperationScore:
        matches = self.index.matches(operation, self.request)
        if not matches:
            return OperationScore(operation, 0.0)
        factors = tuple(factor for factor in self._factors(operation) if factor.value != 1)
        value = sum(match.score for match in matches) * math.prod(f.value for f in factors)
        return OperationScore(operation, value, matches, factors)

    def _factors(self, operation: ApiOperation) -> Iterator[ScoreFactor]:
        request, kind = self.request, self.index.verbs[operation.key]
        path = self.index.paths[operation.key]
        unmatched = len(path - request.terms.keys()) / len(path) if path else 0.0
        yield ScoreFactor("path", 1 - _OTHER_PATH * unmatched)
        yield ScoreFactor("verb", _VERB if kind in request.verbs else 1)
        yield ScoreFactor("deprecated", _DEPRECATED if operation.deprecated else 1)
        yield ScoreFactor("unmentioned", self._unmentioned_ids(operation))
        yield ScoreFactor("list_all", _LIST_ALL if self._lists_all(operation) else 1)
        if operation.method != "GET" and kind not in request.verbs:
            change = 1 if request.verbs.keys() & _CHANGES else _NO_CHANGE
            yield ScoreFactor("question", _QUESTION if request.is_question else change)
        yield ScoreFactor("own", _OWN if self.is_own(operation) else 1)
        yield ScoreFactor("command", self._command(operation))

    def _unmentioned_ids(self, operation: ApiOperation) -> float:
        unmentioned = [
            required
            for required in self.graph.required[operation.key]
            if required.resource not in self.request.terms
            and not (self.request.proper_names and self._is_searchable(operation, required))
        ]
        return _UNMENTIONED ** len(unmentioned)

    def _lists_all(self, operation: ApiOperation) -> bool:
        reads = operation.method == "GET" and self.index.verbs[operation.key] != "search"
        no_ids = reads and not self.graph.required[operation.key]
        return no_ids and bool(self.request.proper_names) and not self.is_own(operation)

    def _command(self, operation: ApiOperation) -> float:
        first = stem((words(operation.summary) or [""])[0])
        if first in self.request.commands:
            return _COMMAND
        synonyms = lexicon().synonyms.get(first, ())
        return _LIKE_COMMAND if self.request.commands & set(synonyms) else 1

    def _is_searchable(self, operation: ApiOperation, required: RequiredId) -> bool:
        sources = self.graph.sources(operation, required)
        return any(self.index.verbs[source.operation.key] == "search" for source in sources)

    def _apply_floors(self) -> None:
        """Any field of an object that the request mentions may be what is wanted; an object with a
        proper name is found by searching."""
        needed: dict[str, float] = {}
        for score in self.by_key.values():
            for required in self.graph.required[score.operation.key]:
                needed[required.resource] = max(needed.get(required.resource, 0.0), score.value)
        for operation in self.index.operations:
            floor, value = self._floor(operation, needed)
            if self[operation.key] < value:
                score = self.of(operation)
                raised = OperationScore(operation, value, score.matches, score.factors, floor)
                self.by_key[operation.key] = raised

    def _floor(self, operation: ApiOperation, needed: dict[str, float]) -> tuple[str, float]:
        resources = [required.resource for required in self.graph.required[operation.key]]
        if resources and operation.method == "GET" and operation.path.endswith("}"):
            mentioned = all(name in self.request.terms for name in resources)
            worth = self.best if mentioned else min(needed.get(name, 0.0) for name in resources)
            return "itself", _ITSELF * worth
        searches = self.index.verbs[operation.key] == "search"
        if not resources and self.request.proper_names and searches:
            return "named", _SEARCH * self.best
        return "", 0.0
