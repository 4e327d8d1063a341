"""From a request to operations, by the API document alone.

Search says which operations speak of what was asked; the producer graph adds those without which
they cannot be called; what a term of the request still lacks is looked for further down the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.planning.producers import Producers
from noctule.planning.search import Index

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, Operation
    from noctule.planning.request import Request
    from noctule.planning.search import Hit

MAX_OPERATIONS = 7
_ALIKE = 0.75
"""The share of the best score from which another hit is meant as well."""
_STILL_RELATED = 0.3
"""The share below which a hit says nothing, even of a term that no other hit holds."""


@dataclass(frozen=True)
class Found:
    operation: Operation
    score: float
    terms: tuple[str, ...]
    """The terms of the request that it answers; () for a producer."""
    produces: str = ""
    """The path parameter that it is there to fill."""
    consumer: str = ""
    """The key of the operation that needs that parameter."""


@dataclass(frozen=True)
class Discovery:
    chosen: tuple[Found, ...]
    confidence: float
    """The share of what was asked that the chosen operations speak of, from 0 to 1."""
    nearest: tuple[Operation, ...]
    """The best hits, chosen or not, for a question."""


def rank(document: ApiDocument, request: Request) -> list[Found]:
    """Every operation that may be meant, best first, each one's producers right before it."""
    return _with_producers(*_search(document, request), request)


def discover(document: ApiDocument, request: Request) -> Discovery:
    """The operations to plan: at most seven, producers included."""
    index, hits = _search(document, request)
    chosen = _choose(hits, request)
    found = _with_producers(index, chosen, request)[:MAX_OPERATIONS]
    return Discovery(
        chosen=tuple(found),
        confidence=_coverage(chosen, request, index),
        nearest=tuple(hit.operation for hit in hits[:MAX_OPERATIONS]),
    )


def _search(document: ApiDocument, request: Request) -> tuple[Index, list[Hit]]:
    index = Index(document.operations.values())
    return index, index.search(request)


def _with_producers(index: Index, hits: list[Hit], request: Request) -> list[Found]:
    producers = Producers(index)
    found: dict[str, Found] = {}
    for hit in hits:
        key = hit.operation.key
        for producer in producers.of(hit.operation, request):
            one = producer.operation
            found.setdefault(one.key, Found(one, hit.score, (), producer.parameter, key))
        own = Found(hit.operation, hit.score, hit.terms)
        if key not in found or found[key].produces:
            found[key] = own
    return list(found.values())


def _choose(hits: list[Hit], request: Request) -> list[Hit]:
    """Hits about as good as the best, then those that speak of a term nobody spoke of yet."""
    if not hits:
        return []
    best = hits[0].score
    chosen: list[Hit] = []
    spoken: set[str] = set()
    wanted = {term for term, asked in request.terms.items() if asked.weight == 1.0}
    for hit in hits[: 4 * MAX_OPERATIONS]:
        news = wanted & set(hit.terms) - spoken
        first_of_kind = hit.score >= _STILL_RELATED * best and bool(news)
        if hit.score >= _ALIKE * best or first_of_kind:
            chosen.append(hit)
            spoken |= news
        if len(chosen) == MAX_OPERATIONS:
            break
    return chosen


def _coverage(chosen: list[Hit], request: Request, index: Index) -> float:
    """How much of the request's own vocabulary the chosen operations share, rare words weighing
    more; a word of the request that the document never uses counts a half."""
    wanted = {
        term: index.rarity.get(term, 0.0)
        for term, asked in request.terms.items()
        if asked.weight == 1.0
    }
    if not wanted or not chosen:
        return 0.0
    typical = sum(wanted.values()) / len(wanted) or 1.0
    weights = {term: rarity or typical / 2 for term, rarity in wanted.items()}
    spoken = {term for hit in chosen for term in hit.terms}
    return sum(weights[term] for term in wanted if term in spoken) / sum(weights.values())
