"""How well the planner finds operations: `python benchmarks/planner.py [--json]`.

Two measures. RestBench (TMDB, Spotify; `../shared/restbench`): are the operations of the gold path
among the first 5 or 10 that the document alone suggests, against plain BM25 over name and summary.
Our request set (`tests/data/requests.toml`): provider, need and operations of the whole planner.
Deterministic, no model, no network.
"""

from __future__ import annotations

import json
import math
import sys
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from noctule import apidoc
from noctule.planning import Layout, plan
from noctule.planning.discovery import rank
from noctule.planning.request import understand
from noctule.planning.text import stems
from noctule.problem import Problem

ROOT = Path(__file__).parents[1]
RESTBENCH = ROOT.parent / "shared" / "restbench"
REQUESTS = ROOT / "tests" / "data" / "requests.toml"

Ranking = Callable[[str], list[str]]


def restbench(name: str) -> dict[str, dict[str, float]]:
    """Recall at 5 and 10, and the share of queries with all of the gold path within 10."""
    document = apidoc.load(RESTBENCH / f"{name}_oas.json")
    queries = json.loads((RESTBENCH / f"{name}.json").read_text())
    rankings = {"bm25": plain_bm25(document), "noctule": ours(document)}
    return {label: recall(document, queries, ranking) for label, ranking in rankings.items()}


def recall(document: Any, queries: list[dict[str, Any]], ranking: Ranking) -> dict[str, float]:
    at5 = at10 = whole = count = 0.0
    for query in queries:
        gold = {step.strip() for step in query["solution"]} & set(document.operations)
        if not gold:  # the label names no operation of the document
            continue
        found = ranking(query["query"])
        count += 1
        at5 += len(gold & set(found[:5])) / len(gold)
        at10 += len(gold & set(found[:10])) / len(gold)
        whole += gold <= set(found[:10])
    scores = {"recall@5": at5 / count, "recall@10": at10 / count, "all@10": whole / count}
    return {"queries": count, **{key: round(value, 3) for key, value in scores.items()}}


def ours(document: Any) -> Ranking:
    return lambda text: [one.operation.key for one in rank(document, understand(text, "en"))]


def plain_bm25(document: Any, k1: float = 1.2, b: float = 0.75) -> Ranking:
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
    requests = tomllib.loads(REQUESTS.read_text())["requests"]
    chosen = [request for request in requests if request["language"] == language]
    totals: Counter[str] = Counter()
    for request in chosen:
        totals.update(judged(request))
    keys = ("provider", "need", "recall", "exact", "asked")
    return {"requests": len(chosen), **{key: round(totals[key] / len(chosen), 3) for key in keys}}


def judged(request: dict[str, Any]) -> dict[str, float]:
    try:
        made = plan(request["text"], layout=Layout())
    except Problem:
        return {}
    if made.task is None:
        return {
            "asked": 1,
            "provider": made.pack is not None and made.pack.id == request["provider"],
        }
    gold = set(request["operations"])
    found = {method.operation for method in made.task.methods}
    return {
        "provider": made.task.provider == request["provider"],
        "need": made.task.need == request["need"],
        "recall": len(gold & found) / len(gold),
        "exact": gold == found,
    }


def main() -> None:
    figures: dict[str, Any] = {}
    if RESTBENCH.is_dir():
        figures |= {f"restbench {name}": restbench(name) for name in ("tmdb", "spotify")}
    figures |= {f"requests {language}": own_requests(language) for language in ("en", "fr")}
    if "--json" in sys.argv:
        print(json.dumps(figures, indent=2))
        return
    for name, rows in figures.items():
        for label, row in rows.items() if name.startswith("restbench") else [("noctule", rows)]:
            print(f"{name:18} {label:8}", *(f"{key} {value:g}" for key, value in row.items()))


if __name__ == "__main__":
    main()
