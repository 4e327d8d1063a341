"""Generators side by side on one document, in interleaved rounds.

    python benchmarks/codegen/run.py DOCUMENT [--rounds 2] [--peers FOLDER] [--slice OPERATION ...]

Each peer is installed into a virtualenv of its own under FOLDER, from the package index that pip
uses. Measured per generator: seconds and peak memory of the process, lines of Python, whether the
package imports and how long that takes. Prints ratios to noctule; a peer that fails says how.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

OURS = Path(__file__).with_name("ours.py")
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
    said: str


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
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONHASHSEED": "0"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a user's second start finds bytecode
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, stdout=said, stderr=subprocess.STDOUT, env=environment
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode(errors="replace").strip()
    return Run(process.returncode, seconds, usage.ru_maxrss / 1024, text[-300:])


def installed(folder: Path, package: str) -> Path:
    """The Python of a virtualenv that has `package`, made where it is not there yet."""
    python = folder / package.split("[")[0] / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", package], check=True)
    return python


def generators(peers: Path, operations: tuple[str, ...], names: list[str]) -> list[Generator]:
    found = [
        Generator(
            "noctule",
            lambda document, folder: [
                sys.executable, str(OURS), str(document), str(folder), *operations
            ],
            _ours,
        )
    ]  # fmt: skip
    if "openapi-python-client" in names:
        python = installed(peers, "openapi-python-client")
        settings = peers / "literal.yaml"
        settings.write_text("literal_enums: true\n")
        found.append(
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
        model = installed(peers, "datamodel-code-generator[http]")
        found.append(
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
    return found


def _ours(folder: Path) -> str:
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
        run.seconds = float(run.said) if run.code == 0 else 0.0
    return runs


def compare(found: list[Generator], document: Path, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as base:
        for number in range(rounds):
            for generator in found if number % 2 == 0 else found[::-1]:
                folder = Path(base) / f"{generator.name}-{number}"
                folder.mkdir()
                run = measured(generator.command(document, folder), folder)
                generator.runs.append(run)
                generator.lines = count(folder)
                if generator.lines:
                    generator.imports += imports(generator, folder)
    report(found)


def report(found: list[Generator]) -> None:
    first = found[0]
    print(f"{'generator':<26}{'seconds':>9}{'MB':>7}{'lines':>9}{'import s':>10}  ratio  outcome")
    for one in found:
        seconds = statistics.median(run.seconds for run in one.runs)
        memory = max(run.megabytes for run in one.runs)
        whole = statistics.median(run.seconds for run in one.imports) if one.imports else 0.0
        failed = [run for run in (*one.runs, *one.imports) if run.code]
        outcome = f"failed: {failed[0].said.splitlines()[-1:]}" if failed else "works"
        ratio = seconds / statistics.median(run.seconds for run in first.runs)
        print(f"{one.name:<26}{seconds:>9.2f}{memory:>7.0f}{one.lines:>9}{whole:>10.3f}"
              f"{ratio:>7.1f}  {outcome}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("document", type=Path)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "codegen-peers")
    parser.add_argument("--only", nargs="*",
                        default=["openapi-python-client", "datamodel-code-generator"])  # fmt: skip
    parser.add_argument("--slice", nargs="*", default=STRIPE_SLICE, metavar="OPERATION")
    given = parser.parse_args()
    document = given.document.resolve()
    print("The whole document, all generators:")
    compare(generators(given.peers, (), given.only), document, given.rounds)
    print(f"\nnoctule, {len(given.slice)} operations of it, tests and handler included:")
    compare(generators(given.peers, tuple(given.slice), []), document, max(3, given.rounds))


if __name__ == "__main__":
    main()
