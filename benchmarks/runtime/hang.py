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
"""

from __future__ import annotations

import asyncio
import gc
import logging
import multiprocessing
import socket
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from collections.abc import Awaitable, Callable

CALLS, SPREAD, DEADLINE = 10_000, 10.0, 12.0
READ = Operation("read", "GET", "/", returns=None)
Figures = dict[str, float]


def silent(pipe: Any) -> None:
    """The provider: accepts, and keeps what it accepted."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    pipe.send(listener.getsockname()[1])
    kept = []
    while True:
        kept.append(listener.accept()[0])
        if len(kept) > 200:
            kept.pop(0).close()


def idle(pipe: Any) -> None:
    """The machine: how late a process is woken that only sleeps, in ms, until it is asked."""
    most = 0.0
    while not pipe.poll(0):
        start = time.monotonic()
        time.sleep(0.01)
        most = max(most, time.monotonic() - start - 0.01)
    pipe.send(most * 1000)


def peak() -> float:
    """MB. Not getrusage: a child's ru_maxrss begins with its parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def spread(call: Callable[[], Awaitable[object]]) -> Figures:
    late: list[float] = []
    before = peak()

    async def one(start: float) -> None:
        await asyncio.sleep(start - time.monotonic())
        begun = time.monotonic()
        try:
            await call()
        except (ServiceError, TimeoutError):
            late.append(time.monotonic() - begun - DEADLINE)

    first = time.monotonic() + 0.5
    await asyncio.gather(*(one(first + SPREAD * n / CALLS) for n in range(CALLS)))
    after = peak()
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
    made: Any = type("Hang", (Service,), {"config": config})
    options = CallOptions(deadline=DEADLINE)
    async with made() as service:
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


def main() -> dict[str, Figures]:
    spawn = multiprocessing.get_context("spawn")

    def started(target: Callable[..., None], *arguments: object) -> tuple[Any, Any]:
        here, there = spawn.Pipe()
        process = spawn.Process(target=target, args=(*arguments, there), daemon=True)
        process.start()
        return process, here

    server, told = started(silent)
    port = told.recv()
    figures = {}
    for name in SUBJECTS:
        machine, asked = started(idle)
        subject, answer = started(measured, name, port)
        figures[name] = answer.recv()
        asked.send(None)
        figures[name]["an idle process meanwhile"] = asked.recv()
        subject.join()
        machine.join()
        print(name, {key: round(value, 1) for key, value in figures[name].items()})
    server.terminate()
    return figures


if __name__ == "__main__":
    main()
