"""Deliveries and health while thousands of connections never finish.

2,000 unfinished heads and 1,000 bodies that trickle are kept open, and opened again where the
server ends them. Exits 1 if a genuine delivery or /healthz is not answered 200, if an unfinished
connection outlives 30 s, or if the server grew by more than 256 MB.

Takes half a minute.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from benchmarks.webhooks.processes import Server, free_port, wait_for
from benchmarks.webhooks.servers import PATH, SECRET
from noctule.webhooks.testing import signed

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_MB = 256
MOST_SECONDS = 30
HEAD = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n".encode()
BODY = HEAD + b"Content-Length: 1000000\r\n\r\n"


class Slow:
    """Connections that never finish."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.ended = 0
        self.longest = 0.0

    async def keep(self, content: bytes, trickle: bytes) -> None:
        while True:
            started = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(content)
            reading = asyncio.create_task(reader.read())
            while not reading.done():
                await asyncio.wait([reading], timeout=1)
                if not reading.done():
                    writer.write(trickle)
            reading.exception()
            writer.close()
            self.ended += 1
            self.longest = max(self.longest, time.monotonic() - started)


def ask(port: int, method: str, path: str, *content: object) -> tuple[int, float]:
    """Status (0 without a response) and milliseconds."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, *content)
        status = connection.getresponse().status
    except OSError:
        status = 0
    finally:
        connection.close()
    return status, (time.monotonic() - started) * 1000


async def measure(port: int, admin_port: int, heads: int, bodies: int, seconds: int) -> dict:
    slow = Slow(port)
    keeping = [asyncio.create_task(slow.keep(HEAD + b"X-A: ", b"a")) for _ in range(heads)]
    keeping += [asyncio.create_task(slow.keep(BODY, b"x" * 100)) for _ in range(bodies)]
    deliveries, checks = [], []
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        headers, body = signed("stripe", {"id": f"evt_{number}", "type": "t"}, secret=SECRET)
        deliveries.append(await asyncio.to_thread(ask, port, "POST", PATH, body, headers))
        checks.append(await asyncio.to_thread(ask, admin_port, "GET", "/healthz"))
        await asyncio.sleep(0.05)
    for task in keeping:
        task.cancel()
    await asyncio.gather(*keeping, return_exceptions=True)
    return {
        "deliveries": len(deliveries),
        "not 200": sum(status != 200 for status, _ in deliveries),
        "p50 ms": round(median(ms for _, ms in deliveries)),
        "max ms": round(max(ms for _, ms in deliveries)),
        "health not 200": sum(status != 200 for status, _ in checks),
        "health max ms": round(max(ms for _, ms in checks)),
        "slow ended": slow.ended,
        "slow longest s": round(slow.longest, 1),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("webhooks.slow_connections", __doc__)
    command_line.add_argument("--heads", type=int, default=2000)
    command_line.add_argument("--bodies", type=int, default=1000)
    command_line.add_argument("--seconds", type=int, default=20)
    options = command_line.parse_args(arguments)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    port, admin_port = free_port(), free_port()
    with TemporaryDirectory() as folder:
        place = Path(folder) / "inbox.sqlite3"
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "noctule", "webhooks", "serve", "--route", "stripe"),
                *("--port", str(port), "--admin-port", str(admin_port)),
            ],
            cwd=folder,
            env=os.environ | {"NOCTULE_INBOX": str(place), "STRIPE_WEBHOOK_SECRET": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_for(port)
            server = Server(port, process.pid)
            before = server.memory()
            work = measure(port, admin_port, options.heads, options.bodies, options.seconds)
            row = asyncio.run(work)
            row["MB more"] = round(server.memory() - before)
        finally:
            process.terminate()
            process.wait(20)
    wrong = (
        row["not 200"]
        or row["health not 200"]
        or row["slow longest s"] > MOST_SECONDS
        or row["MB more"] > MOST_MB
    )
    print("somebody was kept out, or memory grew" if wrong else "nobody was kept out")
    title = f"{options.heads} unfinished heads, {options.bodies} unfinished bodies"
    report(options, Table(title, tuple(row), [tuple(row.values())]))
    return 1 if wrong else 0
