"""What all policies cost around a coroutine that does nothing, beside peers, interleaved.

The least of many short rounds is reported: on a shared machine the least is the code, and what
is above it is the neighbours.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from noctule.runtime.call.config import Policies
from noctule.runtime.call.drivers import run_policies
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.clock import SYSTEM
from noctule.runtime.policy.outcome import AttemptOutcome

if TYPE_CHECKING:
    from noctule.runtime.effects import Attempt

Subject = Callable[[], Awaitable[object]]
OK = AttemptOutcome()


async def nothing() -> AttemptOutcome:
    return OK


def noctule(policies: Policies) -> Subject:
    config = EngineConfig(policies, ProviderState(policies), SYSTEM)

    async def attempt(_: Attempt) -> AttemptOutcome:
        return OK

    def call() -> Awaitable[AttemptOutcome]:
        return run_policies(PolicyEngine(config), attempt)

    return call


def peers() -> dict[str, Subject]:
    """Those that are installed, each with as many of our policies as it offers."""
    found: dict[str, Subject] = {}
    try:
        import tenacity

        wait = tenacity.wait_random_exponential(max=8)
        found["tenacity: retry"] = tenacity.retry(stop=tenacity.stop_after_attempt(4), wait=wait)(
            nothing
        )
    except ImportError:
        pass
    try:
        import stamina

        found["stamina: retry"] = stamina.retry(on=ValueError, attempts=4)(nothing)
    except ImportError:
        pass
    try:
        import nopanic

        budget = nopanic.RetryBudget()
        stack = nopanic.bulkhead(50)(nopanic.circuit_breaker()(nothing))
        found["nopanic: retry, budget, breaker, bulkhead"] = nopanic.retry(
            attempts=4, budget=budget
        )(stack)
        timed = nopanic.bulkhead(50)(nopanic.circuit_breaker()(nopanic.timeout(10.0)(nothing)))
        found["nopanic: the same and timeout"] = nopanic.retry(attempts=4, budget=budget)(timed)
    except ImportError:
        pass
    try:
        import pyresilience as pr

        parts = {
            "retry": pr.RetryConfig(max_attempts=4),
            "circuit_breaker": pr.CircuitBreakerConfig(),
            "bulkhead": pr.BulkheadConfig(max_concurrent=50),
        }
        found["pyresilience: retry, breaker, bulkhead"] = pr.resilient(**parts)(nothing)
        found["pyresilience: the same and timeout"] = pr.resilient(
            **parts, timeout=pr.TimeoutConfig(seconds=10)
        )(nothing)
    except ImportError:
        pass
    return found


async def timeout_alone() -> None:
    async with asyncio.timeout(10):
        await nothing()


def subjects() -> dict[str, Subject]:
    return {
        "(nothing)": nothing,
        "asyncio.timeout alone": timeout_alone,
        "noctule: all policies, no timeout": noctule(Policies(timeout=None, deadline=None)),
        "noctule: all policies": noctule(Policies()),
        **peers(),
    }


async def measure(rounds: int = 150, calls: int = 200) -> dict[str, float]:
    """Microseconds added per call: the least of `rounds`, in an order that changes each time."""
    tried = subjects()
    least = dict.fromkeys(tried, float("inf"))
    order = list(tried)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            call = tried[name]
            start = time.perf_counter()
            for _ in range(calls):
                await call()
            took = (time.perf_counter() - start) / calls * 1e6
            least[name] = min(least[name], took)
    nothing_at_all = least.pop("(nothing)")
    return {name: value - nothing_at_all for name, value in least.items()}


def main() -> dict[str, float]:
    figures = asyncio.run(measure())
    for name, value in figures.items():
        print(f"{name:45s} {value:7.2f} us")
    return figures


if __name__ == "__main__":
    main()
