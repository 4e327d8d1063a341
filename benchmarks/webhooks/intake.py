"""Durable accepted events a second: noctule, what people write by hand, and the limit.

All variants run in turn in every round, each with requests signed a moment before; the figures are
medians. An answer that is not 2xx does not count. The next variant waits until the one before it is
idle: noctule makes copies for the search afterwards.

Takes eight minutes. Needs wrk, PostgreSQL and the group `bench`.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.processes import (
    Server,
    postgres,
    server,
    wait_until_idle,
    write_requests,
    wrk,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

KINDS = {
    "peer": "FastAPI, uvicorn, construct_event, asyncpg into JSONB",
    "peer-fast": "hmac and json.loads, granian, asyncpg into text",
    "noctule": "noctule, SQLite",
    "noctule-pg": "noctule, PostgreSQL",
    "log": "append-only log, fdatasync (limit)",
    "empty": "the server alone",
}
SIGNED_PER_SECOND = {"peer": 1500}


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.intake", __doc__)
    command_line.add_argument(
        "kinds",
        nargs="*",
        default=list(KINDS),
        metavar="KIND",
        help=", ".join(KINDS),
    )
    command_line.add_argument("--rounds", type=int, default=5)
    command_line.add_argument("--seconds", type=int, default=4)
    command_line.add_argument("--connections", type=int, default=64)
    options = command_line.parse_args(arguments)
    if unknown := set(options.kinds) - set(KINDS):
        command_line.error(f"unknown: {', '.join(sorted(unknown))}")
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in options.kinds}
    with TemporaryDirectory() as folder, postgres() as address, ExitStack() as stack:
        servers: dict[str, Server] = {}
        for kind in options.kinds:
            place = (
                address if kind in ("peer", "peer-fast", "noctule-pg") else f"{folder}/{kind}.inbox"
            )
            servers[kind] = stack.enter_context(server(kind.removesuffix("-pg"), place))
        for turn in range(options.rounds):
            for kind, (port, pid) in servers.items():
                requests = Path(folder) / "requests"
                count = SIGNED_PER_SECOND.get(kind, 12_000) * options.seconds
                write_requests(requests, count, port)
                result = wrk(requests, port, options.seconds, options.connections)
                if result["bad"] == result["requests"]:
                    command_line.error(f"{kind} answered every request with an error")
                runs[kind].append(result)
                wait_until_idle(pid)
                print(f"round {turn + 1} {kind:11} {result}", flush=True)
    medians = {
        kind: {name: median(run[name] for run in rounds) for name in rounds[0]}
        for kind, rounds in runs.items()
    }
    report(options, table(medians))
    return 0


def table(medians: dict[str, dict[str, float]]) -> Table:
    beside = {
        kind: medians.get(kind, {}).get("per_second") for kind in ("peer", "peer-fast", "log")
    }
    rows: list[tuple[str | int | float, ...]] = [
        (
            KINDS[kind],
            round(row["per_second"]),
            round(row["p50"], 1),
            round(row["p99"], 1),
            *(f"{row['per_second'] / base:.2f}x" if base else "" for base in beside.values()),
        )
        for kind, row in medians.items()
    ]
    head = ("", "events/s", "p50, ms", "p99, ms", "beside FastAPI", "beside hmac", "of the log")
    return Table("Durable accepted events a second", head, rows)
