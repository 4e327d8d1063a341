"""Ten thousand calls to a provider that accepts connections and never answers.

They start within ten seconds, as in a service with a thousand calls a second, and have twelve
seconds each, so that for a while all are under way: fifty on the wire, which is what the
bulkhead lets through, and the others waiting for a place. From the twelfth second on a thousand
end every second. No attempt timeout and no breaker, which would end them sooner. The provider
is a process of its own.

Printed: how late the calls ended after their deadline, and what memory they took. Python's
garbage collector now and then looks at every object there is, and while it does nothing else
happens; with ten thousand calls waiting that is the longest delay. So the run is made as Python
comes, and with the collector told to look at everything rarely, as busy services do. Beside
them the same number of tasks that only sleep under `asyncio.timeout`, and how late a process
that does nothing but sleep was woken meanwhile: what the machine costs without any runtime.

Takes two minutes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import socket
import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.shared import Table, parser, peak_memory, report, started
from noctule.runtime import (
    CallOptions,
    NoAuth,
    Operation,
    Policies,
    Service,
    ServiceConfig,
    ServiceError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

CALLS, SPREAD, DEADLINE = 10_000, 10.0, 12.0
READ = Operation("read", "GET", "/", returns=None)
Figures = dict[str, float]


def silent(pipe: Any) -> None:
    """The provider: accepts, and keeps what it accepted."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pipe.send(listener.getsockname()[1])
    connections = []
    while True:
        connections.append(listener.accept()[0])
        if len(connections) > 200:
            connections.pop(0).close()


def idle(pipe: Any) -> None:
    """The machine: how late a process is woken that only sleeps, in ms, until it is asked."""
    most = 0.0
    while not pipe.poll(0):
        start = time.monotonic()
        time.sleep(0.01)
        most = max(most, time.monotonic() - start - 0.01)
    pipe.send(most * 1000)


async def spread(call: Callable[[], Awaitable[object]]) -> Figures:
    late: list[float] = []
    before = peak_memory()

    async def call_later(start: float) -> None:
        await asyncio.sleep(start - time.monotonic())
        begun = time.monotonic()
        try:
            await call()
        except (ServiceError, TimeoutError):
            late.append(time.monotonic() - begun - DEADLINE)

    first = time.monotonic() + 0.5
    await asyncio.gather(*(call_later(first + SPREAD * n / CALLS) for n in range(CALLS)))
    after = peak_memory()
    late.sort()
    return {
        "calls": len(late),
        "median ms late": statistics.median(late) * 1000,
        "99 % ms late": late[int(len(late) * 0.99)] * 1000,
        "most ms late": late[-1] * 1000,
        "MB": after - before,
    }


async def ours(port: int) -> Figures:
    config = ServiceConfig(
        name="hang",
        base_url=f"http://127.0.0.1:{port}",
        auth=NoAuth(),
        policies=Policies(breaker=None, timeout=None, concurrency_timeout=60.0),
    )
    service_class: Any = type("Hang", (Service,), {"config": config})
    options = CallOptions(deadline=DEADLINE)
    async with service_class() as service:
        return await spread(lambda: service.call(READ, options=options))


async def floor(_: int) -> Figures:
    async def sleep() -> None:
        async with asyncio.timeout(DEADLINE):
            await asyncio.sleep(60)

    return await spread(sleep)


async def collected(port: int) -> Figures:
    gc.set_threshold(700, 10, 1000)
    return await ours(port)


SUBJECTS = {
    "noctule": ours,
    "noctule, gc.set_threshold(700, 10, 1000)": collected,
    "asyncio.timeout around a sleep": floor,
}


def measured(name: str, port: int, pipe: Any) -> None:
    """In a process of its own, so that each has its own memory and garbage."""
    logging.getLogger("noctule").setLevel(logging.CRITICAL)
    pipe.send(asyncio.run(SUBJECTS[name](port)))


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.hang", __doc__).parse_args(arguments)
    server, pipe = started(silent)
    port = pipe.recv()
    rows: list[tuple[str | int | float, ...]] = []
    head: tuple[str, ...] = ("",)
    for name in SUBJECTS:
        machine, stop = started(idle)
        subject, answer = started(measured, name, port)
        figures: Figures = answer.recv()
        stop.send(None)
        figures["an idle process meanwhile, ms late"] = stop.recv()
        subject.join()
        machine.join()
        head = ("", *figures)
        rows.append((name, *map(round, figures.values())))
    server.terminate()
    report(options, Table("10,000 calls to a provider that hangs", head, rows))
    return 0
