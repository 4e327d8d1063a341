"""The circuit breaker: leaves a failing provider alone, and finds out when it is back.

    closed ──(too many failures)──> open ──(time, or enough refused calls)──> half-open
       ^                             ^                                          │
       └───(enough calls succeed)────┼──────────────────────────────────────────┤
                                     └────────────(one of them fails)───────────┘

Two things earn a probe. Time, for whom calls rarely: the open time grows, but to seconds, not
to a minute, since a probe every few seconds is no load. And refused calls, for whom calls
often: a share of the calls may be probes, so that a recovery costs so many calls at most, and an
outage so much of the usual load at most, however long it lasted.

While a probe is young, others listen for what it comes to rather than be refused: `echo`. But a
probe may hang, and says nothing while it does. The calls that are refused meanwhile earn looks:
further probes that are given up early, so that few are on their way, and of which only a success
counts.

Half-open, one probe goes alone. When it came back well, calls pass again, and the first one
that fails opens the circuit anew; waiting for a second lone probe would cost every caller of
that time and protect only from a provider that answers one call well and not the next.

An admission carries the generation in which it was given; every change of state and every probe
starts a new one, and results of older generations are ignored, so that answers of calls sent
before the outage neither open nor close anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from noctule.runtime.policy.window import Window

if TYPE_CHECKING:
    from collections.abc import Callable


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


# Looked up for every call: a member of an Enum costs several times a name.
CLOSED = State.CLOSED
OPEN = State.OPEN
HALF_OPEN = State.HALF_OPEN

LOOK = -2
"""The generation of all looks, which is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerLimits:
    """When it opens and closes. Durations in seconds, shares from 0 to 1."""

    window: float = 60.0
    calls: int = 50
    """Judged are the calls of the window, and of those the latest fifty."""
    minimum: int = 10
    """Calls in the window below which shares mean nothing."""
    failure_share: float = 0.5
    slow: float = 8.0
    """A call that took this long is slow, whatever it answered."""
    slow_share: float = 0.8
    failures: int = 7
    """That many in a row, the latest ones, open it: it takes 25 to outweigh 25 successes."""
    connect_failures: int = 5
    """That many failures to connect in a row open it at once: nobody is at home."""
    open_time: float = 0.5
    open_factor: float = 2.0
    open_cap: float = 5.0
    open_jitter: float = 0.2
    probe_share: float = 0.023
    """Of the calls made while it is open, this share may be probes before the open time is over;
    0 leaves it to time alone."""
    probe_pause: float = 0.1
    """Between two probes, however many calls are refused."""
    look_time: float = 1.0
    """Given to a look, which goes while a probe hangs, with a call that may be repeated. Nor does
    a call listen for longer to what others find out."""
    successes: int = 2
    """In a row that close it: the probe, and those let in after it."""


class Breaker:
    """`admit`, then exactly one of `record` or `abandon`. `random` gives [0, 1)."""

    __slots__ = (
        "_connect_failures",
        "_heard",
        "_limits",
        "_next",
        "_probing",
        "_random",
        "_refused",
        "_sent",
        "_slow",
        "_successes",
        "_window",
        "followed",
        "generation",
        "open_until",
        "state",
        "trips",
    )

    def __init__(self, limits: BreakerLimits, random: Callable[[], float]) -> None:
        self._limits = limits
        self._slow = limits.slow
        self._random = random
        self._window = Window(limits.window, limits.calls)
        self.state = CLOSED
        self.generation = 0
        self.open_until = 0.0
        """When time alone earns a probe. Half-open: when the probe has taken too long, and
        another one may go."""
        self._next = 0.0
        """When refused calls may earn one."""
        self._sent = 0.0
        """When the latest probe or look went."""
        self._heard = 0.0
        """Seconds that it is worth listening to: a look goes because a probe hangs, so that it
        is likely to hang as well."""
        self._refused = 0
        self.trips = 0
        """Since it was last closed."""
        self.followed = 0.0
        """The latest opening that processes told each other of, in seconds since the epoch."""
        self._probing = False
        self._successes = 0
        self._connect_failures = 0

    def admit(self, now: float) -> int | None:
        """The generation to hand back with the result; None when the call must not be sent."""
        if self.state is CLOSED:
            return self.generation
        if self.state is OPEN:
            if now < self.open_until and not self._earned(now):
                return None
            self._enter(HALF_OPEN)
            self.open_until = now + self._length()
        elif self._successes:
            return self.generation
        elif self._probing:
            if now < self.open_until:
                return None
            # It hangs. What it comes to in the end says nothing about now.
            self.generation += 1
            self.open_until = now + self._length()
        self._probing = True
        self._went(now, self._limits.look_time)
        return self.generation

    def echo(self, now: float, age: float) -> float | None:
        """Seconds after which a call of that age, refused by `admit`, should ask again: a probe
        or a look is on its way that may soon tell. None: it has listened for long enough, or
        there is nothing to listen for."""
        young = now - self._sent < self._heard and age < self._heard
        return self._limits.probe_pause if young and self.state is HALF_OPEN else None

    def look(self, now: float) -> float | None:
        """Seconds for a call, refused by `admit`, to look whether the provider is back although a
        probe hangs: it is admitted as `LOOK`. None: it stays refused."""
        if self.state is not HALF_OPEN or not self._earned(now):
            return None
        self._went(now, self._limits.probe_pause)
        return self._limits.look_time

    def seen(self) -> int:
        """The generation of a look that went well."""
        return self.generation if self.state is HALF_OPEN else LOOK

    def well(self, generation: int, now: float, took: float) -> bool:
        """A success after others, which threads need no lock for; False leaves it to `record`."""
        if (
            self.state is not CLOSED
            or generation != self.generation
            or took >= self._slow
            or (window := self._window).troubled
        ):
            return False
        window.times.append(now)
        self._connect_failures = 0
        return True

    def record(
        self, generation: int, now: float, *, ok: bool, took: float = 0.0, connect: bool = False
    ) -> None:
        """The admitted call ended after `took` seconds. `connect`: no connection was made."""
        if generation != self.generation:
            return
        slow = took >= self._slow
        if self.state is HALF_OPEN:
            self._tried(now, ok=ok and not slow)
            return
        self._window.add(now, not ok, slow)
        self._connect_failures = self._connect_failures + 1 if connect else 0
        if (slow or not ok) and self._too_much(now):
            self.trip(now)

    def abandon(self, generation: int) -> None:
        """The admitted call was cancelled: it says nothing, and frees the probe's place."""
        if generation == self.generation:
            self._probing = False

    def trip(self, now: float) -> None:
        """Open it, for longer each time until it closes again."""
        length = self._length()
        self.trips += 1
        self._enter(OPEN)
        spread = self._limits.open_jitter * (2 * self._random() - 1)
        self.open_until = now + length * (1 + spread)
        self._next = now + self._limits.probe_pause

    def follow(self, now: float, seconds: float, until: float) -> bool:
        """Another process leaves the provider alone for `seconds`, which is `until` on everybody's
        clock: so do we, once, if we are not wiser already."""
        if self.state is not CLOSED or until <= self.followed:
            return False
        self.followed = until
        self.trip(now)
        self.open_until = now + seconds
        return True

    def _length(self) -> float:
        limits = self._limits
        return min(limits.open_cap, limits.open_time * limits.open_factor ** min(self.trips, 32))

    def _went(self, now: float, heard: float) -> None:
        """A probe or a look is on its way; those refused from now on earn the next one."""
        self._sent, self._heard = now, heard
        self._next = now + self._limits.probe_pause
        self._refused = 0

    def _earned(self, now: float) -> bool:
        """Whether the calls refused so far, this one included, are worth a probe."""
        self._refused += 1
        return self._refused * self._limits.probe_share >= 1 and now >= self._next

    def _tried(self, now: float, *, ok: bool) -> None:
        if not ok:
            self.trip(now)
            return
        self._successes += 1
        self._refused = 0
        self.open_until = now
        if self._successes >= self._limits.successes:
            self.trips = 0
            self._window.clear()
            self._enter(CLOSED)

    def _enter(self, state: State) -> None:
        self.state = state
        self.generation += 1
        self._probing = False
        self._successes = 0
        self._connect_failures = 0

    def _too_much(self, now: float) -> bool:
        limits = self._limits
        if self._connect_failures >= limits.connect_failures:
            return True
        calls, failed, slow = self._window.totals(now)
        if calls < limits.minimum:
            return False
        return (
            failed >= limits.failure_share * calls
            or slow >= limits.slow_share * calls
            or self._window.streak(limits.failures)
        )
