"""From a request to operations, by the API document alone.

Search says which operations speak of what was asked; the producer graph adds those without which
they cannot be called; what a term of the request still lacks is looked for further down the list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from noctule.planning.lexicon import lexicon
from noctule.planning.producers import Producers
from noctule.planning.search import Index

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiDocument, Operation
    from noctule.planning.request import Request, Term
    from noctule.planning.search import Hit

MAX_OPERATIONS = 7
_ALIKE = 0.9
"""The share of the best score from which another hit is meant as well."""
_ALIKE_OF_MATTER = 0.6
"""The same for a request that asks for a matter as a whole."""
_CIRCUMSTANCE = 1 / 3
_EARLY = 10


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
    index, hits = _search(document, request)
    return _with_producers(index, hits, request)


def discover(document: ApiDocument, request: Request) -> Discovery:
    """The operations to plan: at most seven, producers included."""
    index, hits = _search(document, request)
    chosen: dict[str, Hit] = {}
    for ask in _asks(request):
        for hit in _best(index.search(ask), request):
            chosen.setdefault(hit.operation.key, hit)
    found = _with_producers(index, list(chosen.values()), request)[:MAX_OPERATIONS]
    return Discovery(
        chosen=tuple(found),
        confidence=_coverage(list(chosen.values()), request, index),
        nearest=tuple(hit.operation for hit in hits[:MAX_OPERATIONS]),
    )


def _asks(request: Request) -> list[Request]:
    """The request taken apart by its verbs: "create a page and query a database" asks twice.

    A verb without things of its own shares those of the next one ("find and buy a number"), or
    of the one before ("upload files and share them").
    """
    asks: dict[str, dict[str, Term]] = {}
    for name, term in request.terms.items():
        asks.setdefault(term.verb, {})[name] = term
    things = [_things(terms) for terms in asks.values()]
    apart: list[Request] = []
    for at, (verb, terms) in enumerate(asks.items()):
        near = [t for t in (things[at], *things[at + 1 :], *reversed(things[:at])) if t]
        shared = near[0] if near else terms
        verbs = dict.fromkeys(lexicon().verbs.get(verb, ()), verb) or request.verbs
        apart.append(replace(request, terms=terms | shared, verbs=verbs))
    return apart


def _things(terms: Mapping[str, Term]) -> dict[str, Term]:
    return {name: term for name, term in terms.items() if not term.acts}


def _best(hits: list[Hit], request: Request) -> list[Hit]:
    """The best hit and those about as good; all that touch the matter for a general request."""
    share = _ALIKE_OF_MATTER if request.general else _ALIKE
    return [hit for hit in hits[:MAX_OPERATIONS] if hit.score >= share * hits[0].score]


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
    return _with_search(index, list(found.values()), request)


def _with_search(index: Index, found: list[Found], request: Request) -> list[Found]:
    """A thing that the request names by its own name is found by searching, where that can be."""
    first = found[0].operation.key if found else ""
    if (
        not first
        or not request.names_things
        or any(_searches(index, one) for one in found[:_EARLY])
    ):
        return found
    searches = [op for op in index.operations if op.path.rstrip("/").endswith("/search")]
    extra = [Found(op, 0.0, (), "id", first) for op in searches[:1]]
    keys = {one.operation.key for one in extra}
    return [*found[:1], *extra, *(one for one in found[1:] if one.operation.key not in keys)]


def _searches(index: Index, one: Found) -> bool:
    return index.verbs[one.operation.key] == "search"


def _said(hit: Hit, request: Request) -> set[str]:
    """The words of the request that the hit answers, by whichever of their meanings."""
    return {request.terms[term].word for term in hit.terms if request.terms[term].weight >= 0.4}


def _coverage(chosen: list[Hit], request: Request, index: Index) -> float:
    """The share of the things asked for that the chosen operations speak of; what the document
    never mentions may be circumstance, and counts a third. 0 where it mentions none of them."""
    things = {t.word: t.weight for t in _things(request.terms).values() if not t.synonym}
    known = {t.word for name, t in request.terms.items() if name in index.rarity}
    if not things.keys() & known:
        return 0.0
    spoken = {word for hit in chosen for word in _said(hit, request)}
    weights = {word: w * (1 if word in known else _CIRCUMSTANCE) for word, w in things.items()}
    return sum(w for word, w in weights.items() if word in spoken) / sum(weights.values())
