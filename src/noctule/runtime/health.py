"""What all calls to one provider, under one credential, know of it together.

The state is kept per origin and credential, not per endpoint (an outage takes a provider, not
a path) and not per provider alone (one tenant's bad key must not stop the others).
"""

from __future__ import annotations

import random as chance
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from noctule.runtime.policy.breaker import Breaker, State
from noctule.runtime.policy.bulkhead import Bulkhead
from noctule.runtime.policy.gate import Gate
from noctule.runtime.policy.quota import Quota
from noctule.runtime.policy.verdict import Reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.config import Policies
    from noctule.runtime.policy.bulkhead import Ticket
    from noctule.runtime.policy.verdict import Verdict

KEPT = 512
"""Origins and credentials remembered at once; the one that was used longest ago goes first."""


class Circuits(Protocol):
    """Open circuits that several processes tell each other about, in Redis for instance.

    `key` is the same in all of them. Both methods are called in the path of a call and must not
    block: keep a local copy that something else brings up to date.
    """

    def opened(self, key: str, until: float) -> None:
        """Ours opened until then (seconds since the epoch)."""
        ...

    def open_until(self, key: str) -> float:
        """When the last one of the others opens again; 0 when none is open."""
        ...


class Health:
    """The shared policies and the one lock around them, which is never held while waiting."""

    __slots__ = ("breaker", "bulkhead", "circuits", "gate", "lock", "origin", "quota", "random")

    def __init__(
        self,
        policies: Policies,
        *,
        origin: str = "",
        random: Callable[[], float] = chance.random,
        circuits: Circuits | None = None,
    ) -> None:
        self.origin = origin
        self.circuits = circuits
        self.random = random
        self.lock = Lock()
        self.gate = Gate()
        self.quota = Quota(policies.quota.capacity) if policies.quota else None
        self.breaker = Breaker(policies.breaker, random) if policies.breaker else None
        self.bulkhead = Bulkhead(policies.in_flight) if policies.in_flight else None

    def admit(self, now: float) -> int | None:
        """A generation to hand to `settle` or `abandon`; None when the breaker is open."""
        breaker = self.breaker
        if breaker is None:
            return 0
        if breaker.state is State.CLOSED:
            return breaker.generation
        with self.lock:
            return breaker.admit(now)

    def settle(self, generation: int, verdict: Verdict, now: float, took: float) -> State | None:
        """An attempt ended after `took` seconds; the breaker's state, if that changed it."""
        with self.lock:
            if verdict.hold:
                self.gate.close(now, verdict.hold)
            breaker = self.breaker
            if breaker is None:
                return None
            before = breaker.state
            if verdict.healthy is None:
                breaker.abandon(generation)
            else:
                connect = not verdict.healthy and verdict.reached is Reached.NOT_SENT
                breaker.record(generation, now, ok=verdict.healthy, took=took, connect=connect)
            return breaker.state if breaker.state is not before else None

    def abandon(self, generation: int) -> None:
        """An attempt was cancelled."""
        if self.breaker is not None:
            with self.lock:
                self.breaker.abandon(generation)

    def enter(self) -> Ticket | None:
        """A ticket to wait with; None when the call may go on at once."""
        if self.bulkhead is None:
            return None
        with self.lock:
            return self.bulkhead.enter()

    def await_place(self, ticket: Ticket, wake: Callable[[], None]) -> bool:
        """Ask to be woken when the ticket gets its place; True when it already has."""
        with self.lock:
            ticket.wake = wake
            return ticket.held

    def leave(self, ticket: Ticket | None) -> None:
        if self.bulkhead is None:
            return
        with self.lock:
            heir = self.bulkhead.leave(ticket)
        if heir is not None and heir.wake is not None:
            heir.wake()

    def pay(self, price: int) -> bool:
        if self.quota is None:
            return True
        with self.lock:
            return self.quota.pay(price)

    def earn(self, tokens: int) -> None:
        if self.quota is not None and self.quota.tokens < self.quota.capacity:
            with self.lock:
                self.quota.earn(tokens)

    @property
    def calm(self) -> bool:
        """Whether the breaker is closed, so that there is room for more than a probe."""
        return self.breaker is None or self.breaker.state is State.CLOSED

    def blocked(self, now: float) -> float:
        """Seconds until the breaker lets a probe through; 0 when it is not open."""
        if self.breaker is None or self.calm:
            return 0.0
        return max(0.0, self.breaker.open_until - now)


class Healths:
    """The `Health` of each origin and credential, made when first asked for."""

    def __init__(
        self, random: Callable[[], float] = chance.random, *, circuits: Circuits | None = None
    ) -> None:
        self._random = random
        self._circuits = circuits
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, str], Health] = OrderedDict()

    def of(self, origin: str, credential: str, policies: Policies) -> Health:
        key = origin, credential
        with self._lock:
            health = self._known.get(key)
            if health is None:
                health = self._known[key] = Health(
                    policies, origin=origin, random=self._random, circuits=self._circuits
                )
                if len(self._known) > KEPT:
                    self._known.popitem(last=False)
            else:
                self._known.move_to_end(key)
            return health


SHARED = Healths()
"""Of this process: services made per request, or per test worker, still learn from each other."""
