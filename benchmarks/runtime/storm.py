"""A three-second outage in real time, noctule beside tenacity, in one event loop.

Each stack makes 300 calls a second to a backend of its own, all backends fail together from
second 1 to second 4, and the run goes on for 3 s.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from noctule.runtime import Policies, ServerError, ServiceError
from noctule.runtime.call.drivers import run_policies
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.clock import SYSTEM
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus

if TYPE_CHECKING:
    from noctule.runtime.effects import Attempt

RATE, DOWN, UP, END = 300, 1.0, 4.0, 7.0


class Backend:
    def __init__(self, start: float) -> None:
        self.start = start
        self.in_outage = 0

    async def call(self) -> bool:
        """Whether it answered well."""
        down = DOWN <= time.monotonic() - self.start < UP
        self.in_outage += down
        await asyncio.sleep(0.002)
        return not down


Stack = Callable[[Backend], Callable[[], Awaitable[object]]]


def bare(backend: Backend) -> Callable[[], Awaitable[object]]:
    async def call() -> None:
        if not await backend.call():
            raise ServerError

    return call


def tenacity(backend: Backend) -> Callable[[], Awaitable[object]]:
    import tenacity as t

    policy = t.retry(
        stop=t.stop_after_attempt(4), wait=t.wait_random_exponential(multiplier=1, max=8)
    )
    return policy(bare(backend))


def noctule(policies: Policies) -> Stack:
    def stack(backend: Backend) -> Callable[[], Awaitable[object]]:
        config = EngineConfig(policies, ProviderState(policies), SYSTEM)

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


STACKS: dict[str, Stack] = {
    "no policy": bare,
    "tenacity, 4 attempts": tenacity,
    "noctule, quota alone": noctule(Policies(breaker=None)),
    "noctule, by default": noctule(Policies()),
}


async def load(stack: Stack) -> tuple[float, float]:
    """(requests per call in the outage, share of calls failed in the 3 s after it)."""
    start = time.monotonic()
    backend = Backend(start)
    call = stack(backend)
    made, failed, tasks = [0, 0], [0, 0], set[asyncio.Task[None]]()

    async def one(moment: float) -> None:
        phase = 0 if DOWN <= moment < UP else 1 if moment >= UP else None
        try:
            await call()
        except (ServiceError, Exception):
            if phase is not None:
                failed[phase] += 1
        finally:
            if phase is not None:
                made[phase] += 1

    for number in range(int(RATE * END)):
        await asyncio.sleep(max(0.0, start + number / RATE - time.monotonic()))
        tasks.add(asyncio.create_task(one(number / RATE)))
    await asyncio.gather(*tasks)
    return backend.in_outage / made[0], failed[1] / made[1]


async def run() -> dict[str, tuple[float, float]]:
    names = []
    for name, stack in STACKS.items():
        try:
            stack(Backend(0.0))
            names.append(name)
        except ImportError:
            continue
    results = await asyncio.gather(*(load(STACKS[name]) for name in names))
    return dict(zip(names, results, strict=True))


def main() -> dict[str, tuple[float, float]]:
    figures = asyncio.run(run())
    for name, (amplified, failed) in figures.items():
        print(f"{name:26s} load {amplified:5.2f}x   failed in the 3 s after recovery {failed:6.1%}")
    return figures


if __name__ == "__main__":
    main()
