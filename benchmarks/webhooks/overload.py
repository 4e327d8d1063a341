"""Ten times the senders: every answer within 400 ms, 2xx or 503, in bounded memory.

    python benchmarks/webhooks/overload.py [--seconds 5] [--connections 640] [--engine …]

wrk keeps 640 connections busy, where the other figures are taken with 64. Exits 1 if an answer took
longer than 400 ms or never came, or if the server grew by more than 256 MB.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from machinery import postgres, server, write_requests, wrk

MOST_MS = 400
MOST_MB = 256


def memory(port: int) -> float:
    """Megabytes of the server on this port, found by its arguments."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "status").read_text()
        except OSError:
            continue
        if str(port).encode() in arguments and any(a.endswith(b"servers.py") for a in arguments):
            line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
            return int(line.split()[1]) / 1024
    raise LookupError(f"no server on port {port}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=640)
    parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        on_server = options.engine == "postgres"
        place = stack.enter_context(postgres()) if on_server else f"{folder}/inbox.sqlite3"
        port = stack.enter_context(server("noctule", place))
        write_requests(folder / "requests", 4000 * options.seconds, port)
        before = memory(port)
        found = wrk(folder / "requests", port, options.seconds, options.connections)
        grown = memory(port) - before
    print(f"{options.engine}: {found}, {grown:.0f} MB more")
    wrong = found["max"] > MOST_MS or found["timeouts"] or grown > MOST_MB
    print("it does not hold" if wrong else f"every answer within {MOST_MS} ms")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
