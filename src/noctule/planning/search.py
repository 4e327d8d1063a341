"""BM25 over the operations of an API document: which ones speak of what was asked.

An operation is a small text in fields of different weight (BM25F): its path and name say what it
is, its summary what it does, its parameters and description the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.answers import answered
from noctule.planning.lexicon import lexicon
from noctule.planning.text import stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import Operation
    from noctule.planning.request import Request, Term

_K1 = 1.2
_B = 0.5
_LAST, _PATH, _NAME, _TAGS, _PARAMETERS, _DESCRIPTION, _ANSWER = 3.0, 2.0, 2.0, 1.0, 0.5, 0.7, 0.5
_VERB_FITS = 1.25
_DONE_TO_IT = 1.5
"""For the thing that the request's verb acts on, where the operation does just that to it."""
_DEPRECATED = 0.5
_SPREAD_OVER = 60
_AGAIN = 0.5
"""What a word is worth that one more operation before has answered."""
_BESIDE = 0.4
"""What an operation loses whose path speaks of nothing that was asked."""
_DESCRIPTION_CHARACTERS = 600


@dataclass(frozen=True)
class Hit:
    operation: Operation
    score: float
    terms: tuple[str, ...]
    """The terms of the request that it answers, the heaviest first."""


class Index:
    """The operations of one document, ready to be searched."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self.operations = tuple(operations)
        self.fields = {operation.key: _weights(operation) for operation in self.operations}
        self.verbs = {operation.key: verb_class(operation) for operation in self.operations}
        self.paths = {operation.key: _path_stems(operation) for operation in self.operations}
        self.resources = {operation.key: resource_of(operation) for operation in self.operations}
        lengths = {operation.key: len(_named(operation)) for operation in self.operations}
        self.mean = (sum(lengths.values()) / len(lengths) if lengths else 0) or 1.0
        self.lengths = lengths
        holders = Counter(term for field in self.fields.values() for term in field)
        count = len(self.operations)
        self.rarity = {
            term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in holders.items()
        }

    def search(self, request: Request) -> list[Hit]:
        """The operations that answer at least one term, best first; ties in document order."""
        hits = [
            hit for operation in self.operations if (hit := self.score(operation, request)).terms
        ]
        return sorted(hits, key=lambda hit: -hit.score)

    def score(self, operation: Operation, request: Request) -> Hit:
        """Each word of the request counts once, by the best of its meanings."""
        field, kind = self.fields[operation.key], self.verbs[operation.key]
        damping = _K1 * (1 - _B + _B * self.lengths[operation.key] / self.mean)
        resource = self.resources[operation.key]
        best: dict[str, tuple[float, str]] = {}
        said = {asked.word for term, asked in request.terms.items() if self._has(term, asked)}
        for term, asked in request.terms.items():
            if term in field and not (asked.synonym and asked.word in said):
                part = asked.weight * self.rarity[term] * field[term] * (_K1 + 1)
                part /= field[term] + damping
                if kind in asked.kinds and term in resource:
                    part *= _DONE_TO_IT
                best[asked.word] = max(best.get(asked.word, (0.0, "")), (part, term))
        fitness = self._fitness(operation, request)
        terms = (term for _, term in sorted(best.values(), reverse=True))
        return Hit(operation, fitness * sum(part for part, _ in best.values()), tuple(terms))

    def _has(self, term: str, asked: Term) -> bool:
        return not asked.synonym and term in self.rarity

    def _fitness(self, operation: Operation, request: Request) -> float:
        path = self.paths[operation.key]
        factor = 1 - _BESIDE * len(path - request.terms.keys()) / len(path) if path else 1.0
        if self.verbs[operation.key] in request.verbs:
            factor *= _VERB_FITS
        return factor * _DEPRECATED if operation.deprecated else factor


def verb_class(operation: Operation) -> str:
    """What the operation does: the first verb of its summary or id, else what its method means."""
    book = lexicon()
    for text in (operation.summary, operation.id):
        for word in words(text)[:2]:
            for kind in book.verbs.get(word, ()):
                if operation.method in book.verb_methods[kind]:
                    return kind
    if operation.method == "GET":
        return "get" if operation.path.endswith("}") else "list"
    return {"POST": "create", "DELETE": "delete"}.get(operation.method, "update")


def _weights(operation: Operation) -> Mapping[str, float]:
    found: dict[str, float] = {}
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    _add(found, " ".join(static[-1:]), _LAST)
    _add(found, " ".join(static[:-1]), _PATH)
    _add(found, f"{operation.id} {operation.summary}", _NAME)
    _add(found, " ".join(operation.tags), _TAGS)
    _add(found, operation.description[:_DESCRIPTION_CHARACTERS], _DESCRIPTION)
    names = [f"{p.name} {' '.join(map(str, p.schema.enum))}" for p in operation.parameters]
    _add(found, " ".join(names), _PARAMETERS)
    _add(found, " ".join(answered(operation)), _ANSWER)
    return found


def resource_of(operation: Operation) -> frozenset[str]:
    """The stems of what the operation is about: its path's last segment that is no parameter."""
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    return frozenset(stem(word) for word in words(" ".join(static[-1:])))


def _path_stems(operation: Operation) -> frozenset[str]:
    static = [part for part in operation.path.split("/") if part and "{" not in part]
    named = [part for part in static if not any(c.isdigit() for c in part)]
    book = lexicon()
    return frozenset(stem(word) for word in words(" ".join(named)) if word not in book.verbs)


def _named(operation: Operation) -> set[str]:
    return {stem(word) for word in words(f"{operation.path} {operation.summary}")}


def _add(found: dict[str, float], text: str, weight: float) -> None:
    skip = lexicon().function["en"]
    for term in {stem(word) for word in words(text) if word not in skip}:
        found[term] = found.get(term, 0.0) + weight
