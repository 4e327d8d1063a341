"""Run a benchmark by its name, or list them all.

python -m benchmarks                      every benchmark, what it takes and what it needs
python -m benchmarks runtime.calls        one of them, figures on standard output
python -m benchmarks runtime.calls --save the same, kept in benchmarks/results for the pages
python -m benchmarks --quick              those that take less than a minute, one after another
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import ROOT, MissingError

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = (
    "planner",
    "runtime.overhead",
    "runtime.imports",
    "runtime.duplicates",
    "runtime.jitter",
    "runtime.storm",
    "runtime.together",
    "webhooks.verifying",
)
LONG = (
    "runtime.calls",
    "runtime.hang",
    "runtime.operations",
    "runtime.outage",
    "runtime.leaks",
    "runtime.trial_calls",
    "webhooks.intake",
    "webhooks.overload",
    "webhooks.slow_connections",
    "webhooks.killing",
    "webhooks.copies",
    "webhooks.faults",
    "webhooks.replaying",
    "webhooks.million",
    "webhooks.fuzz",
    "documents.corpus",
    "documents.scores",
    "documents.peers",
    "documents.tolerance",
    "documents.readings",
    "codegen.generators",
    "codegen.whole",
    "codegen.mutants",
)
NAMES = QUICK + LONG


def documentation(name: str) -> str:
    """The docstring of a benchmark, which is not imported for it."""
    path = Path(__file__).parent / f"{name.replace('.', '/')}.py"
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def listed() -> str:
    """Each benchmark with its first line, and what it takes and needs."""
    lines: list[str] = []
    for title, names in (("Quick", QUICK), ("Long, each by its name", LONG)):
        lines.append(f"{title}:")
        for name in names:
            first, *_, last = documentation(name).split("\n\n")
            lines += [f"  {name:20} {' '.join(first.split())}", f"{'':23}{' '.join(last.split())}"]
    return "\n".join(lines)


def quick() -> int:
    """Run the quick ones, each in a process of its own; 1 if one of them failed."""
    failed = 0
    for name in QUICK:
        print(f"\n# {name}", flush=True)
        command = [sys.executable, "-m", "benchmarks", name]
        failed += subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return int(failed > 0)


def main(arguments: Sequence[str] | None = None) -> int:
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or [""]
    if name in NAMES:
        try:
            return int(import_module(f"benchmarks.{name}").main(rest))
        except MissingError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 2
    command_line = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument("--quick", action="store_true", help="run the quick ones")
    command_line.add_argument("name", nargs="?", help="NAME --help shows its options")
    options = command_line.parse_args([name, *rest] if name else [])
    if options.name:
        near = get_close_matches(options.name, NAMES, 3, 0.5)
        guess = f"; did you mean {' or '.join(near)}?" if near else ""
        command_line.error(f"no benchmark {options.name}{guess}")
    if options.quick:
        return quick()
    print(listed())
    return 0


if __name__ == "__main__":
    sys.exit(main())
