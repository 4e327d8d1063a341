"""A ten-minute outage and a thousand callers, in virtual time, policy by policy and beside peers.

Each caller makes a call every 3.3 s, 300 calls a second in all. The provider answers in 50 ms; from
second 60 to second 660 it refuses in 20 ms (503), or answers nothing at all. Our policy engine only
decides, so that a heap of moments drives it here. The peers run in an event loop whose time is
virtual, with a hundred callers, because each of their calls is a task; ours stand beside them with
a hundred callers too. What a breaker spares the provider it costs the callers: calls that fail
during the outage are a column.

Short outages come last.

Takes four minutes. Needs the group `bench` for the peers; those that are missing are left out.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchmarks.runtime import virtual_loop
from benchmarks.runtime.peers import OUTAGE, stacks
from benchmarks.shared import Table, parser, report
from noctule.runtime import errors
from noctule.runtime.call.config import Policies
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.call.provider_state import ProviderState
from noctule.runtime.clock import SystemClock
from noctule.runtime.effects import Attempt, Sleep, Wait
from noctule.runtime.policy.classify import classify_failure
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus
from noctule.runtime.policy.retry import RetryLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.runtime.peers import Decorator

Effect = Attempt | Sleep | Wait

DOWN, UP, END = 60.0, 660.0, 760.0
HANG = 10.0
"""Seconds after which the HTTP client gives up, under a stack without a timeout of its own."""
CALLERS, FEWER, PAUSE = 1000, 100, 1000 / 300
ALL = Policies()
BARE = replace(ALL, retry_budget=None, breaker=None, max_concurrency=None)

VARIANTS: dict[str, Policies] = {
    "no policy": replace(BARE, retry=RetryLimits(attempts=1)),
    "retry": BARE,
    "retry, retry budget": replace(BARE, retry_budget=ALL.retry_budget),
    "retry, breaker": replace(BARE, breaker=ALL.breaker),
    "retry, bulkhead": replace(BARE, max_concurrency=ALL.max_concurrency),
    "all policies, fail fast": replace(ALL, max_outage_wait=None),
    "all policies": ALL,
}
KINDS = ("refuses", "hangs")


class Time(SystemClock):
    """The moment that the simulation is at."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:  # type: ignore[override]
        return self.now


@dataclass
class Seconds:
    """Per second: requests that reached the provider, calls that failed, calls that were made."""

    requests: Counter[int] = field(default_factory=Counter[int])
    failed: Counter[int] = field(default_factory=Counter[int])
    calls: Counter[int] = field(default_factory=Counter[int])
    waiting: int = 0
    most_waiting: int = 0
    """Callers kept waiting at the same moment."""
    up: float = UP
    """When the provider recovers."""
    back: float = float("inf")
    """When the first call after that succeeds."""

    def answered(self, moment: float) -> None:
        if moment >= self.up:
            self.back = min(self.back, moment)

    def load(self) -> float:
        """Requests per call during the outage."""
        seconds = range(int(DOWN), int(self.up))
        return sum(self.requests[s] for s in seconds) / sum(self.calls[s] for s in seconds)

    def failed_during(self) -> float:
        """Share of the calls made during the outage that failed."""
        seconds = range(int(DOWN), int(self.up))
        return sum(self.failed[s] for s in seconds) / sum(self.calls[s] for s in seconds)

    def failed_after(self, seconds: int = 3) -> float:
        """Share of the calls made just after the recovery that failed."""
        after = range(int(self.up), int(self.up) + seconds)
        return sum(self.failed[s] for s in after) / sum(self.calls[s] for s in after)

    def recovered(self) -> float:
        """Seconds from the recovery until no call fails any more."""
        late = [second for second in self.failed if second >= self.up]
        return max(late) - self.up + 1 if late else 0.0


class Simulation:
    def __init__(
        self, policies: Policies, kind: str, seed: int = 7, up: float = UP, callers: int = CALLERS
    ) -> None:
        self.callers = callers
        self.end = up + END - UP
        self.hangs = kind == "hangs"
        self.draw = random.Random(seed)
        self.time = Time()
        self.state = ProviderState(policies, random=self.draw.random)
        self.config = EngineConfig(policies, self.state, self.time, operation="call")
        self.outcome = Seconds(up=up)
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0

    def at(self, moment: float, action: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.heap, (moment, self.count, action))

    def run(self) -> Seconds:
        for _ in range(self.callers):
            self.at(self.draw.random() * PAUSE, self.call)
        while self.heap:
            self.time.now, _, action = heapq.heappop(self.heap)
            action()
        return self.outcome

    def call(self) -> None:
        begun, outcome = self.time.now, self.outcome
        if begun + PAUSE < self.end:
            self.at(begun + PAUSE, self.call)
        outcome.calls[int(begun)] += 1
        outcome.waiting += 1
        outcome.most_waiting = max(outcome.most_waiting, outcome.waiting)
        engine = PolicyEngine(self.config_of_call())
        self.go(engine, begun, engine.start)

    def config_of_call(self) -> EngineConfig:
        """Of the operation that the next call is for."""
        return self.config

    def go(self, engine: PolicyEngine, begun: float, decide: Callable[[], Effect | None]) -> None:
        """Do what the engine decides, and come back when it is done."""
        effect = None
        try:
            effect = decide()
        except errors.ServiceError as error:
            self.call_failed(engine, begun, error)
        now = self.time.now
        resume = partial(self.go, engine, begun, engine.resume)
        match effect:
            case Attempt(seconds):
                self.outcome.requests[int(now)] += 1
                seconds_taken, outcome = self.provider(now, seconds, engine)
                answered = partial(engine.after_attempt, outcome)
                self.at(now + seconds_taken, partial(self.go, engine, begun, answered))
            case Sleep(seconds):
                self.at(now + seconds, resume)
            case Wait(seconds, subscribe):
                once = iter([resume])
                woken = lambda: next(once, int)()  # noqa: E731 - a permit, or the end of the wait
                if subscribe(lambda: self.at(self.time.now, woken)):
                    seconds = 0.0
                self.at(now + seconds, woken)
            case None:
                engine.close()
                self.outcome.waiting -= 1

    def call_failed(self, _: PolicyEngine, begun: float, __: errors.ServiceError) -> None:
        self.outcome.failed[int(begun)] += 1

    def provider(
        self, now: float, seconds: float | None, _: PolicyEngine
    ) -> tuple[float, AttemptOutcome]:
        """How long it takes to answer, and what."""
        if not DOWN <= now < self.outcome.up:
            self.outcome.answered(now + 0.05)
            return 0.05, AttemptOutcome()
        if self.hangs:
            return seconds or 0.0, classify_failure(errors.TimedOut())
        error = errors.ServerError()
        return 0.02, AttemptOutcome(
            error=error, delivery=DeliveryStatus.UNKNOWN, retry_kind="transient", healthy=False
        )


def simulated(kind: str) -> dict[str, Seconds]:
    return {name: Simulation(policies, kind).run() for name, policies in VARIANTS.items()}


def beside(kind: str) -> dict[str, Seconds]:
    """The same outage with fewer callers, for us and for the peers."""
    outcomes = {
        f"noctule: {name}": Simulation(VARIANTS[name], kind, callers=FEWER).run()
        for name in ("retry, retry budget", "all policies, fail fast", "all policies")
    }
    for name, decorate in stacks().items():
        if name in OUTAGE:
            outcomes[name] = virtual_loop.run(callers(decorate, kind))
    return outcomes


async def callers(
    decorate: Decorator, kind: str, seed: int = 7, up: float = UP, count: int = FEWER
) -> Seconds:
    """The callers of a stack, each call a task of its own."""
    outcome, draw = Seconds(up=up), random.Random(seed)

    async def send() -> None:
        now = time.monotonic()
        outcome.requests[int(now)] += 1
        if not DOWN <= now < up:
            await asyncio.sleep(0.05)
            outcome.answered(time.monotonic())
        elif kind == "hangs":
            await asyncio.sleep(HANG)
            raise errors.TimedOut
        else:
            await asyncio.sleep(0.02)
            raise errors.ServerError

    call = decorate(send)

    async def one_call() -> None:
        second = int(time.monotonic())
        outcome.calls[second] += 1
        outcome.waiting += 1
        outcome.most_waiting = max(outcome.most_waiting, outcome.waiting)
        try:
            await call()
        except Exception:  # each library has errors of its own
            outcome.failed[second] += 1
        outcome.waiting -= 1

    async with asyncio.TaskGroup() as group:
        end = up + END - UP
        for moment in sorted(moment for _ in range(count) for moment in times(draw, end)):
            await asyncio.sleep(moment - time.monotonic())
            group.create_task(one_call())
    return outcome


def times(draw: random.Random, end: float) -> Iterator[float]:
    """When one caller makes its calls."""
    moment = draw.random() * PAUSE
    while moment < end:
        yield moment
        moment += PAUSE


def short(kind: str, outages: int = 12) -> list[Seconds]:
    """Outages of forty seconds under all policies. What a recovery costs depends on how long ago
    the last trial call was: so many outages, so many answers."""
    return [Simulation(ALL, kind, seed, DOWN + 40.0).run() for seed in range(outages)]


def blips() -> Table:
    """Outages of a few seconds, for many callers and few."""
    ours = {
        f"noctule: {name}": VARIANTS[name] for name in ("all policies, fail fast", "all policies")
    }
    outcomes: dict[tuple[str, int, float], Seconds] = {}
    for count, seconds in ((CALLERS, 1.0), (CALLERS, 3.0), (CALLERS, 6.0), (FEWER, 3.0), (33, 3.0)):
        up = DOWN + seconds
        for name, policies in ours.items():
            outcome = Simulation(policies, "refuses", up=up, callers=count).run()
            outcomes[name, count, seconds] = outcome
        for name, decorate in stacks().items():
            if name in OUTAGE:
                run = callers(decorate, "refuses", up=up, count=count)
                outcomes[name, count, seconds] = virtual_loop.run(run)
    rows = [
        (
            f"{seconds:.0f} s, {count / PAUSE:.0f} calls a second",
            name,
            f"{outcome.load():.2f}x",
            f"{outcome.failed_during():.1%}",
            f"{outcome.failed_after():.1%}",
            f"{outcome.back - outcome.up:.2f} s",
        )
        for (name, count, seconds), outcome in outcomes.items()
    ]
    head = ("", "", "load", "failed during the outage", "failed in the 3 s after it",
            "first success after")  # fmt: skip
    return Table("Short outages, simulated: the provider refuses", head, rows)


def table(kind: str, callers: int, outcomes: dict[str, Seconds]) -> Table:
    title = f"A ten-minute outage, {callers:,} callers, simulated: the provider {kind}"
    head = ("", "load", "failed during the outage", "failed in the 3 s after it",
            "none fails after", "waiting at most")  # fmt: skip
    rows = [
        (
            name,
            f"{outcome.load():.4f}x",
            f"{outcome.failed_during():.1%}",
            f"{outcome.failed_after():.1%}",
            f"{outcome.recovered():.0f} s",
            outcome.most_waiting,
        )
        for name, outcome in outcomes.items()
    ]
    return Table(title, head, rows)


def recoveries() -> Table:
    rows: list[tuple[str | int | float, ...]] = []
    for kind in KINDS:
        outcomes = short(kind)
        lost = [outcome.failed_after() for outcome in outcomes]
        load = max(outcome.load() for outcome in outcomes)
        mean = f"{sum(lost) / len(lost):.1%}"
        rows.append((f"the provider {kind}", f"{load:.4f}x", mean, f"{max(lost):.1%}"))
    title = "What a recovery costs: twelve outages of forty seconds, all policies"
    return Table(title, ("", "load at most", "failed in the 3 s after it, mean", "most"), rows)


def series(outcomes: dict[str, Seconds]) -> dict[str, Any]:
    """What the plot needs: requests and failed calls of each second."""
    seconds = range(int(END))
    stacks = {
        name: {
            "load": round(outcome.load(), 4),
            "requests": [outcome.requests[s] for s in seconds],
            "failed": [outcome.failed[s] for s in seconds],
        }
        for name, outcome in outcomes.items()
    }
    return {"down": DOWN, "up": UP, "stacks": stacks}


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.outage", __doc__).parse_args(arguments)
    logging.disable()  # pyresilience writes each failed attempt
    virtual_loop.install()
    outcomes = {kind: simulated(kind) for kind in KINDS}
    tables = [table(kind, CALLERS, by_stack) for kind, by_stack in outcomes.items()]
    tables += [table(kind, FEWER, beside(kind)) for kind in KINDS]
    report(options, *tables, recoveries(), blips(), data=series(outcomes["refuses"]))
    return 0
