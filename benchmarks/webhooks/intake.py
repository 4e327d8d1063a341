"""Durable accepted events a second: noctule, what people write by hand, and the limit.

    python benchmarks/webhooks/intake.py [--rounds 5] [--seconds 4] [--connections 64] [KIND …]

All variants run in turn in every round, each with requests signed a moment before; the figures are
medians. An answer that is not 2xx does not count.
"""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from machinery import postgres, server, write_requests, wrk

KINDS = {
    "peer": "FastAPI + stripe.construct_event + asyncpg",
    "noctule": "noctule, SQLite",
    "noctule-pg": "noctule, PostgreSQL",
    "log": "append-only log, fdatasync (limit)",
    "empty": "the server alone",
}
SIGNED_PER_SECOND = {"peer": 1500}


def main() -> dict[str, dict[str, float]]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in options.kinds}
    with TemporaryDirectory() as folder, postgres() as address, ExitStack() as stack:
        ports = {}
        for kind in options.kinds:
            place = address if kind in ("peer", "noctule-pg") else f"{folder}/{kind}.inbox"
            ports[kind] = stack.enter_context(server(kind.removesuffix("-pg"), place))
        for turn in range(options.rounds):
            for kind, port in ports.items():
                requests = Path(folder) / "requests"
                count = SIGNED_PER_SECOND.get(kind, 12_000) * options.seconds
                write_requests(requests, count, port)
                result = wrk(requests, port, options.seconds, options.connections)
                found[kind].append(result)
                print(f"round {turn + 1} {kind:11} {result}", flush=True)
    medians = {
        kind: {name: median(run[name] for run in runs) for name in runs[0]}
        for kind, runs in found.items()
    }
    report(medians)
    return medians


def report(medians: dict[str, dict[str, float]]) -> None:
    base = medians.get("peer", {}).get("per_second")
    limit = medians.get("log", {}).get("per_second")
    print(f"\n{'':44} events/s   p50 ms   p99 ms   vs peer   of the log")
    for kind, row in medians.items():
        times = f"{row['per_second'] / base:7.1f}x" if base else ""
        share = f"{row['per_second'] / limit:9.0%}" if limit else ""
        print(
            f"{KINDS[kind]:44} {row['per_second']:8.0f} {row['p50']:8.1f} {row['p99']:8.1f}"
            f" {times:>9} {share:>10}"
        )


if __name__ == "__main__":
    main()
