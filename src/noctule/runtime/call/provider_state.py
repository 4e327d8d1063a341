"""What all calls to one provider, under one credential, know of it together.

The state is kept per origin and credential, not per endpoint (an outage takes a provider, not
a path) and not per provider alone (one tenant's bad key must not stop the others). Calls that set
limits of their own (another breaker, fewer places) get that part for themselves, and share the
rest.
"""

from __future__ import annotations

import random as chance
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from noctule.runtime.policy.breaker import CLOSED, LOOK, Breaker, State
from noctule.runtime.policy.bulkhead import Bulkhead
from noctule.runtime.policy.cooldown import Cooldown
from noctule.runtime.policy.outcome import Reached
from noctule.runtime.policy.retry_budget import RetryTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.call.config import Policies
    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.bulkhead import Ticket
    from noctule.runtime.policy.outcome import Outcome

KEPT = 512
"""Origins and credentials remembered at once; the one that was used longest ago goes first."""

VARIANTS = 64
"""Different limits under one of them."""


class SharedBreakers(Protocol):
    """Open circuits that several processes tell each other about, in Redis for instance.

    `key` is the same in all of them. Both methods are called in the path of a call and must not
    block: keep a local copy that something else brings up to date.
    """

    def opened(self, key: str, until: float) -> None:
        """Ours opened until then (seconds since the epoch)."""
        ...

    def open_until(self, key: str) -> float:
        """When the last one that opened lets a call through again; 0 when none is open."""
        ...


class ProviderState:
    """The shared policies and the one lock around them, which is never held while waiting.

    A call that goes well takes no lock: what it changes, it changes in one step.
    """

    __slots__ = (
        "breaker",
        "bulkhead",
        "gate",
        "lock",
        "origin",
        "random",
        "retry_budget",
        "shared_breakers",
    )

    def __init__(
        self,
        policies: Policies,
        *,
        origin: str = "",
        random: Callable[[], float] = chance.random,
        shared_breakers: SharedBreakers | None = None,
    ) -> None:
        self.origin = origin
        self.shared_breakers = shared_breakers if policies.breaker else None
        self.random = random
        self.lock = Lock()
        self.gate = Cooldown()
        self.retry_budget = (
            RetryTokens(policies.retry_budget.capacity) if policies.retry_budget else None
        )
        self.breaker = Breaker(policies.breaker, random) if policies.breaker else None
        self.bulkhead = Bulkhead(policies.max_concurrency) if policies.max_concurrency else None

    def admit(self, now: float) -> int | None:
        """A generation to hand to `settle` or `abandon`; None when the breaker is open."""
        if self.breaker is None:
            return 0
        with self.lock:
            return self.breaker.admit(now)

    def echo(self, now: float, age: float) -> float | None:
        """`Breaker.echo`, for a call of that age. Those who listen keep their places meanwhile, so
        they do while there are enough."""
        if self.breaker is None or not (self.bulkhead is None or self.bulkhead.roomy):
            return None
        with self.lock:
            return self.breaker.echo(now, age)

    def look(self, now: float) -> float | None:
        """`Breaker.look`, for a call that was not admitted."""
        if self.breaker is None:
            return None
        with self.lock:
            return self.breaker.look(now)

    def follow(self, now: float, today: float) -> bool:
        """Whether our breaker opens because that of another process did. `today` is `now` in
        seconds since the epoch, which is what processes have in common."""
        if self.shared_breakers is None or self.breaker is None:
            return False
        until = self.shared_breakers.open_until(self.origin)
        if until <= today:
            return False
        with self.lock:
            return self.breaker.follow(now, until - today, until)

    def tell(self, now: float, today: float) -> None:
        """Tell the other processes that ours opened."""
        if self.shared_breakers is not None and self.breaker is not None:
            until = today + self.blocked(now)
            self.breaker.followed = until
            self.shared_breakers.opened(self.origin, until)

    def settle(self, generation: int, verdict: Outcome, now: float, took: float) -> State | None:
        """An attempt ended after `took` seconds; the breaker's state, if that changed it."""
        breaker = self.breaker
        healthy = verdict.healthy
        with self.lock:
            if verdict.hold:
                self.gate.close(now, verdict.hold)
            if breaker is None:
                return None
            before = breaker.state
            if generation == LOOK and verdict.error is None:
                generation = breaker.seen()
            if healthy:
                breaker.record(generation, now, ok=True, took=took)
            elif healthy is None:
                breaker.abandon(generation)
            else:
                connect = verdict.reached is Reached.NOT_SENT
                breaker.record(generation, now, ok=False, took=took, connect=connect)
            return breaker.state if breaker.state is not before else None

    def abandon(self, generation: int) -> None:
        """An attempt was cancelled."""
        if self.breaker is not None:
            with self.lock:
                self.breaker.abandon(generation)

    def claim(self, bulkhead: Bulkhead, now: float, patience: float) -> Ticket:
        """A ticket to wait with for `patience` seconds, since no place could be taken."""
        with self.lock:
            ticket = bulkhead.claim(now, patience)
        self.hand_over(bulkhead, now)
        return ticket

    def await_place(self, ticket: Ticket, wake: Callable[[], None]) -> bool:
        """Ask to be woken when the ticket gets its place; True when it already has."""
        with self.lock:
            ticket.wake = wake
            return ticket.held

    def renounce(self, bulkhead: Bulkhead, ticket: Ticket) -> None:
        """Give up the claim to a place, or the place that it came to; `hand_over` comes next."""
        with self.lock:
            bulkhead.renounce(ticket)

    def hand_over(self, bulkhead: Bulkhead, now: float) -> None:
        """Give a free place to whoever waits for one."""
        with self.lock:
            heir = bulkhead.hand_over(now)
        if heir is not None and heir.wake is not None:
            heir.wake()

    def pay(self, price: int) -> bool:
        if self.retry_budget is None:
            return True
        with self.lock:
            return self.retry_budget.pay(price)

    def earn(self, quota: RetryTokens, tokens: int) -> None:
        with self.lock:
            quota.earn(tokens)

    @property
    def calm(self) -> bool:
        """Whether the breaker is closed, so that there is room for more than a probe."""
        return self.breaker is None or self.breaker.state is CLOSED

    def blocked(self, now: float) -> float:
        """Seconds until the breaker lets a probe through at the latest; 0 when it is closed."""
        if self.breaker is None or self.breaker.state is CLOSED:
            return 0.0
        return max(0.0, self.breaker.open_until - now)


Limits = tuple[int | None, "BreakerLimits | None", int | None]
"""What makes a part another one: the quota's capacity, the breaker's limits, the places."""


class _Family:
    """The provider_states of one origin and credential, one for each combination of limits."""

    def __init__(self) -> None:
        self._healths: dict[Limits, ProviderState] = {}

    def of(self, policies: Policies, make: Callable[[Policies], ProviderState]) -> ProviderState:
        capacity = policies.retry_budget.capacity if policies.retry_budget else None
        limits = capacity, policies.breaker, policies.max_concurrency
        health = self._healths.pop(limits, None)
        if health is None:
            health = make(policies)
            for known, other in self._healths.items():
                _share(other, health, [a == b for a, b in zip(known, limits, strict=True)])
            if len(self._healths) >= VARIANTS:
                del self._healths[next(iter(self._healths))]
        self._healths[limits] = health
        return health


def _share(known: ProviderState, new: ProviderState, same: list[bool]) -> None:
    """Lock and gate are everybody's; the parts are of those under the same limits."""
    new.lock, new.gate = known.lock, known.gate
    quota, breaker, bulkhead = same
    new.retry_budget = known.retry_budget if quota else new.retry_budget
    new.breaker = known.breaker if breaker else new.breaker
    new.bulkhead = known.bulkhead if bulkhead else new.bulkhead


class ProviderStates:
    """The `ProviderState` of each origin and credential, made when first asked for."""

    def __init__(
        self,
        random: Callable[[], float] = chance.random,
        *,
        shared_breakers: SharedBreakers | None = None,
    ) -> None:
        self._random = random
        self._shared_breakers = shared_breakers
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, str], _Family] = OrderedDict()

    def of(self, origin: str, credential: str, policies: Policies) -> ProviderState:
        def make(policies: Policies) -> ProviderState:
            return ProviderState(
                policies, origin=origin, random=self._random, shared_breakers=self._shared_breakers
            )

        key = origin, credential
        with self._lock:
            family = self._known.setdefault(key, _Family())
            self._known.move_to_end(key)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            return family.of(policies, make)


SHARED = ProviderStates()
"""Of this process: services made per request, or per test worker, still learn from each other."""
