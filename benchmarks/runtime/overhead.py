"""What all policies cost around a coroutine that does nothing, beside peers.

Rounds are interleaved and the fastest of each is reported: on a shared machine the fastest is the
code, and the rest is other processes. Ours is the policy engine alone, without a service, a
transport and telemetry; the peers' are their decorators.

Takes 15 seconds. Needs the group `bench` for the peers; those that are missing are left out.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from benchmarks.runtime.peers import stacks
from benchmarks.shared import Table, parser, report
from noctule.runtime.call.config import Policies
from noctule.runtime.call.drivers import run_policies
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.clock import SYSTEM
from noctule.runtime.policy.outcome import AttemptOutcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.effects import Attempt

Subject = Callable[[], Awaitable[object]]
OK = AttemptOutcome()


async def nothing() -> AttemptOutcome:
    return OK


def noctule(policies: Policies) -> Subject:
    config = EngineConfig(policies, ProviderState(policies), SYSTEM, operation="call")

    async def attempt(_: Attempt) -> AttemptOutcome:
        return OK

    def call() -> Awaitable[AttemptOutcome]:
        return run_policies(PolicyEngine(config), attempt)

    return call


async def timeout_alone() -> None:
    async with asyncio.timeout(10):
        await nothing()


def subjects() -> dict[str, Subject]:
    return {
        "(nothing)": nothing,
        "asyncio.timeout alone": timeout_alone,
        "noctule: all policies, no timeout": noctule(Policies(timeout=None, deadline=None)),
        "noctule: all policies": noctule(Policies()),
        **{name: decorate(nothing) for name, decorate in stacks().items()},
    }


async def measure(rounds: int = 150, calls: int = 200) -> dict[str, float]:
    """Microseconds added per call: the least of `rounds`, in an order that changes each time."""
    calls_of = subjects()
    least = dict.fromkeys(calls_of, float("inf"))
    order = list(calls_of)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            call = calls_of[name]
            start = time.perf_counter()
            for _ in range(calls):
                await call()
            micros = (time.perf_counter() - start) / calls * 1e6
            least[name] = min(least[name], micros)
    nothing_at_all = least.pop("(nothing)")
    return {name: value - nothing_at_all for name, value in least.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    command_line = parser("runtime.overhead", __doc__)
    command_line.add_argument("--rounds", type=int, default=150)
    options = command_line.parse_args(arguments)
    figures = asyncio.run(measure(options.rounds))
    rows = [(name, round(micros, 1)) for name, micros in figures.items()]
    report(options, Table("All policies around a coroutine that does nothing", ("", "µs"), rows))
    return 0
