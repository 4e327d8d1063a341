"""What all calls to one provider, under one credential, share: circuits, bulkhead, retry budget
and cooldown.

The state is kept per origin and credential: not per endpoint, since an outage takes a provider and
not a path (an operation that fails alone has a circuit of its own within it), and not per provider
alone, since one tenant's bad key must not stop the others. Calls with limits of their own (another
breaker, fewer permits) get that part for themselves, and share the rest.
"""

from __future__ import annotations

import random as chance
from collections import OrderedDict
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from noctule.runtime import fork
from noctule.runtime.call.circuits import ProviderCircuits
from noctule.runtime.call.telemetry import DeprecationLog
from noctule.runtime.effects import Wait
from noctule.runtime.policy.bulkhead import Bulkhead
from noctule.runtime.policy.cooldown import Cooldown
from noctule.runtime.policy.retry_budget import RetryTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.call.circuits import Circuit, SharedBreakers
    from noctule.runtime.call.config import Policies
    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.bulkhead import Waiter
    from noctule.runtime.policy.outcome import AttemptOutcome

MAX_ORIGINS = 512
"""Origins and credentials that are remembered; the least recently used one goes first."""

MAX_VARIANTS = 64
"""Different limits under one of them."""

MAX_RESTING = 5000
"""Calls that wait for a cooldown without a permit."""


class ProviderState:
    """The shared policies and the one lock around them, which is never held while waiting.

    A call that succeeds takes no lock: what it changes, it changes in one step.
    """

    __slots__ = (
        "bulkhead",
        "circuits",
        "cooldown",
        "lock",
        "origin",
        "random",
        "retry_tokens",
    )

    def __init__(
        self,
        policies: Policies,
        *,
        origin: str = "",
        random: Callable[[], float] = chance.random,
        shared_breakers: SharedBreakers | None = None,
        lock: Lock | None = None,
    ) -> None:
        self.origin = origin
        self.random = random
        self.lock = lock or Lock()
        self.cooldown = Cooldown()
        self.retry_tokens = (
            RetryTokens(policies.retry_budget.capacity) if policies.retry_budget else None
        )
        self.circuits = (
            ProviderCircuits(
                policies.breaker,
                self.lock,
                random,
                origin=origin,
                shared_breakers=shared_breakers,
            )
            if policies.breaker
            else None
        )
        self.bulkhead = Bulkhead(policies.max_concurrency) if policies.max_concurrency else None

    def cool_down(self, now: float, outcome: AttemptOutcome, operation: str) -> None:
        """Send no call until the provider's limit allows one."""
        with self.lock:
            only = None if outcome.cooldown_shared else operation
            self.cooldown.extend(now, outcome.cooldown, only)

    def circuit_for(self, operation: str) -> Circuit | None:
        """The circuit that decides about a call of that operation; None without a breaker."""
        circuits = self.circuits
        return None if circuits is None else circuits.circuit_for(operation)

    def enqueue(self, bulkhead: Bulkhead, now: float, max_wait: float) -> Waiter:
        """Wait for a permit, since none was free."""
        with self.lock:
            waiter = bulkhead.enqueue(now, max_wait)
        self.grant_next(bulkhead, now)
        return waiter

    def wait_for_permit(self, waiter: Waiter) -> Wait:
        """The effect that waits until `waiter` is granted its permit."""
        return Wait(waiter.max_wait, partial(self._subscribe, waiter))

    def _subscribe(self, waiter: Waiter, wake: Callable[[], None]) -> bool:
        with self.lock:
            waiter.wake = wake
            return waiter.granted

    def cancel(self, bulkhead: Bulkhead, waiter: Waiter) -> None:
        """Give up waiting, or return the permit; call `grant_next` afterwards."""
        with self.lock:
            bulkhead.cancel(waiter)

    def grant_next(self, bulkhead: Bulkhead, now: float) -> None:
        """Grant a free permit to the next waiter, if there is one."""
        with self.lock:
            waiter = bulkhead.grant_next(now)
        if waiter is not None and waiter.wake is not None:
            waiter.wake()

    def return_permit(self, bulkhead: Bulkhead, waiter: Waiter | None, now: float) -> None:
        """Return a permit, or stop waiting for one."""
        if waiter is None:
            bulkhead.release()
        else:
            self.cancel(bulkhead, waiter)
        if bulkhead.queue:
            self.grant_next(bulkhead, now)

    def rest(self) -> bool:
        """Whether one more call may wait for the cooldown without a permit."""
        with self.lock:
            if self.cooldown.resting >= MAX_RESTING:
                return False
            self.cooldown.resting += 1
            return True

    def stop_resting(self) -> None:
        with self.lock:
            self.cooldown.resting -= 1

    def withdraw(self, cost: int) -> bool:
        """Pay for a retry from the retry budget; False when it is used up."""
        if self.retry_tokens is None:
            return True
        with self.lock:
            return self.retry_tokens.withdraw(cost)

    def deposit(self, tokens: RetryTokens, amount: int) -> None:
        with self.lock:
            tokens.deposit(amount)


VariantKey = tuple[int | None, "BreakerLimits | None", int | None]
"""The limits that have parts of their own: capacity of the budget, breaker, concurrency."""


class _OriginStates:
    """The states of one origin and credential, one for each combination of limits."""

    def __init__(self) -> None:
        self._variants: dict[VariantKey, ProviderState] = {}

    def state_for(
        self,
        policies: Policies,
        create: Callable[[Policies, Lock | None], ProviderState],
    ) -> ProviderState:
        capacity = policies.retry_budget.capacity if policies.retry_budget else None
        key = capacity, policies.breaker, policies.max_concurrency
        state = self._variants.pop(key, None)
        if state is None:
            shared_lock = next((other.lock for other in self._variants.values()), None)
            state = create(policies, shared_lock)
            for other_key, other in self._variants.items():
                _share(other, state, [a == b for a, b in zip(other_key, key, strict=True)])
            if len(self._variants) >= MAX_VARIANTS:
                del self._variants[next(iter(self._variants))]
        self._variants[key] = state
        return state


def _share(existing: ProviderState, new: ProviderState, same: list[bool]) -> None:
    """All share the lock and the cooldown; a part is shared by those under the same limits."""
    new.cooldown = existing.cooldown
    same_budget, same_breaker, same_bulkhead = same
    new.retry_tokens = existing.retry_tokens if same_budget else new.retry_tokens
    new.circuits = existing.circuits if same_breaker else new.circuits
    new.bulkhead = existing.bulkhead if same_bulkhead else new.bulkhead


class ProviderStates:
    """The `ProviderState` of each origin and credential, created at the first call."""

    def __init__(
        self,
        random: Callable[[], float] = chance.random,
        *,
        shared_breakers: SharedBreakers | None = None,
    ) -> None:
        self._random = random
        self._shared_breakers = shared_breakers
        self.deprecations = DeprecationLog()
        self._lock = Lock()
        self._origins: OrderedDict[tuple[str, str], _OriginStates] = OrderedDict()
        fork.register(self)

    def after_fork(self) -> None:
        """Forget all of it: permits and trial calls belong to calls of the parent."""
        self._lock = Lock()
        self._origins = OrderedDict()

    def state_for(self, origin: str, credential: str, policies: Policies) -> ProviderState:
        """`credential` is the fingerprint of the credentials, never a secret."""

        def create(policies: Policies, lock: Lock | None) -> ProviderState:
            return ProviderState(
                policies,
                origin=origin,
                random=self._random,
                shared_breakers=self._shared_breakers,
                lock=lock,
            )

        key = origin, credential
        with self._lock:
            states = self._origins.setdefault(key, _OriginStates())
            self._origins.move_to_end(key)
            if len(self._origins) > MAX_ORIGINS:
                self._origins.popitem(last=False)
            return states.state_for(policies, create)


PROCESS_STATES = ProviderStates()
"""Shared by the services of this process, so that one made per request learns from the others."""
