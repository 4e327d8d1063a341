"""What all benchmarks share: the command line, tables, kept results, processes of their own."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SPECS = ROOT.parent / "shared" / "specs"
"""Whole documents of providers, beside the repository; not in every checkout."""
CORPUS = ROOT / ".corpus" / "package" / "api"
"""The documents that `make corpus` fetches."""

Cell = str | int | float


@dataclass(frozen=True)
class Table:
    """Figures as they are printed and kept; units are in the head."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    note: str = ""

    def text(self) -> str:
        """Markdown: a heading, the table and the note."""
        lines = [self.head, tuple("---" for _ in self.head), *self.rows]
        table = "\n".join(f"| {' | '.join(map(_shown, line))} |" for line in lines)
        return f"## {self.title}\n\n{table}\n" + (f"\n{self.note}\n" if self.note else "")


def _shown(cell: Cell) -> str:
    return f"{cell:,}" if isinstance(cell, int) and abs(cell) >= 10_000 else str(cell)


def parser(name: str, documentation: str | None) -> argparse.ArgumentParser:
    """The command line of the benchmark `name`, with its docstring as help."""
    command_line = argparse.ArgumentParser(
        prog=f"python -m benchmarks {name}",
        description=documentation,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument(
        "--save", action="store_true", help="keep the result in benchmarks/results"
    )
    command_line.set_defaults(name=name, commit=commit())  # before it takes an hour
    return command_line


def report(
    options: argparse.Namespace, *tables: Table, part: str = "", data: object = None
) -> None:
    """Print the tables; with `--save` keep them, and `data`, in `benchmarks/results`.

    `part` tells apart the results of a benchmark that is run in several ways.
    """
    for table in tables:
        print("\n" + table.text(), end="", flush=True)
    if options.save:
        RESULTS.mkdir(exist_ok=True)
        name = options.name + (f".{part}" if part else "")
        arguments = [argument for argument in sys.argv[1:] if argument != "--save"]
        result = {
            "command": " ".join(["python -m benchmarks", *arguments]),
            "commit": options.commit,
            "date": datetime.now(UTC).date().isoformat(),
            "machine": machine(),
            "tables": [asdict(table) for table in tables],
        }
        text = json.dumps(result, indent=1, ensure_ascii=False)
        if data is not None:
            text = text.removesuffix("\n}") + f',\n "data": {json.dumps(data)}\n}}'
        (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def commit() -> str:
    """The commit that is measured, with "+" where a file of it is changed."""
    command = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return process.stdout.strip() or "unknown"


def machine() -> str:
    """Interpreter, system and processors, without the name of the host."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"


def peak_memory(pid: int | str = "self") -> float:
    """Most MB that a process has held; 0 when it is gone.

    Not getrusage: a child's `ru_maxrss` begins with its parent's.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024 if "VmHWM:" in status else 0.0


def started(target: Callable[..., None], *arguments: object) -> tuple[Any, Any]:
    """A process that runs `target(*arguments, pipe)`, and our end of the pipe."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=target, args=(*arguments, there), daemon=True)
    process.start()
    there.close()
    return process, here


def environment(folder: Path, *packages: str) -> Path:
    """The Python of a virtual environment with the packages, made where it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
    return python


class MissingError(Exception):
    """A program or a file that a benchmark needs is not there; the text says which."""
