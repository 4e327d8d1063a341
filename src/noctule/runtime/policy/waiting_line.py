"""The line of calls that wait for a provider to come back, while its outage is young.

    join() ──> in line ──release()──> released ──leave()──> out: it makes its attempt
                  └───────────leave()────────────────────────^  or gives up

The first call leads: when a trial call is due it makes it, from its place in the line. All others
sleep until they are released, two for each success, or until their wait is over. So nobody polls,
and a provider that is back meets one call, then two, four, …, in the order of their first wait.

A call that does not wake when it should is lost: its event loop has ended, or its thread. It loses
its place, so that it cannot hold the others up; one that was only late joins again.

A call keeps its number: one whose trial call failed, or that was released into the next outage,
returns to its place. It leads again only after the backoff of its retry (`not_before`).

Who leads can change while all sleep. So whatever a call does here, whether it comes, wakes, goes or
gives up, the call that leads by then is woken if it would sleep beyond its trial call.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEARCHED = 100
"""Calls at the head of the line among which the one that leads is looked for."""

LOST = 2.0
"""Seconds after which a call that should have woken is taken to be lost."""

_number = attrgetter("number")


class WaitingCall:
    """A call that finds the circuit open at `now`. It waits while the outage is younger than
    `max_wait` seconds; 0: only for the result of a running trial call; None: not at all."""

    __slots__ = (
        "in_line",
        "max_wait",
        "may_repeat",
        "not_before",
        "number",
        "operation",
        "released",
        "since",
        "wake",
        "wakes_at",
        "woken",
    )

    def __init__(
        self,
        now: float,
        max_wait: float | None,
        *,
        may_repeat: bool = True,
        operation: str = "",
    ) -> None:
        self.since = now
        self.operation = operation
        self.max_wait = max_wait
        self.may_repeat = may_repeat
        """A request that must not be repeated makes a trial call only if no other call can."""
        self.not_before = 0.0
        """When it may make a trial call at the earliest."""
        self.number = 0
        self.in_line = False
        self.released = False
        """It may make its attempt, and has not made it yet."""
        self.wakes_at = 0.0
        """When its present sleep ends by itself."""
        self.woken = False
        """Its present sleep is over."""
        self.wake: Callable[[], None] | None = None


class WaitingLine:
    """At most `places` calls. The caller holds the lock, and calls `wake` of the calls that a
    method returns once it has given the lock back."""

    __slots__ = ("_latest", "calls", "places", "young_until")

    def __init__(self, places: int) -> None:
        self.places = places
        self.calls: list[WaitingCall] = []
        """By number."""
        self._latest = 0
        self.young_until = 0.0
        """How long the calls that joined are prepared to wait at most."""

    @property
    def is_full(self) -> bool:
        return len(self.calls) >= self.places

    def join(self, call: WaitingCall, now: float) -> bool:
        """Take the last place, or the one that it had; False when the line is full."""
        if call.in_line:
            return True
        if self.is_full:
            return False
        if not call.number:
            self._latest += 1
            call.number = self._latest
        call.in_line, call.released, call.woken = True, False, False
        call.wakes_at = now
        insort(self.calls, call, key=_number)
        return True

    def leave(self, call: WaitingCall) -> None:
        """It makes its attempt, or gives up."""
        call.released = False
        if call.in_line:
            call.in_line = False
            del self.calls[bisect_left(self.calls, call.number, key=_number)]

    def release(self, count: int) -> list[WaitingCall]:
        """Let the first `count` calls go; returns them, to be woken."""
        released = self.calls[:count]
        del self.calls[:count]
        for call in released:
            call.in_line, call.released, call.woken = False, True, True
        return released

    def leader(self, due: float, now: float, failed: str = "") -> WaitingCall | None:
        """The call that makes the trial call that is due then: the first whose backoff is over by
        then, and that may be repeated. One of the operation `failed`, whose trial call failed last,
        leads only if no other does."""
        while self.calls and self.calls[0].wakes_at < now - LOST:
            self.calls.pop(0).in_line = False
        head = [call for call in islice(self.calls, SEARCHED) if call.wakes_at >= now - LOST]
        last_resort = None
        for call in head:
            if call.may_repeat and call.not_before <= due:
                if not failed or call.operation != failed:
                    return call
                last_resort = last_resort or call
        if last_resort is not None:
            return last_resort

        def order(call: WaitingCall) -> tuple[float, bool]:
            return max(call.not_before, due), not call.may_repeat

        return min(head, key=order, default=None)

    def call_leader(self, due: float, now: float, failed: str = "") -> list[WaitingCall]:
        """The call that leads, to be woken, if it would sleep beyond its trial call."""
        leader = self.leader(due, now, failed)
        if leader is None or leader.woken or leader.wakes_at <= max(due, leader.not_before):
            return []
        leader.woken, leader.wakes_at = True, now
        return [leader]

    def wake_beyond(self, until: Callable[[WaitingCall], float], now: float) -> list[WaitingCall]:
        """The calls that would sleep beyond that time, to be woken."""
        calls = [call for call in self.calls if not call.woken and call.wakes_at > until(call)]
        for call in calls:
            call.woken, call.wakes_at = True, now
        return calls
