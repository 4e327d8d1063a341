"""Answers that are not quite as documented, read by the clients of several generators.

OUT is that of `peers.py`; a DOCUMENT is named as it is in the corpus. Of each, the bodies of
successful answers that noctule's sampler makes are read, as they are and changed: a new enumeration
value, a further member, a null, a member that is missing. Only operations that all generators know,
whose unchanged answer all of them can read, count. A body that the client reads although a value
in the result is not what its annotation says counts as untrue; a member that raises an error when
it is read is none, and neither is what a class without annotations holds.

Takes ten minutes. Needs `make corpus`, and the environments that documents.peers makes.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.documents import checking, corpus, peers
from benchmarks.documents.generating import Generator
from benchmarks.shared import Table, parser, report
from noctule.apidoc import load, sample
from tests.support.answers import mutated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Case = tuple[str, str, int, Any]
Outcomes = list[str | None]


def answers(document: Path) -> Iterator[Case]:
    """One good answer of each operation that has a JSON object for an answer."""
    for operation in load(document).operations.values():
        success = operation.success
        for media in success.media.values() if success else ():
            if success and success.status.isdigit() and "json" in media.type and media.schema:
                body = sample(media.schema)
                if isinstance(body, dict) and body:
                    path = operation.path.partition("#")[0]
                    yield operation.method, path, int(success.status), body
                break


def read(peer: peers.Peer, folder: Path, package: str, cases: list[Case]) -> Outcomes:
    command = [str(peer.python), str(Path(__file__).with_name("reader.py"))]
    path = f"{folder}:{checking.SOURCES}"
    process = subprocess.run(
        [*command, peer.name, str(folder), package], input=json.dumps(cases), text=True,
        capture_output=True, check=True, cwd=folder, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    outcomes: Outcomes = json.loads(process.stdout)
    return outcomes


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("documents.tolerance", __doc__)
    command_line.add_argument("out", type=Path)
    command_line.add_argument("documents", nargs="+")
    command_line.add_argument("--bodies", type=int, default=1000)
    options = command_line.parse_args(arguments)
    missing = [name for name in options.documents if not (corpus.CORPUS / name).is_file()]
    if missing:
        command_line.error(f"not in the corpus: {', '.join(missing)}; run `make corpus`")
    out = options.out.resolve()
    failed: dict[str, Counter[str]] = {}
    total = 0
    for name in options.documents:
        document = corpus.CORPUS / name
        package = Generator(corpus.CORPUS, out).package(document)
        generators = [*peers.peers(out)]
        for peer in generators:
            (out / peer.name).mkdir(exist_ok=True)
            shutil.rmtree(out / peer.name / package, ignore_errors=True)
            peer.write(document, out / peer.name, package)

        def ends(
            cases: list[Case], generators: Any = generators, package: str = package
        ) -> list[Outcomes]:
            return [read(peer, out / peer.name, package, cases) for peer in generators]

        good = [*answers(document)]
        fair = [case for case, *outcomes in zip(good, *ends(good), strict=True) if not any(outcomes)
                and None not in outcomes]  # fmt: skip
        chance = random.Random(name)
        count = options.bodies // len(options.documents) if fair else 0
        sampled = (chance.choice(fair) for _ in range(count))
        cases: list[Case] = [(*case[:3], mutated(case[3], chance)) for case in sampled]
        for peer, outcomes in zip(generators, ends(cases), strict=True):
            failed.setdefault(peer.name, Counter()).update(filter(None, outcomes))
        total += count
        print(f"{name}: {len(fair)} of {len(good)} answers are read by all", flush=True)
    rows: list[tuple[str | int | float, ...]] = [
        (
            name,
            errors.total() - errors["untrue"],
            errors["untrue"],
            ", ".join(f"{kind} {n}" for kind, n in errors.most_common() if kind != "untrue"),
        )
        for name, errors in failed.items()
    ]
    head = ("generator", f"not read, of {total}", "read, but untrue to its type", "errors")
    report(options, Table("Answers that are not quite as documented", head, rows))
    return 0
