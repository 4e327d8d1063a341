"""A whole-API client for each document of a folder: made, formatted, type-checked, tested.

Per document: seconds and peak memory of generating, files and lines; then whether `ruff format`
and `ruff check` have nothing to say, mypy --strict and pyright strict neither, and the generated
tests pass. Exits 1 if any of that does not hold.

Takes a minute a document. Needs a FOLDER of documents, for example ../shared/specs.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.codegen.generators import GENERATE, count, measured
from benchmarks.shared import Table, parser, report

TESTS = ["pytest", "-q", "-n", "2", "-W", "error", "-p", "no:cacheprovider", "tests"]


def checks(folder: Path) -> dict[str, str]:
    """Tool -> the last thing it said, "" where it is content."""
    config = {"typeCheckingMode": "strict", "include": ["app", "tests"], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(config))
    commands = {
        "format": ["ruff", "format", "--isolated", "--check", "."],
        "lint": ["ruff", "check", "--isolated", "--no-cache", "."],
        "mypy": ["mypy", "--strict", "--no-incremental", "."],
        "pyright": ["pyright", "--pythonpath", sys.executable, "-p", str(folder)],
        "tests": TESTS,
    }
    complaints: dict[str, str] = {}
    for name, command in commands.items():
        process = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": str(folder)},
        )  # fmt: skip
        lines = (process.stdout + process.stderr).strip().splitlines()
        complaints[name] = "" if process.returncode == 0 else (lines or ["?"])[-1]
    return complaints


def whole(document: Path) -> tuple[tuple[str | int | float, ...], bool]:
    """The row of one document, and whether everything holds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run = measured([sys.executable, *GENERATE, str(document), name], folder)
        files = len(list(folder.rglob("*.py")))
        answers = {"made": run.output} if run.code else checks(folder)
        complaints = "; ".join(f"{tool}: {text}" for tool, text in answers.items() if text)
        figures = (f"{run.seconds:.2f}", round(run.megabytes), files, count(folder))
    return (document.stem, *figures, complaints or "no complaint"), not complaints


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("codegen.whole", __doc__)
    command_line.add_argument("folder", type=Path)
    command_line.add_argument("names", nargs="*", help="documents of it; all without any")
    options = command_line.parse_args(arguments)
    documents = sorted(options.folder.resolve().glob("*.json"))
    if not documents:
        command_line.error(f"no *.json in {options.folder}")
    rows: list[tuple[str | int | float, ...]] = []
    good = True
    for document in documents:
        if not options.names or document.stem in options.names:
            row, holds = whole(document)
            rows.append(row)
            good = good and holds
            print(*row, flush=True)
    head = ("", "seconds", "peak MB", "files", "lines", "ruff, mypy, pyright, tests")
    report(options, Table("Whole-API clients", head, rows))
    return int(not good)
