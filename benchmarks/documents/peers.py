"""Other free generators on a sample of real documents, asked what noctule is asked.

The sample is the first `--count` documents in the order of `corpus.py --generate`, which nobody
chose. Each generator writes a client of each; then every module of it is imported, and mypy reads
it, as it comes and with `--strict`. Counted too: the documents of which every operation is there.
Each generator stands in a virtualenv of its own below OUT, with what its code imports;
openapi-generator needs Java. Rows are kept in OUT, so that the same command goes on where it was
stopped. Exits 3 where `--seconds` ended before the last document.

Takes a night. Needs `make corpus`, a package index and Java.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.documents import checking, clients, corpus, processes
from benchmarks.documents.generating import Generator
from benchmarks.shared import MissingError, Table, environment, parser, report
from noctule.apidoc import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LIMIT = 600.0
"""Seconds for one generation, one import, one run of mypy."""
LARGE = 8_000_000
"""Bytes of a document that comes last."""
PEERS = {
    "openapi-python-client": ("openapi-python-client==0.29.1", "types-python-dateutil"),
    "openapi-generator": (
        "openapi-generator-cli==7.26.0", "pydantic>=2", "urllib3", "python-dateutil",
        "typing-extensions", "types-python-dateutil",
    ),
}  # fmt: skip
"""Generator -> the packages of its virtualenv."""
IMPORT = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]"
COLUMNS = {
    "writes a client": lambda row: "found" in row,
    "of every operation": lambda row: row.get("found", 0) >= row["operations"],
    "every module imports": lambda row: "imports" in row,
    "and mypy is content": lambda row: "mypy" in row,
    "and mypy --strict is": lambda row: "strict" in row,
}
"""Title -> whether a row counts."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Peer:
    name: str
    python: Path
    """Of the environment in which its code runs."""
    write: Callable[[Path, Path, str], str]
    """From document, folder and name of the package to what went wrong, "" where nothing did."""
    operation: str
    """What stands once in the code for each operation, as a regular expression."""

    def row(self, document: Path, name: str, folder: Path, package: str, operations: int) -> Row:
        """One client: written, and put to every question until one fails."""
        started = time.monotonic()
        row: Row = {"document": name, "generator": self.name, "operations": operations}
        shutil.rmtree(folder / package, ignore_errors=True)
        failure = self.write(document, folder, package)
        row["seconds"] = round(time.monotonic() - started, 1)
        modules = checking.sources(folder / package)
        if not modules:
            return {**row, "said": failure or "nothing written"}
        count = sum(
            len(re.findall(self.operation, path.read_text(encoding="utf-8"), re.MULTILINE))
            for path in modules
        )
        row["found"] = count
        relative = [path.relative_to(folder) for path in modules]
        names = [
            ".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in relative
        ]
        if failure := ran(folder, [str(self.python), "-c", IMPORT, *names]):
            return {**row, "said": failure}
        row["imports"] = True
        for key, options in (("mypy", []), ("strict", ["--strict"])):
            if failure := self.checked(folder, [str(path) for path in relative], key, options):
                return {**row, "said": failure}
            row[key] = True
        return row

    def checked(self, folder: Path, modules: list[str], key: str, options: list[str]) -> str:
        listed = folder / ".modules"
        listed.write_text("\n".join(modules), encoding="utf-8")
        command = [sys.executable, "-m", "mypy", "--python-executable", str(self.python)]
        command += ["--cache-dir", f".mypy_{key}", "--no-error-summary", *options]
        return ran(folder, [*command, f"@{listed.name}"])


def ran(folder: Path, command: list[str]) -> str:
    """The last thing that the command said, where it failed."""
    path = f"{folder}:{checking.SOURCES}"
    variables = {"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "MYPYPATH": str(checking.SOURCES)}
    try:
        process = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False,
            env=variables,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"no end after {LIMIT:.0f} s"
    lines = (process.stderr + process.stdout).strip().splitlines()
    return "" if process.returncode == 0 else (lines or ["?"])[-1][:300]


def peers(out: Path) -> Iterator[Peer]:
    def ours(document: Path, folder: Path, _: str) -> str:
        work = Generator(corpus.CORPUS, folder)
        [(_, row)] = processes.each([document], work, jobs=1, limit=LIMIT)
        return str(row["reason"])

    yield Peer("noctule", Path(sys.executable), ours, r"^\w+ = Operation\(")

    def client(document: Path, folder: Path, package: str) -> str:
        python = installed(out, "openapi-python-client")
        tool = str(python.with_name("openapi-python-client"))
        return ran(folder, [tool, "generate", "--path", str(document), "--output-path",
                            str(folder / package), "--meta", "none", "--overwrite"])  # fmt: skip

    yield Peer("openapi-python-client", installed(out, "openapi-python-client"), client,
               r"^def _get_kwargs\(")  # fmt: skip

    def generator(document: Path, folder: Path, package: str) -> str:
        tool = str(installed(out, "openapi-generator").with_name("openapi-generator-cli"))
        output = folder / f"{package}.made"
        where = ["-i", str(document), "-o", str(output), "--package-name", package]
        failure = ran(folder, [tool, "generate", "-g", "python", *where, "--skip-validate-spec"])
        if (output / package).is_dir():
            (output / package).rename(folder / package)
        shutil.rmtree(output, ignore_errors=True)
        return failure

    yield Peer("openapi-generator", installed(out, "openapi-generator"), generator,
               r"^    def _\w+_serialize\(")  # fmt: skip


def installed(out: Path, name: str) -> Path:
    """The Python of the generator's virtual environment."""
    return environment(out / "environments" / name, *PEERS[name])


def sample(count: int) -> list[str]:
    """Names of documents, the very large ones last."""
    paths = corpus.documents(corpus.CORPUS, "", 1)
    names = clients.mixed(str(path.relative_to(corpus.CORPUS)) for path in paths)[:count]
    return sorted(names, key=lambda name: (corpus.CORPUS / name).stat().st_size > LARGE)


def measure(out: Path, count: int, seconds: float) -> bool:
    """Append what is missing; whether nothing is any more."""
    rows, until = out / "rows.jsonl", time.monotonic() + seconds
    finished = {(row["document"], row["generator"]) for row in clients.read(rows)}
    naming = Generator(corpus.CORPUS, out)
    generators = [*peers(out)]
    for name, peer in itertools.product(sample(count), generators):
        if (name, peer.name) in finished:
            continue
        if time.monotonic() > until:
            return False
        path, folder = corpus.CORPUS / name, out / peer.name
        folder.mkdir(exist_ok=True)
        package = naming.package(path)
        row = peer.row(path, name, folder, package, len(load(path).operations))
        with rows.open("a", encoding="utf-8") as log:
            print(json.dumps(row), file=log, flush=True)
        shutil.rmtree(folder / package, ignore_errors=True)
    return True


def table(rows: list[Row]) -> Table:
    """Of the documents with operations, how many pass each question."""
    count = len({row["document"] for row in rows if row["operations"]})
    cells: list[tuple[str | int | float, ...]] = []
    for name in dict.fromkeys(row["generator"] for row in rows):
        own = [row for row in rows if row["generator"] == name and row["operations"]]
        cells.append((name, *(sum(map(holds, own)) for holds in COLUMNS.values())))
    return Table("Generators side by side", (f"of {count} documents", *COLUMNS), cells)


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("documents.peers", __doc__)
    command_line.add_argument("out", type=Path)
    command_line.add_argument("--count", type=int, default=100, help="documents")
    command_line.add_argument("--seconds", type=float, default=float("inf"), help="then no new one")
    options = command_line.parse_args(arguments)
    if not corpus.CORPUS.is_dir():
        raise MissingError("the documents are not there: run `make corpus`")
    if not shutil.which("java"):
        raise MissingError("openapi-generator needs Java, and there is no `java`")
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    complete = measure(out, options.count, options.seconds)
    report(options, table(clients.read(out / "rows.jsonl")))
    return 0 if complete else 3
