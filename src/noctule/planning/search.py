"""BM25 over the operations of an API document: which ones speak of what was asked.

An operation is a small text in fields of different weight (BM25F): its path and name say what it
is, its summary what it does, its parameters and description the rest.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.lexicon import lexicon
from noctule.planning.text import stem, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import Operation
    from noctule.planning.request import Request

_K1 = 1.2
_B = 0.5
_PATH, _NAME, _TAGS, _PARAMETERS, _DESCRIPTION, _ANSWER = 3.0, 2.0, 1.0, 1.0, 0.7, 0.3
_VERB_FITS = 1.25
_DEPRECATED = 0.5
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
        lengths = {key: sum(field.values()) for key, field in self.fields.items()}
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
        field = self.fields[operation.key]
        damping = _K1 * (1 - _B + _B * self.lengths[operation.key] / self.mean)
        parts = {
            term: asked.weight
            * self.rarity[term]
            * field[term]
            * (_K1 + 1)
            / (field[term] + damping)
            for term, asked in request.terms.items()
            if term in field
        }
        score = sum(parts.values())
        if self.verbs[operation.key] in request.verbs:
            score *= _VERB_FITS
        if operation.deprecated:
            score *= _DEPRECATED
        return Hit(operation, score, tuple(sorted(parts, key=lambda term: -parts[term])))


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
    _add(found, _static(operation.path), _PATH)
    _add(found, f"{operation.id} {operation.summary}", _NAME)
    _add(found, " ".join(operation.tags), _TAGS)
    _add(found, operation.description[:_DESCRIPTION_CHARACTERS], _DESCRIPTION)
    names = [f"{p.name} {' '.join(map(str, p.schema.enum))}" for p in operation.parameters]
    _add(found, " ".join(names), _PARAMETERS)
    _add(found, " ".join(answered(operation)), _ANSWER)
    return found


def _static(path: str) -> str:
    return " ".join(part for part in path.split("/") if "{" not in part)


def _add(found: dict[str, float], text: str, weight: float) -> None:
    skip = lexicon().function["en"]
    for term in {stem(word) for word in words(text) if word not in skip}:
        found[term] = found.get(term, 0.0) + weight


def answered(operation: Operation) -> tuple[str, ...]:
    """The fields of what the operation answers, one level into lists and wrappers."""
    schema = operation.success.schema if operation.success else None
    if schema is None:
        return ()
    inner = [part for part in schema.properties.values() if part.type in {"array", "object"}]
    items = (part.items if part.type == "array" else part for part in (schema, *inner))
    names = [name for item in items if item for name in item.properties]
    return tuple(dict.fromkeys(names))
