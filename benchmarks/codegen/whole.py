"""A whole-API client for each document of a folder: made, formatted, type-checked, tested.

    python benchmarks/codegen/whole.py FOLDER [NAME ...]

Per document: seconds and peak memory of generating, files and lines; then whether `ruff format`
and `ruff check` have nothing to say, mypy --strict and pyright strict neither, and the generated
tests pass. Exit code 1 if any of that does not hold.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from run import OURS, count, measured

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
    said: dict[str, str] = {}
    for name, command in commands.items():
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True,
            check=False, env={**os.environ, "PYTHONPATH": str(folder)},
        )  # fmt: skip
        lines = (done.stdout + done.stderr).strip().splitlines()
        said[name] = "" if done.returncode == 0 else (lines or ["?"])[-1]
    return said


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    wrong = 0
    for document in sorted(given.folder.resolve().glob("*.json")):
        if given.names and document.stem not in given.names:
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            run = measured([sys.executable, str(OURS), str(document), name], folder)
            files = len(list(folder.rglob("*.py")))
            print(f"{document.stem:<16}{run.seconds:>7.2f} s{run.megabytes:>6.0f} MB"
                  f"{files:>5} files{count(folder):>8} lines", end="", flush=True)  # fmt: skip
            said = {"made": run.said} if run.code else checks(folder)
            found = {tool: text for tool, text in said.items() if text}
            wrong += bool(found)
            print(f"  {found or 'all hold'}", flush=True)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
