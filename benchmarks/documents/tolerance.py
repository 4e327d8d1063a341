"""Answers that are not quite as documented, read by the clients of several generators.

    python benchmarks/documents/tolerance.py OUT [--bodies 1000] DOCUMENT ...

OUT is that of `peers.py`; a DOCUMENT is named as it is in the corpus. Of each, the bodies of
successful answers that noctule's sampler makes are read, as they are and changed: a new enumeration
value, a further member, a null, a member that is missing. Only operations that all generators know,
whose unchanged answer all of them can read, count. Prints how many changed bodies each could not
read.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import checking
import corpus
import peers
from generating import Generator

from noctule.apidoc import load, sample

if TYPE_CHECKING:
    from collections.abc import Iterator

sys.path.append(str(corpus.ROOT / "tests"))
from support.answers import mutated

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
    done = subprocess.run(
        [*command, peer.name, str(folder), package], input=json.dumps(cases), text=True,
        capture_output=True, check=True, cwd=folder, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    found: Outcomes = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("documents", nargs="+")
    parser.add_argument("--bodies", type=int, default=1000)
    asked = parser.parse_args()
    out = asked.out.resolve()
    failed: dict[str, Counter[str]] = {}
    total = 0
    for name in asked.documents:
        document = corpus.CORPUS / name
        package = Generator(corpus.CORPUS, out).package(document)
        known = [*peers.peers(out)]
        for peer in known:
            (out / peer.name).mkdir(exist_ok=True)
            shutil.rmtree(out / peer.name / package, ignore_errors=True)
            peer.write(document, out / peer.name, package)

        def ends(cases: list[Case], known: Any = known, package: str = package) -> list[Outcomes]:
            return [read(peer, out / peer.name, package, cases) for peer in known]

        good = [*answers(document)]
        fair = [case for case, *said in zip(good, *ends(good), strict=True) if not any(said)
                and None not in said]  # fmt: skip
        chance = random.Random(name)
        count = asked.bodies // len(asked.documents) if fair else 0
        drawn = (chance.choice(fair) for _ in range(count))
        cases: list[Case] = [(*case[:3], mutated(case[3], chance)) for case in drawn]
        for peer, said in zip(known, ends(cases), strict=True):
            failed.setdefault(peer.name, Counter()).update(filter(None, said))
        total += count
        print(f"{name}: {len(fair)} of {len(good)} answers are read by all", flush=True)
    for generator, errors in failed.items():
        print(f"{generator}: {errors.total()} of {total} not read {dict(errors)}")


if __name__ == "__main__":
    main()
