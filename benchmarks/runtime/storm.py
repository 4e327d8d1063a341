"""A three-second outage in real time: noctule beside retries alone and full stacks.

Each stack, one after the other, makes 300 calls a second to a backend that fails from second 1 to
second 4, and for 3 s more. What spares the provider must not cost the callers: the calls that fail
in the outage, and just after it, are columns beside the load, and so is the time until the first
call succeeds again.

Takes 80 seconds. Needs the group `bench` for the peers; those that are missing are left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.runtime.peers import OUTAGE, stacks
from benchmarks.shared import Table, parser, report
from noctule.runtime import Policies, ServerError
from noctule.runtime.call.drivers import run_policies
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.clock import SYSTEM
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.runtime.peers import Decorator
    from noctule.runtime.effects import Attempt

RATE, DOWN, UP, END = 300, 1.0, 4.0, 7.0


class Backend:
    def __init__(self, start: float) -> None:
        self.start = start
        self.in_outage = 0
        self.back: float | None = None
        """When it answered well for the first time after the outage, in seconds."""

    async def call(self) -> bool:
        """Whether it answered well."""
        down = DOWN <= time.monotonic() - self.start < UP
        self.in_outage += down
        await asyncio.sleep(0.002)
        end = time.monotonic() - self.start
        if self.back is None and not down and end >= UP:
            self.back = end - UP
        return not down


Stack = Callable[[Backend], Callable[[], Awaitable[object]]]


def bare(backend: Backend) -> Callable[[], Awaitable[object]]:
    async def call() -> None:
        if not await backend.call():
            raise ServerError

    return call


def noctule(policies: Policies) -> Stack:
    def stack(backend: Backend) -> Callable[[], Awaitable[object]]:
        config = EngineConfig(policies, ProviderState(policies), SYSTEM, operation="call")

        async def attempt(_: Attempt) -> AttemptOutcome:
            if await backend.call():
                return AttemptOutcome()
            error = ServerError()
            return AttemptOutcome(
                error=error, delivery=DeliveryStatus.UNKNOWN, retry_kind="transient", healthy=False
            )

        async def call() -> object:
            return await run_policies(PolicyEngine(config), attempt)

        return call

    return stack


def peer(decorate: Decorator) -> Stack:
    return lambda backend: decorate(bare(backend))


def all_stacks() -> dict[str, Stack]:
    peers = stacks()
    return {
        "no policy": bare,
        **{name: peer(peers[name]) for name in OUTAGE if name in peers},
        "noctule: no breaker": noctule(Policies(breaker=None)),
        "noctule: all policies, fail fast": noctule(Policies(max_outage_wait=None)),
        "noctule: all policies": noctule(Policies()),
    }


@dataclass(frozen=True)
class Outage:
    """What one stack made of it."""

    requests_per_call: float
    """That reached the backend in the outage."""
    failed: float
    """Share of the calls begun in the outage that failed."""
    failed_after: float
    """Share of the calls begun in the 3 s after it that failed."""
    back: float | None
    """Seconds from its end until the first success."""


async def load(stack: Stack) -> Outage:
    start = time.monotonic()
    backend = Backend(start)
    call = stack(backend)
    calls, failed, tasks = [0, 0], [0, 0], set[asyncio.Task[None]]()

    async def one_call(moment: float) -> None:
        phase = 0 if DOWN <= moment < UP else 1 if moment >= UP else None
        try:
            await call()
        except Exception:  # each library has errors of its own
            if phase is not None:
                failed[phase] += 1
        finally:
            if phase is not None:
                calls[phase] += 1

    for number in range(int(RATE * END)):
        await asyncio.sleep(max(0.0, start + number / RATE - time.monotonic()))
        tasks.add(asyncio.create_task(one_call(number / RATE)))
    await asyncio.gather(*tasks)
    return Outage(
        backend.in_outage / calls[0], failed[0] / calls[0], failed[1] / calls[1], backend.back
    )


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.storm", __doc__).parse_args(arguments)
    logging.disable()  # pyresilience writes each failed attempt
    rows = [
        (
            name,
            f"{outage.requests_per_call:.2f}x",
            f"{outage.failed:.1%}",
            f"{outage.failed_after:.1%}",
            "never" if outage.back is None else f"{outage.back:.2f} s",
        )
        for name, stack in all_stacks().items()
        for outage in [asyncio.run(load(stack))]
    ]
    title = f"A three-second outage in real time, {RATE} calls a second"
    head = ("", "load in the outage", "failed during the outage", "failed in the 3 s after it",
            "first success after")  # fmt: skip
    report(options, Table(title, head, rows))
    return 0
