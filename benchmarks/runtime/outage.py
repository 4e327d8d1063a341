"""A ten-minute outage and a thousand callers, in virtual time, with and without each policy.

No event loop: a engine decides and does nothing, and this is a third driver for it, a heap of
moments. Each caller makes a call every 3.3 s, 300 calls a second in all. The provider answers in
50 ms; from second 60 to second 660 it refuses in 20 ms (503), or answers nothing at all.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

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
    from collections.abc import Callable
    from pathlib import Path


Effect = Attempt | Sleep | Wait

DOWN, UP, END = 60.0, 660.0, 760.0
CALLERS, PAUSE = 1000, 1000 / 300
ALL = Policies()
BARE = replace(ALL, retry_budget=None, breaker=None, max_concurrency=None)

VARIANTS: dict[str, Policies] = {
    "no policy": replace(BARE, retry=RetryLimits(attempts=1)),
    "retry": BARE,
    "retry, quota": replace(BARE, retry_budget=ALL.retry_budget),
    "retry, breaker": replace(BARE, breaker=ALL.breaker),
    "retry, bulkhead": replace(BARE, max_concurrency=ALL.max_concurrency),
    "all, as by default": ALL,
}
KINDS = ("refuses", "hangs")


class Time(SystemClock):
    """The moment that the simulation is at."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:  # type: ignore[override]
        return self.now


@dataclass
class Second:
    """Per second: requests that reached the provider, calls that failed, calls that were made."""

    requests: Counter[int] = field(default_factory=Counter[int])
    failed: Counter[int] = field(default_factory=Counter[int])
    calls: Counter[int] = field(default_factory=Counter[int])
    waiting: int = 0
    most_waiting: int = 0
    """Callers kept waiting at the same moment."""
    up: float = UP
    """When the provider recovers."""

    def load(self) -> float:
        """Requests per call during the outage."""
        seconds = range(int(DOWN), int(self.up))
        return sum(self.requests[s] for s in seconds) / sum(self.calls[s] for s in seconds)

    def failed_after(self, seconds: int = 3) -> float:
        """Share of the calls made just after the recovery that failed."""
        after = range(int(self.up), int(self.up) + seconds)
        return sum(self.failed[s] for s in after) / sum(self.calls[s] for s in after)

    def recovered(self) -> float:
        """Seconds from the recovery until no call fails any more."""
        late = [second for second in self.failed if second >= self.up]
        return max(late) - self.up + 1 if late else 0.0


class Simulation:
    def __init__(self, policies: Policies, kind: str, seed: int = 7, up: float = UP) -> None:
        self.end = up + END - UP
        self.hangs = kind == "hangs"
        self.draw = random.Random(seed)
        self.time = Time()
        self.state = ProviderState(policies, random=self.draw.random)
        self.config = EngineConfig(policies, self.state, self.time)
        self.outcome = Second(up=up)
        self.heap: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0

    def at(self, moment: float, action: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.heap, (moment, self.count, action))

    def run(self) -> Second:
        for _ in range(CALLERS):
            self.at(self.draw.random() * PAUSE, self.call)
        while self.heap:
            self.time.now, _, action = heapq.heappop(self.heap)
            action()
        return self.outcome

    def call(self) -> None:
        made, outcome = self.time.now, self.outcome
        if made + PAUSE < self.end:
            self.at(made + PAUSE, self.call)
        outcome.calls[int(made)] += 1
        outcome.waiting += 1
        outcome.most_waiting = max(outcome.most_waiting, outcome.waiting)
        engine = PolicyEngine(self.config)
        self.go(engine, made, engine.start)

    def go(self, engine: PolicyEngine, made: float, decide: Callable[[], Effect | None]) -> None:
        """Do what the engine decides, and come back when it is done."""
        effect = None
        try:
            effect = decide()
        except errors.ServiceError:
            self.outcome.failed[int(made)] += 1
        now = self.time.now
        resume = partial(self.go, engine, made, engine.resume)
        match effect:
            case Attempt(seconds):
                self.outcome.requests[int(now)] += 1
                took, outcome = self.provider(now, seconds)
                answered = partial(engine.after_attempt, outcome)
                self.at(now + took, partial(self.go, engine, made, answered))
            case Sleep(seconds):
                self.at(now + seconds, resume)
            case Wait(seconds, subscribe):
                once = iter([resume])
                woken = lambda: next(once, int)()  # noqa: E731 - a permit, or the end of the wait
                subscribe(lambda: self.at(self.time.now, woken))
                self.at(now + seconds, woken)
            case None:
                engine.close()
                self.outcome.waiting -= 1

    def provider(self, now: float, seconds: float | None) -> tuple[float, AttemptOutcome]:
        """How long it takes to answer, and what."""
        if not DOWN <= now < self.outcome.up:
            return 0.05, AttemptOutcome()
        if self.hangs:
            return seconds or 0.0, classify_failure(errors.TimedOut())
        error = errors.ServerError()
        return 0.02, AttemptOutcome(
            error=error, delivery=DeliveryStatus.UNKNOWN, retry_kind="transient", healthy=False
        )


def figures(kind: str) -> dict[str, Second]:
    return {name: Simulation(policies, kind).run() for name, policies in VARIANTS.items()}


def short(kind: str, outages: int = 12) -> list[Second]:
    """Outages of forty seconds under all policies. What a recovery costs depends on how long ago
    the last probe went: so many outages, so many answers."""
    return [Simulation(ALL, kind, seed, DOWN + 40.0).run() for seed in range(outages)]


def draw(outcomes: dict[str, Second], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "noctule"  # else every drawing has other ids
    from matplotlib import pyplot as plt

    figure, rows = plt.subplots(len(outcomes), 1, figsize=(8, 1.7 * len(outcomes)), sharex=True)
    seconds = range(int(END))
    for axis, (name, outcome) in zip(rows, outcomes.items(), strict=True):
        axis.axvspan(DOWN, UP, color="0.93")
        axis.plot(seconds, [outcome.requests[s] for s in seconds], label="requests", lw=1)
        axis.plot(seconds, [outcome.failed[s] for s in seconds], label="calls lost", lw=1)
        axis.set_title(f"{name}: load {outcome.load():.3f}x", fontsize=9, loc="left")
        axis.set_ylim(0, 1250)
    rows[0].legend(fontsize=8, loc="upper right", ncols=2)
    rows[-1].set_xlabel("seconds; the provider is down where it is grey; 300 calls a second")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})


def main() -> dict[str, dict[str, Second]]:
    simulated = {kind: figures(kind) for kind in KINDS}
    for kind, outcomes in simulated.items():
        print(f"the provider {kind}")
        for name, outcome in outcomes.items():
            print(
                f"  {name:20s} load {outcome.load():6.4f}x   failed in the 3 s after recovery"
                f" {outcome.failed_after():6.1%}   all well {outcome.recovered():4.0f} s after it"
                f"   waiting {outcome.most_waiting:5d}"
            )
    return simulated


if __name__ == "__main__":
    main()
