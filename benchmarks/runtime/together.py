"""Calls at the same time: ten in parallel, and two hundred that go on while their token ends.

A token of six seconds is fetched; five seconds later two hundred callers begin, and
go on until it has ended. It is in its last half, so one of them renews it, which takes 0.3 s: the
others go on with the old one, and wait when that has ended. As tasks, as threads, and as eight
processes that share a token file. The provider, in a process of its own, counts the tokens it
gave and the calls it refused.

Takes half a minute.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.runtime.quoting import header_of, read_request, write_answer
from benchmarks.shared import Table, parser, report, started
from noctule.runtime import (
    JSON,
    NoAuth,
    OAuth2RefreshToken,
    Operation,
    Policies,
    Service,
    ServiceConfig,
    ServiceError,
    SyncService,
    TokenFile,
    env,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

LIFE, BEGIN, END = 6, 5.0, 6.6
"""Seconds after the first token: how long it lives, when the callers begin, and when they stop."""
CALLERS, PROCESSES = 200, 8
READ = Operation("read", "GET", "/items", returns=JSON)
NAP = Operation("nap", "GET", "/nap", returns=JSON)
VARIABLES = {"ID": "client-0123", "SECRET": "secret-4567", "REFRESH": "refresh-0"}


class Issuer:
    """Rotates its refresh token; a token it gave is good until it ends."""

    def __init__(self) -> None:
        self.ends: dict[bytes, float] = {}
        self.counts = {"refreshes": 0, "refused": 0, "calls": 0}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                request = await read_request(reader)
                status, body = await self.reply(request.split()[1], request)
                write_answer(writer, status, b"", json.dumps(body).encode())
                await writer.drain()
        except (OSError, EOFError):
            writer.close()

    async def reply(self, path: bytes, request: bytes) -> tuple[bytes, dict[str, Any]]:
        if path == b"/nap":
            await asyncio.sleep(0.2)
            return b"200 OK", {}
        if path == b"/said":
            return b"200 OK", self.counts
        if path == b"/token":
            await asyncio.sleep(0.3)
            self.counts["refreshes"] += 1
            token = f"access-{len(self.ends)}-granted"
            self.ends[token.encode()] = time.monotonic() + LIFE
            refresh = f"refresh-{len(self.ends)}"
            return b"200 OK", {"access_token": token, "expires_in": LIFE, "refresh_token": refresh}
        self.counts["calls"] += 1
        token_sent = header_of(request, b"authorization").removeprefix(b"Bearer ")
        if self.ends.get(token_sent, 0.0) < time.monotonic():
            self.counts["refused"] += 1
            return b"401 No", {}
        return b"200 OK", {}


def provider(pipe: Any) -> None:
    async def listen() -> None:
        server = await asyncio.start_server(Issuer().answer, "127.0.0.1", 0, backlog=1000)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(listen())


def service_of(kind: type[Any], url: str, folder: str = "") -> Any:
    os.environ |= VARIABLES
    store = TokenFile(Path(folder) / "tokens.json") if folder else None
    auth = OAuth2RefreshToken(f"{url}/token", env("ID"), env("SECRET"), env("REFRESH"), store=store)
    policies = Policies(concurrency_timeout=30.0)
    config = ServiceConfig(name="api", base_url=url, auth=auth, policies=policies)
    return type("Api", (kind,), {"config": config})()


async def tasks(url: str, callers: int, first: float, folder: str = "") -> int:
    """Calls that failed."""
    failed = 0

    async def caller(service: Any) -> None:
        nonlocal failed
        await asyncio.sleep(first + BEGIN - time.monotonic())
        while time.monotonic() < first + END:
            try:
                await service.call(READ)
            except ServiceError:
                failed += 1

    async with service_of(Service, url, folder) as service:
        await asyncio.gather(*(caller(service) for _ in range(callers)))
    return failed


def threads(service: Any, first: float) -> int:
    failed: list[int] = []

    def caller() -> None:
        time.sleep(max(0.0, first + BEGIN - time.monotonic()))
        while time.monotonic() < first + END:
            try:
                service.call(READ)
            except ServiceError:
                failed.append(1)

    running = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return len(failed)


async def warm(url: str) -> None:
    """Import what a call needs."""
    config = ServiceConfig(name="warm", base_url=url, auth=NoAuth())
    async with type("Warm", (Service,), {"config": config})() as service:
        await service.call(NAP)


def worker(url: str, folder: str, pipe: Any) -> None:
    """One of several processes; told when the first token came."""
    asyncio.run(warm(url))
    pipe.send("ready")
    pipe.send(asyncio.run(tasks(url, CALLERS // PROCESSES, pipe.recv(), folder)))


def processes(url: str, service: Any, folder: str) -> int:
    pipes = [started(worker, url, folder)[1] for _ in range(PROCESSES)]
    for pipe in pipes:
        pipe.recv()
    service.call(READ)
    first = time.monotonic()
    for pipe in pipes:
        pipe.send(first)
    return sum(pipe.recv() for pipe in pipes)


def across(how: str, url: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        folder_of_token = folder if how == "8 processes" else ""
        with service_of(SyncService, url, folder_of_token) as service:
            before = counts_of(url)
            if how == "8 processes":
                failed = processes(url, service, folder)
            else:
                service.call(READ)
                first = time.monotonic()
                failed = (
                    threads(service, first)
                    if how == "threads"
                    else asyncio.run(tasks(url, CALLERS, first))
                )
    after = counts_of(url)
    change = {name: after[name] - before[name] for name in after}
    return (
        f"{change['refreshes'] - 1} refresh, {change['refused']} of {change['calls']} calls"
        f" answered 401, {failed} failed"
    )


def counts_of(url: str) -> dict[str, int]:
    from urllib.request import urlopen

    with urlopen(f"{url}/said") as answer:
        counts: dict[str, int] = json.load(answer)
        return counts


async def parallel(url: str) -> float:
    """The time of ten calls at once beside that of one: the median of five."""
    config = ServiceConfig(name="nap", base_url=url, auth=NoAuth())
    async with type("Nap", (Service,), {"config": config})() as service:
        await asyncio.gather(*(service.call(NAP) for _ in range(10)))
        ratios = []
        for _ in range(5):
            start = time.perf_counter()
            await service.call(NAP)
            seconds = time.perf_counter() - start
            await asyncio.gather(*(service.call(NAP) for _ in range(10)))
            ratios.append((time.perf_counter() - start - seconds) / seconds)
    return statistics.median(ratios)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.together", __doc__).parse_args(arguments)
    process, pipe = started(provider)
    url = f"http://127.0.0.1:{pipe.recv()}"
    rows: list[tuple[str | int | float, ...]] = [
        ("10 parallel calls, beside one", f"{asyncio.run(parallel(url)):.2f}x")
    ]
    rows += [
        (f"{CALLERS} callers while their token ends: {how}", across(how, url))
        for how in ("tasks", "threads", "8 processes")
    ]
    process.terminate()
    report(options, Table("Calls at the same time", ("", ""), rows))
    return 0
