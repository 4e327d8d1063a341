"""BM25 over the operations of an API document: which ones match the words of a request.

An operation is a small text in fields of different weight (BM25F): its path and name say what it
is about, its summary what it does, its parameters and description the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.planning.language.verbs import verb_class
from noctule.planning.search.response_terms import pool_category_values, response_terms
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiOperation
    from noctule.planning.language.request import ParsedRequest, RequestTerm
    from noctule.planning.search.response_terms import ResponseTerms

_K1 = 1.2
_B = 0.5
_LAST, _PATH, _NAME, _TAGS, _PARAMETERS, _DESCRIPTION, _RESPONSE = (
    3.0, 2.0, 2.0, 1.0, 0.5, 0.7, 0.5
)  # fmt: skip
"""The weight of a word in each field."""
_VERB_APPLIES = 1.5
"""For the object of the request's verb, where the operation does just that to it."""
_PROPER_NAME = 0.3
"""For a word of a proper name, unless the document's paths have it: "a Droplet"."""
_DESCRIPTION_CHARACTERS = 600


@dataclass(frozen=True)
class TermMatch:
    word: str
    """As the request has it."""
    term: str
    """The stem in the operation's text that matches it."""
    score: float


class OperationIndex:
    """The operations of one document, ready to be searched."""

    def __init__(self, operations: Iterable[ApiOperation]) -> None:
        self.operations = tuple(operations)
        self.responses = {operation.key: response_terms(operation) for operation in self.operations}
        pool = pool_category_values(self.responses.values())
        self.fields = {
            operation.key: _weights(operation, self.responses[operation.key], pool)
            for operation in self.operations
        }
        self.verbs = {operation.key: verb_class(operation) for operation in self.operations}
        self.paths = {operation.key: _path_stems(operation) for operation in self.operations}
        self.resources = {operation.key: resource_of(operation) for operation in self.operations}
        names = {operation.key: _name_stems(operation) for operation in self.operations}
        self.name_terms = frozenset[str]().union(*names.values())
        self.path_terms = frozenset[str]().union(*self.paths.values())
        self.lengths = {key: len(stems) for key, stems in names.items()}
        count = len(self.operations)
        self.mean_length = (sum(self.lengths.values()) / count if count else 0) or 1.0
        frequencies = Counter(term for field in self.fields.values() for term in field)
        self.rarity = {
            term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in frequencies.items()
        }

    def matches(self, operation: ApiOperation, request: ParsedRequest) -> tuple[TermMatch, ...]:
        """The request's words that the operation has, the heaviest first. Each word counts once, by
        the best of its meanings."""
        best: dict[str, TermMatch] = {}
        literal = self._literal_words(request)
        for stem_, term in request.terms.items():
            if not (term.broader or (term.synonym and term.word in literal)):
                weight = self._weight(operation, stem_, term)
                if weight > 0 and (term.word not in best or weight > best[term.word].score):
                    best[term.word] = TermMatch(term.word.strip(), stem_, weight)
        return tuple(sorted(best.values(), key=lambda match: (-match.score, match.term)))

    def _literal_words(self, request: ParsedRequest) -> frozenset[str]:
        """The request's words that are in the document's names, so that they need no synonym."""
        return frozenset(
            term.word
            for stem_, term in request.terms.items()
            if not (term.synonym or term.broader) and stem_ in self.name_terms
        )

    def _weight(self, operation: ApiOperation, stem_: str, term: RequestTerm) -> float:
        key = operation.key
        field = self.fields[key].get(stem_, 0.0)
        if not field:
            return 0.0
        damping = _K1 * (1 - _B + _B * self.lengths[key] / self.mean_length)
        weight = term.weight * self.rarity[stem_] * field * (_K1 + 1) / (field + damping)
        if term.proper and stem_ not in self.path_terms:
            weight *= _PROPER_NAME
        if self.verbs[key] in term.verb_kinds and stem_ in self.resources[key]:
            weight *= _VERB_APPLIES
        return weight


def resource_of(operation: ApiOperation) -> frozenset[str]:
    """The stems of what the operation is about: its path's last segment without a parameter."""
    return frozenset(stem(word) for word in words(" ".join(static_segments(operation.path)[-1:])))


def static_segments(path: str) -> list[str]:
    """The segments of a path that have no parameter."""
    return [segment for segment in path.split("/") if segment and "{" not in segment]


def _weights(
    operation: ApiOperation, response: ResponseTerms, pool: Mapping[str, set[str]]
) -> Mapping[str, float]:
    weights: dict[str, float] = {}
    segments = static_segments(operation.path)
    _add(weights, " ".join(segments[-1:]), _LAST)
    _add(weights, " ".join(segments[:-1]), _PATH)
    _add(weights, f"{operation.id} {operation.summary}", _NAME)
    _add(weights, " ".join(operation.tags), _TAGS)
    _add(weights, operation.description[:_DESCRIPTION_CHARACTERS], _DESCRIPTION)
    names = [f"{p.name} {' '.join(map(str, p.schema.enum))}" for p in operation.parameters]
    _add(weights, " ".join(names), _PARAMETERS)
    categories = {value for name in response.categories for value in pool[name]}
    _add(weights, " ".join(response.words | categories), _RESPONSE)
    return weights


def _add(weights: dict[str, float], text: str, weight: float) -> None:
    skip = lexicon().function["en"]
    for term in {stem(word) for word in words(text) if word not in skip}:
        weights[term] = weights.get(term, 0.0) + weight


def _path_stems(operation: ApiOperation) -> frozenset[str]:
    segments = static_segments(operation.path)
    named = [segment for segment in segments if not any(c.isdigit() for c in segment)]
    verbs = lexicon().verbs
    return frozenset(stem(word) for word in words(" ".join(named)) if word not in verbs)


def _name_stems(operation: ApiOperation) -> set[str]:
    return {stem(word) for word in words(f"{operation.path} {operation.summary}")}
