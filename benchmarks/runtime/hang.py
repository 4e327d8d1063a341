"""Ten thousand calls to a provider that accepts connections and never answers.

They start within ten seconds and have twelve seconds each, so that for a while all are under way.
Printed: how late the calls ended after their deadline, and what memory they took.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import statistics
import time
from typing import Any

from noctule.runtime import (
    CallOptions,
    NoAuth,
    Operation,
    Policies,
    Service,
    ServiceConfig,
    ServiceError,
)

CALLS, SPREAD, DEADLINE = 10_000, 10.0, 12.0
READ = Operation("read", "GET", "/", returns=None)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def run() -> dict[str, float]:
    logging.getLogger("noctule").setLevel(logging.CRITICAL)
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    config = ServiceConfig(
        name="hang",
        base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
        auth=NoAuth(),
        policies=Policies(breaker=None, timeout=None, place_timeout=60.0),
    )
    made: Any = type("Hang", (Service,), {"config": config})
    service, late, options = made(), list[float](), CallOptions(deadline=DEADLINE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    async def one(start: float) -> None:
        await asyncio.sleep(start - time.monotonic())
        begun = time.monotonic()
        try:
            await service.call(READ, options=options)
        except ServiceError:
            late.append(time.monotonic() - begun - DEADLINE)

    first = time.monotonic() + 0.5
    await asyncio.gather(*(one(first + SPREAD * n / CALLS) for n in range(CALLS)))
    await service.aclose()
    server.close()
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    late.sort()
    return {
        "calls": len(late),
        "median ms late": statistics.median(late) * 1000,
        "99 % ms late": late[int(len(late) * 0.99)] * 1000,
        "most ms late": late[-1] * 1000,
        "MB": (after - before) / 1024,
    }


def main() -> dict[str, float]:
    figures = asyncio.run(run())
    print({name: round(value, 1) for name, value in figures.items()})
    return figures


if __name__ == "__main__":
    main()
