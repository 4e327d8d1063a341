"""Every document made into a client, batch by batch: generated, imported, type-checked, removed.

Rows are appended as each batch ends, so that a run which stops goes on where it was.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zlib import crc32

from benchmarks.documents import checking, processes
from benchmarks.documents.generating import Generator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    Row = dict[str, Any]

BATCH_BYTES = 8_000_000
"""Of documents in one run of the type checkers: bounds their memory, and pays their start once for
some dozen clients. A document beyond it is a batch of its own, and comes last."""
LIMIT = 900.0
"""Seconds after which a document counts as hung."""


def run(paths: Sequence[Path], folder: Path, out: Path, rows: Path, seconds: float) -> bool:
    """Append the row of each path that has none; whether all have one. No batch starts after
    `seconds`."""
    until = time.monotonic() + seconds
    finished = {row["document"] for row in read(rows)}
    names = {str(path.relative_to(folder)): path for path in paths}
    left = [names[name] for name in mixed(names) if name not in finished]
    left.sort(key=lambda path: path.stat().st_size > BATCH_BYTES)
    for batch in batches(left):
        if time.monotonic() > until:
            return False
        new_rows = [*made_of(batch, folder, out)]
        with rows.open("a", encoding="utf-8") as log:
            log.writelines(json.dumps(row) + "\n" for row in new_rows)
    return True


def mixed(names: Iterable[str]) -> list[str]:
    """One document of each provider, then the others, each part in an order of chance that is
    always the same: every beginning is a fair sample."""
    shuffled = sorted(names, key=lambda name: crc32(name.encode()))
    first = {name.partition("/")[0]: name for name in reversed(shuffled)}
    return sorted(shuffled, key=lambda name: first[name.partition("/")[0]] != name)


def read(rows: Path) -> list[Row]:
    text = rows.read_text(encoding="utf-8") if rows.exists() else ""
    return [json.loads(line) for line in text.splitlines()]


def forget(rows: Path, outcomes: Iterable[str]) -> None:
    """Drop the rows with these outcomes, so that their documents are done again."""
    remaining = [row for row in read(rows) if row["outcome"] not in outcomes]
    rows.write_text("".join(json.dumps(row) + "\n" for row in remaining), encoding="utf-8")


def batches(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """Neighbours together, up to `BATCH_BYTES`."""
    size = 0
    numbers: dict[Path, int] = {}
    number = 0
    for path in paths:
        size += path.stat().st_size
        if size > BATCH_BYTES:
            number, size = number + 1, path.stat().st_size
        numbers[path] = number
    for _, batch in groupby(paths, key=lambda path: numbers[path]):
        yield [*batch]


def made_of(batch: Sequence[Path], folder: Path, out: Path) -> Iterator[Row]:
    """The rows of one batch: "made" where a client is imported and no type checker objects."""
    work = Generator(folder, out)
    commit = version()
    rows = [
        {"document": str(path.relative_to(folder)), **row, "commit": commit}
        for path, row in processes.each(batch, work, jobs=1, limit=LIMIT)
    ]
    packages = [row["package"] for row in rows if row["outcome"] == "made"]
    started = time.perf_counter()
    errors = checking.check(out, packages)
    spent = round(time.perf_counter() - started, 1)
    print(f"{rows[0]['document']} …: {len(packages)} of {len(batch)} made, {len(errors)} untyped, "
          f"checked in {spent} s", file=sys.stderr, flush=True)  # fmt: skip
    for row in rows:
        complaints = errors.get(row.get("package", ""))
        if complaints:
            row.update(outcome="untyped", reason=complaints[0], errors=complaints[:20])
        yield row
    for path in batch:
        shutil.rmtree(out / work.package(path), ignore_errors=True)
        shutil.rmtree(out / ".mypy_cache" / "3.11" / work.package(path), ignore_errors=True)


def version() -> str:
    """The commit that the figures hold for, and "+" where a file is changed since."""
    command = ["git", "describe", "--always", "--dirty=+"]
    root = checking.SOURCES.parent
    return subprocess.run(command, cwd=root, capture_output=True, text=True).stdout.strip()
