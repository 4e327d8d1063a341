"""Generators side by side on one document, in interleaved rounds.

Each peer is installed into a virtualenv of its own under FOLDER, from the package index that pip
uses. Measured per generator: seconds and peak memory of the process, lines of Python, whether the
package imports and how long that takes. Ratios are to noctule; a peer that fails says how.

Takes two minutes a round with Stripe's document. Needs DOCUMENT; a package index for the peers.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.shared import ROOT, Table, environment, parser, report

GENERATE = ("-m", "benchmarks.codegen.generate")
PEERS = ("openapi-python-client", "datamodel-code-generator")
STRIPE_SLICE = (
    "POST /v1/payment_intents", "GET /v1/payment_intents/{intent}",
    "POST /v1/payment_intents/{intent}/confirm", "POST /v1/payment_intents/{intent}/cancel",
    "POST /v1/customers", "GET /v1/customers", "POST /v1/refunds",
)  # fmt: skip


@dataclass
class Run:
    """One process: how it ended, how long it took, the most memory it held."""

    code: int
    seconds: float
    megabytes: float
    output: str


@dataclass
class Generator:
    name: str
    command: Callable[[Path, Path], list[str]]
    """From document and folder to the command that generates."""
    imported: Callable[[Path], str]
    """From the folder to the statement that imports the whole package."""
    python: Path = Path(sys.executable)
    runs: list[Run] = field(default_factory=list[Run])
    imports: list[Run] = field(default_factory=list[Run])
    lines: int = 0


def measured(command: list[str], folder: Path) -> Run:
    variables = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}", "PYTHONHASHSEED": "0"}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's second start finds bytecode
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=variables
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace").strip()
    return Run(process.returncode, seconds, usage.ru_maxrss / 1024, text[-300:])


def generators(peers: Path, operations: tuple[str, ...], names: list[str]) -> list[Generator]:
    chosen_generators = [
        Generator(
            "noctule",
            lambda document, folder: [
                sys.executable, *GENERATE, str(document), str(folder), *operations
            ],
            _noctule,
        )
    ]  # fmt: skip
    if "openapi-python-client" in names:
        python = environment(peers / "openapi-python-client", "openapi-python-client")
        settings = peers / "literal.yaml"
        settings.write_text("literal_enums: true\n")
        chosen_generators.append(
            Generator(
                "openapi-python-client",
                lambda document, folder: [
                    str(python.with_name("openapi-python-client")), "generate", "--path",
                    str(document), "--output-path", str(folder / "out"), "--meta", "none",
                    "--overwrite", "--config", str(settings),
                ],
                lambda _: "import out.models",
                python,
            )
        )  # fmt: skip
    if "datamodel-code-generator" in names:
        model = environment(peers / "datamodel-code-generator", "datamodel-code-generator[http]")
        chosen_generators.append(
            Generator(
                "datamodel-code-generator",
                lambda document, folder: [
                    str(model.with_name("datamodel-codegen")), "--input", str(document),
                    "--input-file-type", "openapi", "--output", str(folder / "out"),
                    "--output-model-type", "pydantic_v2.BaseModel",
                ],
                lambda _: "import out",
                model,
            )
        )  # fmt: skip
    return chosen_generators


def _noctule(folder: Path) -> str:
    """Every module of the wrapper, as a peer's import loads all of its package."""
    [wrapper] = [path for path in (folder / "app/services").iterdir() if "_service" in path.name]
    if wrapper.is_file():
        return f"import app.services.{wrapper.stem}"
    parts = sorted(path.stem for path in wrapper.glob("*.py") if path.stem != "__init__")
    return "; ".join(f"import app.services.{wrapper.name}.{part}" for part in parts)


def count(folder: Path) -> int:
    return sum(
        text.count("\n")
        for path in folder.rglob("*.py")
        if (text := path.read_text(encoding="utf-8", errors="replace"))
    )


def imports(generator: Generator, folder: Path) -> list[Run]:
    """Importing the package, beyond what it stands on; the first one writes the bytecode."""
    bare = (
        "noctule.runtime.service, noctule.runtime.auth, noctule.runtime.decoding.models, contextlib"
    )
    bare = bare if generator.name == "noctule" else "time"
    code = (
        f"import {bare}, time; start = time.perf_counter(); {generator.imported(folder)}; "
        "print(time.perf_counter() - start)"
    )
    runs = [measured([str(generator.python), "-c", code], folder) for _ in range(4)][1:]
    for run in runs:
        run.seconds = float(run.output) if run.code == 0 else 0.0
    return runs


def compare(title: str, compared: list[Generator], document: Path, rounds: int) -> Table:
    with tempfile.TemporaryDirectory() as base:
        for number in range(rounds):
            for generator in compared if number % 2 == 0 else compared[::-1]:
                folder = Path(base) / f"{generator.name}-{number}"
                folder.mkdir()
                run = measured(generator.command(document, folder), folder)
                generator.runs.append(run)
                generator.lines = count(folder)
                if generator.lines:
                    generator.imports += imports(generator, folder)
    return table(title, compared)


def table(title: str, compared: list[Generator]) -> Table:
    first = compared[0]
    rows: list[tuple[str | int | float, ...]] = []
    for generator in compared:
        seconds = statistics.median(run.seconds for run in generator.runs)
        memory = max(run.megabytes for run in generator.runs)
        whole = (
            statistics.median(run.seconds for run in generator.imports)
            if generator.imports
            else 0.0
        )
        failed = [run for run in (*generator.runs, *generator.imports) if run.code]
        outcome = f"failed: {failed[0].output.splitlines()[-1:]}" if failed else "works"
        ratio = seconds / statistics.median(run.seconds for run in first.runs)
        figures = (
            f"{seconds:.2f}",
            round(memory),
            generator.lines,
            f"{whole:.3f}",
            f"{ratio:.1f}x",
        )
        rows.append((generator.name, *figures, outcome))
    head = ("generator", "seconds", "peak MB", "lines", "import, s", "beside noctule", "outcome")
    return Table(title, head, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("codegen.generators", __doc__)
    command_line.add_argument("document", type=Path)
    command_line.add_argument("--rounds", type=int, default=1)
    command_line.add_argument(
        "--peers",
        type=Path,
        default=Path(tempfile.gettempdir()) / "codegen-peers",
        help="folder of the virtual environments of the peers",
    )
    command_line.add_argument("--only", nargs="*", default=PEERS, metavar="GENERATOR")
    command_line.add_argument("--slice", nargs="*", default=STRIPE_SLICE, metavar="OPERATION")
    options = command_line.parse_args(arguments)
    document = options.document.resolve()
    if not document.is_file():
        command_line.error(f"no document {document}")
    peers, part = options.peers, tuple(options.slice)
    whole = generators(peers, (), options.only)
    slices = generators(peers, part, [])
    title = f"noctule, {len(part)} operations of it, tests and handler included"
    report(
        options,
        compare(f"The whole of {document.name}, all generators", whole, document, options.rounds),
        compare(title, slices, document, max(3, options.rounds)),
        part=document.stem,
    )
    return 0
