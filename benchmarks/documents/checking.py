"""Thousands of generated packages under a strict type checker, some hundred in one run of it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BATCH_LINES = 150_000
"""Lines in one run of mypy: bounds its memory, and pays its start for many packages at once."""
LIMIT = 1200.0
"""Seconds for one run."""
ERROR = re.compile(r"^(?P<package>c_\w+)/(?P<place>[^:]+):\d+: error: (?P<cause>.*)$")


def check(out: Path, packages: dict[str, int]) -> dict[str, list[str]]:
    """Package -> what `mypy --strict` says of its modules, tests left out; `packages` gives the
    lines of each. A package that is not there after the call is clean."""
    found: dict[str, list[str]] = defaultdict(list)
    for number, batch in enumerate(batches(packages)):
        print(f"mypy, batch {number + 1}: {len(batch)} packages", file=sys.stderr)
        for package, cause in errors(out, batch):
            found[package].append(cause)
    return dict(found)


def batches(packages: dict[str, int]) -> Iterator[list[str]]:
    batch: list[str] = []
    lines = 0
    for package, count in packages.items():
        if batch and lines + count > BATCH_LINES:
            yield batch
            batch, lines = [], 0
        batch.append(package)
        lines += count
    if batch:
        yield batch


def errors(out: Path, batch: list[str]) -> Iterator[tuple[str, str]]:
    modules = [str(path.relative_to(out)) for name in batch for path in sources(out / name)]
    listed = out / ".batch"
    listed.write_text("\n".join(modules), encoding="utf-8")
    command = [
        sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--hide-error-context",
        "--no-color-output", "--cache-dir", ".mypy_cache", f"@{listed.name}",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=out, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    if done.returncode not in (0, 1):
        if len(batch) == 1:
            yield batch[0], (done.stderr or done.stdout).strip()[-300:]
            return
        for package in batch:  # one that mypy cannot even parse hides all others
            yield from errors(out, [package])
        return
    for line in done.stdout.splitlines():
        if match := ERROR.match(line):
            yield match["package"], f"{match['place']}: {match['cause']}"


def sources(package: Path) -> list[Path]:
    """The modules that go into production."""
    return [p for p in sorted(package.rglob("*.py")) if "tests" not in p.relative_to(package).parts]
