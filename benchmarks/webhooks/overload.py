"""Ten times the senders: every answer within 400 ms, 2xx or 503, in bounded memory.

wrk keeps 640 connections busy, where the other figures are taken with 64. Exits 1 if an answer took
longer than 400 ms or never came, or if the server grew by more than 256 MB.

Takes half a minute. Needs wrk, and PostgreSQL for --engine postgres.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.processes import postgres, server, write_requests, wrk

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_MS = 400
MOST_MB = 256


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.overload", __doc__)
    command_line.add_argument("--seconds", type=int, default=5)
    command_line.add_argument("--connections", type=int, default=640)
    command_line.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
    options = command_line.parse_args(arguments)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        on_server = options.engine == "postgres"
        place = stack.enter_context(postgres()) if on_server else f"{folder}/inbox.sqlite3"
        host = stack.enter_context(server("noctule", place))
        write_requests(folder / "requests", 4000 * options.seconds, host.port)
        before = host.memory()
        measured = wrk(folder / "requests", host.port, options.seconds, options.connections)
        grown = host.memory() - before
    wrong = measured["max"] > MOST_MS or measured["timeouts"] or grown > MOST_MB
    print("too slow or too large" if wrong else f"every answer within {MOST_MS} ms")
    head = (*measured, "MB more")
    row = (*(round(value, 1) for value in measured.values()), round(grown))
    title = f"{options.connections} connections at once, {options.engine}"
    report(options, Table(title, head, [row]), part=options.engine)
    return 1 if wrong else 0
