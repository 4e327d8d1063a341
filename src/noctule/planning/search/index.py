"""BM25 over the operations of an API document: which ones speak of what was asked.

An operation is a small text in fields of different weight (BM25F): its path and name say what it
is, its summary what it does, its parameters and description the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.language.lexicon import lexicon
from noctule.planning.language.stemming import stem
from noctule.planning.language.verbs import verb_class
from noctule.planning.search.response_terms import answered, pooled
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiOperation
    from noctule.planning.language.request import Request, Term
    from noctule.planning.search.response_terms import Answer

_K1 = 1.2
_B = 0.5
_LAST, _PATH, _NAME, _TAGS, _PARAMETERS, _DESCRIPTION, _ANSWER = 3.0, 2.0, 2.0, 1.0, 0.5, 0.7, 0.5
_DONE_TO_IT = 1.5
"""For the thing that the request's verb acts on, where the operation does just that to it."""
_IN_A_NAME = 0.3
"""Of a word in a name, unless the document's paths have it: "a Droplet"."""
_DESCRIPTION_CHARACTERS = 600


@dataclass(frozen=True)
class Part:
    word: str
    """As the request has it."""
    term: str
    """The stem of the operation's text that answers it."""
    score: float


class Index:
    """The operations of one document, ready to be searched."""

    def __init__(self, operations: Iterable[ApiOperation]) -> None:
        self.operations = tuple(operations)
        self.answers = {operation.key: answered(operation) for operation in self.operations}
        pool = pooled(self.answers.values())
        self.fields = {
            operation.key: _weights(operation, self.answers[operation.key], pool)
            for operation in self.operations
        }
        self.verbs = {operation.key: verb_class(operation) for operation in self.operations}
        self.paths = {operation.key: _path_stems(operation) for operation in self.operations}
        self.resources = {operation.key: resource_of(operation) for operation in self.operations}
        self.named = frozenset[str]().union(*(_named(operation) for operation in self.operations))
        self.path_terms = frozenset[str]().union(*self.paths.values())
        lengths = {operation.key: len(_named(operation)) for operation in self.operations}
        self.mean = (sum(lengths.values()) / len(lengths) if lengths else 0) or 1.0
        self.lengths = lengths
        holders = Counter(term for field in self.fields.values() for term in field)
        count = len(self.operations)
        self.rarity = {
            term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in holders.items()
        }

    def matches(self, operation: ApiOperation, request: Request) -> tuple[Part, ...]:
        """What the operation has of the request, the heaviest first: each word counts once, by the
        best of its meanings."""
        best: dict[str, Part] = {}
        said = self._said(request)
        for term, asked in request.terms.items():
            if not (asked.broader or (asked.synonym and asked.word in said)):
                weight = self._weight(operation, term, asked)
                if weight > 0 and (asked.word not in best or weight > best[asked.word].score):
                    best[asked.word] = Part(asked.word.strip(), term, weight)
        return tuple(sorted(best.values(), key=lambda part: (-part.score, part.term)))

    def _said(self, request: Request) -> frozenset[str]:
        """The words that the document's names have themselves; no need of others for them."""
        return frozenset(
            asked.word
            for term, asked in request.terms.items()
            if not (asked.synonym or asked.broader) and term in self.named
        )

    def _weight(self, operation: ApiOperation, term: str, asked: Term) -> float:
        key = operation.key
        field = self.fields[key].get(term, 0.0)
        if not field:
            return 0.0
        damping = _K1 * (1 - _B + _B * self.lengths[key] / self.mean)
        weight = asked.weight * self.rarity[term] * field * (_K1 + 1) / (field + damping)
        if asked.named and term not in self.path_terms:
            weight *= _IN_A_NAME
        if self.verbs[key] in asked.kinds and term in self.resources[key]:
            weight *= _DONE_TO_IT
        return weight


def _weights(
    operation: ApiOperation, answer: Answer, pool: Mapping[str, set[str]]
) -> Mapping[str, float]:
    found: dict[str, float] = {}
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    _add(found, " ".join(static[-1:]), _LAST)
    _add(found, " ".join(static[:-1]), _PATH)
    _add(found, f"{operation.id} {operation.summary}", _NAME)
    _add(found, " ".join(operation.tags), _TAGS)
    _add(found, operation.description[:_DESCRIPTION_CHARACTERS], _DESCRIPTION)
    names = [f"{p.name} {' '.join(map(str, p.schema.enum))}" for p in operation.parameters]
    _add(found, " ".join(names), _PARAMETERS)
    kinds = {value for name in answer.kinds for value in pool[name]}
    _add(found, " ".join(answer.words | kinds), _ANSWER)
    return found


def resource_of(operation: ApiOperation) -> frozenset[str]:
    """The stems of what the operation is about: its path's last segment that is no parameter."""
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    return frozenset(stem(word) for word in words(" ".join(static[-1:])))


def _path_stems(operation: ApiOperation) -> frozenset[str]:
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    named = [part for part in static if not any(c.isdigit() for c in part)]
    book = lexicon()
    return frozenset(stem(word) for word in words(" ".join(named)) if word not in book.verbs)


def _named(operation: ApiOperation) -> set[str]:
    return {stem(word) for word in words(f"{operation.path} {operation.summary}")}


def _add(found: dict[str, float], text: str, weight: float) -> None:
    skip = lexicon().function["en"]
    for term in {stem(word) for word in words(text) if word not in skip}:
        found[term] = found.get(term, 0.0) + weight
