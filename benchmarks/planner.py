"""How well the planner finds operations, in English and French.

Two measures. RestBench (TMDB, Spotify; `../shared/restbench`, and `restbench_fr.toml` for French):
are the operations of the gold path among the first 5 or 10 that the document alone suggests,
against plain BM25 over name and summary. The requests are halved by a hash; only the half "dev"
was looked at while the method was tuned. Our request set (`tests/data/requests.toml`): provider,
need and operations of the whole planner. Deterministic, no model, no network.

Takes half a minute. Needs ../shared/restbench, and `make corpus` for requests over documents that
nobody had looked at; what is missing is left out.
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.shared import CORPUS, ROOT, Table, parser, report
from noctule import apidoc
from noctule.planning import plan
from noctule.planning.language.request import parse_request
from noctule.planning.language.stemming import stems
from noctule.planning.search.ranking import OperationRanking
from noctule.problem import Problem
from noctule.project.layout import Layout

RESTBENCH = ROOT.parent / "shared" / "restbench"
FRENCH = Path(__file__).with_name("restbench_fr.toml")
REQUESTS = ROOT / "tests" / "data" / "requests.toml"
UNSEEN = Path(__file__).with_name("requests_unseen.toml")
PROVIDERS = ("tmdb", "spotify")

Rank = Callable[[str], list[str]]


@dataclass(frozen=True)
class Query:
    english: str
    french: str
    labels: frozenset[str]
    """As they stand in the data, blanks trimmed."""

    @property
    def half(self) -> str:
        return "test" if hashlib.sha256(self.english.encode()).digest()[0] % 2 else "dev"


def queries(name: str) -> list[Query]:
    french = tomllib.loads(FRENCH.read_text(encoding="utf-8"))[name]
    rows = json.loads((RESTBENCH / f"{name}.json").read_text(encoding="utf-8"))
    return [
        Query(row["query"], translation, frozenset(step.strip() for step in row["solution"]))
        for row, translation in zip(rows, french, strict=True)
    ]


def restbench(name: str) -> dict[str, dict[str, float]]:
    """Recall at 5 and 10 and the share of requests with all of the gold path within 10, of labels
    that the document has; "as labelled" counts those that it has not as missed."""
    document = apidoc.load(RESTBENCH / f"{name}_oas.json")
    ranking = OperationRanking(document)

    def ours(language: Any) -> Rank:
        return lambda text: [
            ranked.operation.key for ranked in ranking.rank(parse_request(text, language), 10)
        ]

    every, documented, plain = queries(name), set(document.operations), plain_bm25(document)
    halves = {half: [query for query in every if query.half == half] for half in ("dev", "test")}
    return {
        "bm25": recall(((q.english, q.labels & documented) for q in every), plain),
        "bm25 fr": recall(((q.french, q.labels & documented) for q in every), plain),
        "noctule": recall(((q.english, q.labels & documented) for q in every), ours("en")),
        "noctule fr": recall(((q.french, q.labels & documented) for q in every), ours("fr")),
        "as labelled": recall(((q.english, q.labels) for q in every), ours("en")),
        **{
            f"{half} {language}": recall(
                (
                    (q.english if language == "en" else q.french, q.labels & documented)
                    for q in rows
                ),
                ours(language),
            )
            for half, rows in halves.items()
            for language in ("en", "fr")
        },
    }


def recall(cases: Iterable[tuple[str, frozenset[str]]], rank: Rank) -> dict[str, float]:
    at5 = at10 = whole = count = 0.0
    for text, gold in cases:
        if not gold:  # the label names no operation of the document
            continue
        ranked = rank(text)
        count += 1
        at5 += len(gold & set(ranked[:5])) / len(gold)
        at10 += len(gold & set(ranked[:10])) / len(gold)
        whole += gold <= set(ranked[:10])
    scores = {"recall@5": at5 / count, "recall@10": at10 / count, "all@10": whole / count}
    return {"queries": count, **{key: round(value, 3) for key, value in scores.items()}}


def plain_bm25(document: Any, k1: float = 1.2, b: float = 0.75) -> Rank:
    texts = {
        key: Counter(stems(f"{operation.path} {operation.id} {operation.summary}"))
        for key, operation in document.operations.items()
    }
    mean = sum(sum(text.values()) for text in texts.values()) / len(texts)
    holders = Counter(word for text in texts.values() for word in text)

    def score(query: list[str], text: Counter[str]) -> float:
        damping = k1 * (1 - b + b * sum(text.values()) / mean)
        return sum(
            math.log(1 + (len(texts) - holders[word] + 0.5) / (holders[word] + 0.5))
            * text[word] * (k1 + 1) / (text[word] + damping)
            for word in query
        )  # fmt: skip

    return lambda text: sorted(texts, key=lambda key: -score(stems(text), texts[key]))


def own_requests(language: str) -> dict[str, float]:
    """Shares of our requests in one language; a question counts as no answer."""
    requests = tomllib.loads(REQUESTS.read_text(encoding="utf-8"))["requests"]
    own = [request for request in requests if request["language"] == language]
    totals: Counter[str] = Counter()
    for request in own:
        totals.update(judged(request))
    keys = ("provider", "need", "recall", "exact", "asked")
    return {"requests": len(own), **{key: round(totals[key] / len(own), 3) for key in keys}}


def judged(request: dict[str, Any]) -> dict[str, float]:
    try:
        draft = plan(request["text"], layout=Layout())
    except Problem:
        return {}
    if draft.task is None:
        return {
            "asked": 1,
            "provider": draft.pack is not None and draft.pack.id == request["provider"],
        }
    gold = set(request["operations"])
    operations = {method.operation for method in draft.task.methods}
    return {
        "provider": draft.task.provider == request["provider"],
        "need": draft.task.need == request["need"],
        "recall": len(gold & operations) / len(gold),
        "exact": gold == operations,
    }


def unseen_requests(language: str) -> dict[str, float]:
    """Shares of the requests over documents that nobody had looked at: of what was asked, of what
    was planned, and of plans that hold all that was asked and nothing beside."""
    requests = tomllib.loads(UNSEEN.read_text(encoding="utf-8"))["requests"]
    own = [request for request in requests if request["language"] == language]
    totals: Counter[str] = Counter()
    for request in own:
        totals.update(judged_unseen(request))
    keys = ("recall", "precision", "exact", "asked")
    return {"requests": len(own), **{key: round(totals[key] / len(own), 3) for key in keys}}


def judged_unseen(request: dict[str, Any]) -> dict[str, float]:
    document = apidoc.load(CORPUS / request["document"])
    draft = plan(request["text"], layout=Layout(), document=document)
    if draft.task is None:
        return {"asked": 1}
    operations = {method.operation for method in draft.task.methods}
    gold = [set(either.split(" | ")) for either in request["operations"]]
    fitting = set().union(*gold, request["also"])
    recalled = sum(bool(either & operations) for either in gold) / len(gold)
    return {
        "recall": recalled,
        "precision": len(operations & fitting) / len(operations),
        "exact": recalled == 1 and operations <= fitting,
    }


def figures() -> dict[str, dict[str, Any]]:
    """Set of requests -> method -> measure -> share."""
    sets: dict[str, Any] = {}
    if RESTBENCH.is_dir():
        sets |= {f"RestBench, {name}": restbench(name) for name in PROVIDERS}
    languages = ("en", "fr")
    own = {f"noctule {language}": own_requests(language) for language in languages}
    sets["Our own requests"] = own
    if CORPUS.is_dir():
        unseen = {f"noctule {language}": unseen_requests(language) for language in languages}
        sets["Requests over documents that nobody had looked at"] = unseen
    return sets


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("planner", __doc__).parse_args(arguments)
    tables = [
        Table(
            title,
            ("", *next(iter(rows.values()))),
            [(label, *(f"{value:g}" for value in row.values())) for label, row in rows.items()],
        )
        for title, rows in figures().items()
    ]
    report(options, *tables)
    return 0
