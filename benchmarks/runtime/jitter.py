"""The waits between attempts: which calls outlast a blip, and what each kind of jitter costs.

A provider is called 300 times a second and refuses for 1 to 8 s. Calls wait 1, 2 and 4 s between
their four attempts: drawn from zero on (full jitter), from the half on (equal), a quarter either
way, or a quarter longer at most, which is the runtime's default. Survival is the share of the calls
made during the blip that get an answer; the first call of a blip has the longest way to go. Neither
breaker nor retry budget takes part: the question is what the waits do. Then a thousand callers lose
their connection at the same instant, which is the case that full jitter is made for.

Takes 10 s. Needs nothing else.
"""

from __future__ import annotations

import random
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from benchmarks.shared import Table, parser, report
from noctule.runtime.policy.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from benchmarks.shared import Cell

    Wait: TypeAlias = Callable[[int, random.Random], float]
    """Seconds to wait after so many failed attempts."""

ATTEMPTS = 4
RATE = 300
ROUND_TRIP = 0.02
"""Seconds until a refusal comes."""
BLIPS = (1, 2, 3, 4, 5, 6, 7, 8)
HERD = 1000
SLOT = 0.1
"""Seconds over which requests are counted."""
BACKOFF = Backoff()


def full(failed: int, draw: random.Random) -> float:
    return draw.random() * BACKOFF.least_wait(failed)


def equal(failed: int, draw: random.Random) -> float:
    return (1 + draw.random()) * BACKOFF.least_wait(failed) / 2


def quarter_either_way(failed: int, draw: random.Random) -> float:
    return (0.75 + draw.random() / 2) * BACKOFF.least_wait(failed)


def quarter_longer(failed: int, draw: random.Random) -> float:
    return BACKOFF.wait(failed, draw.random)


KINDS: dict[str, Wait] = {
    "full": full,
    "equal": equal,
    "± 25 %": quarter_either_way,
    "+ 25 % (ours)": quarter_longer,
}


def attempts(begin: float, wait: Wait, draw: random.Random, until: float) -> list[float]:
    """When a call makes its attempts, the last one of them the first at or after `until`."""
    moments = [begin]
    while moments[-1] < until and len(moments) < ATTEMPTS:
        moments.append(moments[-1] + ROUND_TRIP + wait(len(moments), draw))
    return moments


def blip(seconds: float, wait: Wait, draw: random.Random) -> tuple[float, float, float, float]:
    """Of one blip: the share of its calls that survive; that of calls made when it begins; requests
    beside the usual number while it lasts; and in the busiest slot of the second after it."""
    # All that happens before the blip is over has begun in it.
    begins = [draw.random() * seconds for _ in range(int(RATE * seconds))]
    calls = [attempts(begin, wait, draw, seconds) for begin in begins]
    survived = sum(call[-1] >= seconds for call in calls) / len(calls)
    first = [attempts(0.0, wait, draw, seconds)[-1] >= seconds for _ in range(2000)]
    load = sum(moment < seconds for call in calls for moment in call) / len(calls)
    late = Counter(
        int((moment - seconds) / SLOT)
        for call in calls
        for moment in call
        if seconds <= moment < seconds + 1.0
    )
    usual = RATE * SLOT
    return survived, sum(first) / len(first), load, 1 + max(late.values(), default=0) / usual


@cache
def mean(seconds: float, wait: Wait, runs: int = 20) -> list[float]:
    """The figures of `blip`, of so many."""
    outcomes = [blip(seconds, wait, random.Random(seed)) for seed in range(runs)]
    return [sum(column) / runs for column in zip(*outcomes, strict=True)]


def herd(wait: Wait, seconds: float = 9.0) -> list[int]:
    """Requests in each slot after the instant in which all callers lost their connection, at a
    provider that refuses on."""
    draw = random.Random(1)
    calls = [attempts(0.0, wait, draw, seconds) for _ in range(HERD)]
    counts = Counter(int(moment / SLOT) for call in calls for moment in call[1:])
    return [counts[slot] for slot in range(int(seconds / SLOT))]


def table(title: str, note: str, column: int, form: str) -> Table:
    head = ("jitter", *(f"{seconds} s" for seconds in BLIPS))
    rows: list[tuple[Cell, ...]] = [
        (name, *(format(mean(seconds, wait)[column], form) for seconds in BLIPS))
        for name, wait in KINDS.items()
    ]
    return Table(title, head, rows, note)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser("runtime.jitter", __doc__).parse_args(arguments)
    herds = {name: herd(wait) for name, wait in KINDS.items()}
    tables = [
        table("Calls that outlast a blip, by the jitter of their waits", "", 0, ".0%"),
        table("The same for calls that are made when the blip begins", "", 1, ".0%"),
        table("Requests while the blip lasts, beside the usual number", "", 2, ".2f"),
        table(
            "The busiest tenth of a second in the second after the blip, beside the usual",
            "The usual calls of that moment are counted in.",
            3,
            ".2f",
        ),
        Table(
            "A thousand callers lose their connection at once: their busiest tenth of a second",
            ("jitter", "requests"),
            [(name, max(counts)) for name, counts in herds.items()],
            "At a provider that refuses on. The retry budget pays for 35 of these 3,000 retries.",
        ),
    ]
    survival = {
        name: [round(mean(seconds, wait)[0], 4) for seconds in BLIPS]
        for name, wait in KINDS.items()
    }
    data = {"blips": BLIPS, "survival": survival, "slot": SLOT, "herd": herds}
    report(options, *tables, data=data)
    return 0
