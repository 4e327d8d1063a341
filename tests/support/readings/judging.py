"""Documents under judgement: their wrappers' exchanges, the judges' verdicts, and what is known.

Each judge runs in a process of its own and imports nothing of noctule. A complaint that no entry of
`known.toml` explains is a disagreement, and so is an entry that no longer explains any.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from support.paths import DATA, ROOT, SPECS
from support.readings.amendments import amended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

HERE = Path(__file__).parent
KNOWN = DATA / "readings" / "known.toml"
UNSEEN = DATA / "readings" / "unseen.toml"
"""Reasons for complaints about documents that nobody looked at (`documents.readings`)."""
NPM = ROOT / ".golden" / "readings"
"""Where `make test-judges` installs the judges of npm."""
PACKS = ROOT / "src" / "noctule" / "providers" / "packs"
LIMIT = 900.0
"""Seconds after which a process counts as hung."""


@dataclass(frozen=True)
class Judged:
    """A document whose wrapper is judged."""

    name: str
    path: Path
    pack: str = ""


@dataclass(frozen=True)
class Complaint:
    judge: str
    """"openapi-core", or "npm": Steady of requests, Hyperjump of answers."""
    part: str
    """"request" or "answer"."""
    document: str
    operation: str
    call: str
    says: str

    def __str__(self) -> str:
        where = f"{self.document} {self.operation} ({self.call})"
        return f"{where}: {self.judge} of the {self.part}: {self.says}"


@dataclass(frozen=True)
class Known:
    """Why a judge complains although we are right, or where we are not and know it."""

    judge: str
    part: str
    says: str
    """A regular expression that is found in the complaint."""
    reason: str
    document: str = "*"
    operation: str = "*"

    def explains(self, complaint: Complaint) -> bool:
        return (
            (self.judge, self.part) == (complaint.judge, complaint.part)
            and fnmatchcase(complaint.document, self.document)
            and fnmatchcase(complaint.operation, _literal(self.operation))
            and re.search(self.says, complaint.says) is not None
        )


def _literal(pattern: str) -> str:
    """Paths hold no brackets of a pattern."""
    return pattern.replace("[", "[[]")


@dataclass
class Result:
    """What came of one document."""

    document: str
    requests: int = 0
    unsent: list[str] = field(default_factory=list[str])
    complaints: list[Complaint] = field(default_factory=list[Complaint])


def documents() -> list[Judged]:
    """The whole documents beside the repository, the packs', and those of docs/bytes.md."""
    whole = [Judged(path.stem, path) for path in sorted(SPECS.glob("*.json"))]
    packs = [
        Judged(f"pack:{path.name.partition('.')[0]}", path, path.name.partition(".")[0])
        for path in sorted(PACKS.glob("*.openapi.json"))
    ]
    slices = [
        Judged(f"bytes:{path.name.partition('.')[0]}", path)
        for path in sorted((DATA / "bytes").glob("*.openapi.json"))
    ]
    return [*whole, *packs, *slices]


@cache
def known(path: Path = KNOWN) -> tuple[Known, ...]:
    return tuple(Known(**entry) for entry in tomllib.loads(path.read_text())["known"])


def judged(one: Judged, folder: Path, judges: Sequence[str], operations: int = 0) -> Result:
    """Capture the document's exchanges, or those of so many operations, and have them judged."""
    stem = re.sub(r"\W", "_", one.name)
    lines, document = folder / f"{stem}.jsonl", folder / f"{stem}.json"
    _run("support.readings.capture", str(one.path), str(lines), f"--pack={one.pack}",
         f"--operations={operations}")  # fmt: skip
    document.write_text(json.dumps(amended(one.name, json.loads(one.path.read_bytes()))))
    exchanges = [json.loads(line) for line in lines.read_text().splitlines()]
    result = Result(one.name, sum("url" in line for line in exchanges))
    result.unsent = [f"{line['operation']}: {line['raised']}" for line in exchanges
                     if "url" not in line]  # fmt: skip
    for judge in judges:
        verdicts = folder / f"{stem}.{judge}"
        COMMANDS[judge](str(document), str(lines), str(verdicts))
        said = [json.loads(line) for line in verdicts.read_text().splitlines()]
        for line, verdict in zip(exchanges, said, strict=True):
            result.complaints += [
                Complaint(judge, part, one.name, line["operation"], line["call"], text)
                for part in ("request", "answer")
                for text in verdict[part] or ()
            ]
    return result


def _core(*arguments: str) -> None:
    _process([sys.executable, str(HERE / "openapi_core_judge.py"), *arguments])


def _npm(*arguments: str) -> None:
    _process(["node", str(NPM / "judge.mjs"), *arguments, "60"])


COMMANDS = {"openapi-core": _core, "npm": _npm}


def _run(module: str, *arguments: str) -> None:
    _process([sys.executable, "-m", module, *arguments])


def _process(command: list[str]) -> None:
    done = subprocess.run(command, cwd=ROOT / "tests", capture_output=True, text=True,
                          check=False, timeout=LIMIT)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-3000:]}")


def unexplained(results: Iterable[Result]) -> Iterator[Complaint]:
    for result in results:
        for complaint in result.complaints:
            if not any(entry.explains(complaint) for entry in known()):
                yield complaint


def stale(results: Sequence[Result], judges: Sequence[str]) -> Iterator[Known]:
    """Entries about these judges that explain nothing."""
    complaints = [complaint for result in results for complaint in result.complaints]
    for entry in known():
        if entry.judge in judges and not any(map(entry.explains, complaints)):
            yield entry


def agreement(results: Sequence[Result], judge: str) -> tuple[int, int]:
    """Requests that the judge accepts, and all."""
    refused = Counter(
        result.document
        for result in results
        for _ in {(c.operation, c.call) for c in result.complaints
                  if c.judge == judge and c.part == "request"}
    )  # fmt: skip
    total = sum(result.requests for result in results)
    return total - refused.total(), total
