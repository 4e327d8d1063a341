"""One operation that always fails, and outages that several operations meet, in virtual time.

The callers are those of `runtime.outage`; each call is for one of ten operations. First the
provider is well, but for one operation that answers every call with 500; then all of it is down for
forty seconds: it refuses (503), nobody listens, or it hangs; then both at once. "One circuit" is
the same runtime without the names of the operations, as circuit breakers usually work.

Takes a minute.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from benchmarks.runtime.outage import ALL, CALLERS, DOWN, FEWER, Simulation
from benchmarks.shared import Table, parser, report
from noctule.runtime import errors
from noctule.runtime.call.policy_engine import EngineConfig
from noctule.runtime.policy.classify import classify_failure
from noctule.runtime.policy.outcome import AttemptOutcome, DeliveryStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.call.policy_engine import PolicyEngine

SECONDS = 40.0
BAD = "bad"
OTHERS = tuple(f"other{number}" for number in range(9))
OUTAGES = ("refuses", "does not listen", "hangs")
WAYS = ("one circuit", "by operation")


class Operations(Simulation):
    """Calls of ten operations, `share` of them for `BAD`, which fails at any time if `bad`.
    `outage`: what the provider does from `DOWN` on; "" for nothing."""

    def __init__(
        self,
        way: str,
        *,
        share: float = 0.1,
        bad: bool = False,
        outage: str = "",
        callers: int = CALLERS,
        seed: int = 7,
    ) -> None:
        super().__init__(ALL, outage, seed, DOWN + SECONDS, callers)
        self.kind, self.share, self.bad = outage, share, bad
        self.choice = random.Random(seed)
        one = way == "one circuit"
        # The method decides nothing here, so it can hold the name where the circuits must not see.
        self.configs = {
            name: EngineConfig(
                ALL, self.state, self.time, method=name, operation="" if one else name
            )
            for name in (BAD, *OTHERS)
        }
        self.calls = dict.fromkeys((BAD, "others"), 0)
        self.lost = dict.fromkeys((BAD, "others"), 0)
        self.sent = dict.fromkeys((BAD, "others"), 0)
        """Requests that reached the provider, from `DOWN` until it is up."""
        self.sent_at: list[float] = []

    def config_of_call(self) -> EngineConfig:
        name = BAD if self.choice.random() < self.share else self.choice.choice(OTHERS)
        if self.counts(self.time.now):
            self.calls[self.group(name)] += 1
        return self.configs[name]

    def counts(self, moment: float) -> bool:
        return DOWN <= moment < self.outcome.up

    @staticmethod
    def group(name: str) -> str:
        return BAD if name == BAD else "others"

    def call_failed(self, engine: PolicyEngine, begun: float, _: errors.ServiceError) -> None:
        if self.counts(begun):
            self.lost[self.group(engine.config.method)] += 1
        elif begun >= self.outcome.up and engine.config.method != BAD:
            self.outcome.failed[int(begun)] += 1

    def provider(
        self, now: float, seconds: float | None, engine: PolicyEngine
    ) -> tuple[float, AttemptOutcome]:
        name = engine.config.method
        if self.counts(now):
            self.sent[self.group(name)] += 1
            self.sent_at.append(now)
        if self.kind and self.counts(now):
            return self.down(seconds)
        if self.bad and name == BAD:
            return 0.05, server_error()
        self.outcome.answered(now + 0.05)
        return 0.05, AttemptOutcome()

    def down(self, seconds: float | None) -> tuple[float, AttemptOutcome]:
        if self.kind == "hangs":
            return seconds or 0.0, classify_failure(errors.TimedOut())
        if self.kind == "refuses":
            return 0.02, server_error()
        error = errors.ConnectionFailed()
        error.sent = False
        return 0.001, classify_failure(error)

    def share_lost(self, group: str) -> str:
        return f"{self.lost[group] / max(1, self.calls[group]):.1%}"


def server_error() -> AttemptOutcome:
    return AttemptOutcome(
        error=errors.ServerError(),
        delivery=DeliveryStatus.UNKNOWN,
        retry_kind="transient",
        healthy=False,
    )


def bad_operation() -> Table:
    rows = [
        (
            f"{share:.0%} of the calls, {callers / CALLERS * 300:.0f} a second",
            way,
            run.share_lost("others"),
            f"{run.sent[BAD] / max(1, run.calls[BAD]):.2f}",
        )
        for callers in (CALLERS, FEWER)
        for share in (0.01, 0.1, 0.5, 0.9)
        for way in WAYS
        for run in [simulated(way, share=share, bad=True, callers=callers)]
    ]
    title = (
        "One operation answers 500 to every call, the provider is well: forty seconds, simulated"
    )
    head = ("the bad operation has", "", "calls of the others that fail",
            "requests per call of the bad one")  # fmt: skip
    return Table(title, head, rows)


def outages(*, bad: bool) -> Table:
    rows = []
    for kind in OUTAGES:
        for share in (0.1, 0.99):
            for way in WAYS:
                run = simulated(way, share=share, outage=kind, bad=bad)
                calls, sent = sum(run.calls.values()), sum(run.sent.values())
                first = sum(moment < DOWN + 1.0 for moment in run.sent_at)
                rows.append((
                    f"the provider {kind}, {share:.0%} of the calls for one operation",
                    way,
                    first,
                    f"{sent / calls:.4f}x",
                    f"{run.outcome.back - run.outcome.up:.2f} s",
                    f"{run.outcome.recovered():.0f} s",
                ))  # fmt: skip
    title = "An outage of forty seconds, ten operations, 300 calls a second, simulated" + (
        ": the one operation fails before and after it, too" if bad else ""
    )
    head = ("", "", "requests in its first second", "load", "first success after",
            "no other fails after")  # fmt: skip
    return Table(title, head, rows)


def simulated(way: str, *, share: float, **facts: object) -> Operations:
    run = Operations(way, share=share, **facts)  # type: ignore[arg-type]
    run.run()
    return run


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.operations", __doc__).parse_args(arguments)
    report(options, bad_operation(), outages(bad=False), outages(bad=True))
    return 0
