"""How often one call does its effect twice, over random faults: the answer must be never.

A provider that honours idempotency keys meets each attempt with a fault drawn at random. The
fault may strike before or after the effect is committed. A call without a key must not be sent
again after any fault that leaves a doubt. Exits 1 if an effect happened twice.

Takes ten seconds.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.shared import Table, parser, report
from noctule.runtime import (
    CallOptions,
    ConnectionFailed,
    Headers,
    NoAuth,
    Operation,
    Policies,
    ProviderStates,
    Request,
    Response,
    Service,
    ServiceConfig,
    ServiceError,
    SyncService,
    TimedOut,
)
from noctule.runtime.testing import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Sequence

FAULTS = (
    "none",
    "500 before commit",
    "500 after commit",
    "502 after commit",
    "409 while at work",
    "429",
    "refused connection",
    "drop after send",
    "drop mid-body",
    "timeout after commit",
    "cancelled",
)
KEYED = Operation("pay", "POST", "/pay", returns=None, body="json", retry="with_key")
UNKEYED = Operation("send", "POST", "/send", returns=None, body="json")


@dataclass
class Ledger:
    """A provider that commits each effect once per key, or once per request without a key."""

    draw: random.Random
    clock: VirtualClock
    honours: bool = True
    effects: Counter[str] = field(default_factory=Counter[str])
    keys: set[str] = field(default_factory=set[str])
    requests: int = 0

    def answer(self, request: Request, fault: str) -> Response:
        if fault == "refused connection":
            raise ConnectionFailed("refused")
        self.requests += 1
        body = request.content
        assert isinstance(body, bytes)
        if fault == "429":
            return Response(429, Headers())
        if fault == "500 before commit":
            return Response(500, Headers())
        if fault == "409 while at work":
            self.commit(request, body)
            return Response(409, Headers(), b'{"code":"idempotency_key_in_use"}')
        self.commit(request, body)
        return self.after_commit(fault)

    def commit(self, request: Request, body: bytes) -> None:
        key = request.headers.get("Idempotency-Key")
        if key in self.keys and self.honours:
            return
        self.effects[body.decode()] += 1
        if key is not None:
            self.keys.add(key)

    def after_commit(self, fault: str) -> Response:
        if fault == "timeout after commit":
            raise TimedOut
        if fault in ("drop after send", "drop mid-body"):
            error = ConnectionFailed("lost")
            error.sent = True
            raise error
        status = {"500 after commit": 500, "502 after commit": 502}.get(fault, 200)
        return Response(status, Headers())

    async def asend(self, request: Request) -> Response:
        fault = self.draw.choice(FAULTS)
        await self.clock.sleep(0.01)
        if fault == "cancelled":
            task = asyncio.current_task()
            assert task is not None
            self.answer(request, "none")
            task.cancel()
            await asyncio.sleep(0)
        return self.answer(request, fault)

    def send(self, request: Request) -> Response:
        fault = self.draw.choice(FAULTS[:-1])
        return self.answer(request, fault)

    async def aclose(self) -> None:
        return

    def close(self) -> None:
        return


def config() -> ServiceConfig:
    return ServiceConfig(
        name="ledger",
        base_url="https://ledger.example",
        auth=NoAuth(),
        idempotency_header="Idempotency-Key",
        policies=Policies(breaker=None, retry_budget=None),
    )


def run(cases: int, seed: int = 1, *, honours: bool = True) -> dict[str, int]:
    """{"calls": …, "duplicates": …, "requests": …} over both drivers, keyed and not."""
    logging.getLogger("noctule").setLevel(logging.CRITICAL)
    draw, clock = random.Random(seed), VirtualClock()
    ledger = Ledger(draw, clock, honours)
    asynchronous: Any = type("Async", (Service,), {"config": config()})
    threaded: Any = type("Sync", (SyncService,), {"config": config()})

    async def half() -> None:
        async with asynchronous(
            transport=ledger, clock=clock, provider_states=ProviderStates()
        ) as service:
            for number in range(cases // 2):
                call = service.call(operation(draw), body={"n": f"a{number}"}, options=options)
                task = asyncio.ensure_future(call)
                await asyncio.gather(task, return_exceptions=True)

    options = CallOptions(deadline=1e9)
    asyncio.run(half())
    with threaded(transport=ledger, clock=clock, provider_states=ProviderStates()) as service:
        for number in range(cases - cases // 2):
            try:
                service.call(operation(draw), body={"n": f"s{number}"}, options=options)
            except ServiceError:
                continue
    duplicates = sum(count - 1 for count in ledger.effects.values())
    return {"calls": cases, "duplicates": duplicates, "requests": ledger.requests}


def operation(draw: random.Random) -> Operation[None]:
    return draw.choice((KEYED, UNKEYED))


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("runtime.duplicates", __doc__)
    command_line.add_argument("--calls", type=int, default=20_000)
    options = command_line.parse_args(arguments)
    figures = run(options.calls)
    row = tuple(figures.values())
    report(options, Table("Duplicate effects over random faults", tuple(figures), [row]))
    return int(figures["duplicates"] > 0)
