"""Judge the wrappers of all documents: `make test-judges`.

    python -m support.readings.judge [--judge openapi-core] [--judge npm] [--only NAME]

Exits 1 with each disagreement that is not known, and each known one that no longer is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from support.readings.judging import COMMANDS, agreement, documents, judged, stale, unexplained


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--judge", action="append", choices=[*COMMANDS], help="all by default")
    parser.add_argument("--only", default="", help="documents whose name holds this")
    parser.add_argument("--keep", type=Path, help="keep the exchanges and verdicts in this folder")
    options = parser.parse_args(arguments)
    judges = options.judge or [*COMMANDS]
    chosen = [one for one in documents() if options.only in one.name]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(2) as pool:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        results = list(pool.map(lambda one: judged(one, folder, judges), chosen))
    failed = 0
    for result in results:
        for line in result.unsent:
            print(f"not sent: {result.document} {line}")
            failed += 1
    for complaint in unexplained(results):
        print(f"unknown: {complaint}")
        failed += 1
    for entry in stale(results, judges) if not options.only else ():
        print(f"stale: {entry}")
        failed += 1
    for judge in judges:
        accepted, total = agreement(results, judge)
        print(f"{judge}: {accepted} of {total} requests accepted ({accepted / total:.2%})")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
