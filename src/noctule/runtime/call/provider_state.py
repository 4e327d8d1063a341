"""What all calls to one provider, under one credential, share: breaker, bulkhead, retry budget
and cooldown.

The state is kept per origin and credential: not per endpoint, since an outage takes a provider and
not a path, and not per provider alone, since one tenant's bad key must not stop the others. Calls
with limits of their own (another breaker, fewer permits) get that part for themselves, and share
the rest.
"""

from __future__ import annotations

import random as chance
from collections import OrderedDict
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Protocol

from noctule.runtime import fork
from noctule.runtime.call.telemetry import DeprecationLog
from noctule.runtime.effects import Wait
from noctule.runtime.policy.breaker import CLOSED, OPEN, SHORT_TRIAL, Breaker, State
from noctule.runtime.policy.bulkhead import Bulkhead
from noctule.runtime.policy.cooldown import Cooldown
from noctule.runtime.policy.outcome import DeliveryStatus
from noctule.runtime.policy.retry_budget import RetryTokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.call.config import Policies
    from noctule.runtime.policy.breaker import BreakerLimits
    from noctule.runtime.policy.bulkhead import Waiter
    from noctule.runtime.policy.outcome import AttemptOutcome
    from noctule.runtime.policy.waiting_line import WaitingCall

MAX_ORIGINS = 512
"""Origins and credentials that are remembered; the least recently used one goes first."""

MAX_VARIANTS = 64
"""Different limits under one of them."""

MAX_RESTING = 5000
"""Calls that wait for a cooldown without a permit."""


class SharedBreakers(Protocol):
    """Open circuits that several processes share, in Redis for instance.

    `key` is the same in all processes. Both methods are called in the path of a call and must not
    block: keep a local copy that something else updates.
    """

    def opened(self, key: str, until: float) -> None:
        """The breaker of this process opened, until then (seconds since the epoch)."""
        ...

    def open_until(self, key: str) -> float:
        """When the latest open breaker lets a call through again, in seconds since the epoch; 0
        when none is open."""
        ...


class ProviderState:
    """The shared policies and the one lock around them, which is never held while waiting.

    A call that succeeds takes no lock: what it changes, it changes in one step.
    """

    __slots__ = (
        "breaker",
        "bulkhead",
        "cooldown",
        "lock",
        "origin",
        "random",
        "retry_tokens",
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
        self.cooldown = Cooldown()
        self.retry_tokens = (
            RetryTokens(policies.retry_budget.capacity) if policies.retry_budget else None
        )
        self.breaker = Breaker(policies.breaker, random) if policies.breaker else None
        self.bulkhead = Bulkhead(policies.max_concurrency) if policies.max_concurrency else None

    def admit(self, now: float, call: WaitingCall) -> int | None:
        """A generation to hand to `record` or `release`; None when the breaker does not let the
        call through."""
        breaker = self.breaker
        if breaker is None:
            return 0
        with self.lock:
            generation = breaker.admit(now, first=self._is_first(breaker, call, now))
            if not breaker.line.calls:
                call.released = False
                return generation
            if generation is not None:
                breaker.line.leave(call)
            woken = breaker.line.call_leader(breaker.trial_due(now), now)
        _wake(woken)
        return generation

    def admit_short_trial(self, now: float, call: WaitingCall) -> float | None:
        """`Breaker.admit_short_trial`, for a call that was not admitted."""
        breaker = self.breaker
        if breaker is None or not call.may_repeat:
            return None
        with self.lock:
            if not self._is_first(breaker, call, now):
                return None
            seconds = breaker.admit_short_trial(now)
            if seconds is None:
                return None
            breaker.line.leave(call)
            woken = breaker.line.call_leader(breaker.trial_due(now), now)
        _wake(woken)
        return seconds

    @staticmethod
    def _is_first(breaker: Breaker, call: WaitingCall, now: float) -> bool:
        """Whether no call in line goes before it: they do not if it cannot wait."""
        leader = breaker.line.leader(now, now)
        return (
            call.released
            or leader is None
            or leader is call
            or call.max_wait is None
            or (breaker.is_recovering and breaker.waits_until(call) <= now)
        )

    def can_wait(self, call: WaitingCall, until: float) -> bool:
        """Whether that call may wait in line, until then at least."""
        breaker = self.breaker
        if breaker is None or (breaker.is_recovering and not breaker.line.calls):
            return False
        return breaker.waits_until(call) > until and not breaker.line.is_full

    def join_line(self, call: WaitingCall, now: float, not_before: float) -> bool:
        """`Breaker.join_line`; the call may lead from `not_before` on."""
        breaker = self.breaker
        if breaker is None:
            return False
        with self.lock:
            call.not_before = not_before
            return breaker.join_line(call, now)

    def wait_in_line(self, call: WaitingCall, now: float) -> Wait | None:
        """The effect that waits for the call's turn, for 0 s when its wait is over. None: it is
        its turn."""
        breaker = self.breaker
        if breaker is None or breaker.state is CLOSED or call.released:
            return None
        with self.lock:
            until, line = breaker.waits_until(call), breaker.line
            if until <= now and breaker.is_recovering:
                line.leave(call)
                call.released = True
                return None
            if not (call.in_line or breaker.join_line(call, now)):
                until = now
            # Not in the past, or it would be taken to be lost before it can give up.
            call.wakes_at, call.woken = max(until, now), False
            due = breaker.trial_due(now)
            woken: list[WaitingCall] = []
            if line.leader(due, now) is call:
                due = max(breaker.trial_due(now, short=call.may_repeat), call.not_before)
                if due <= now:
                    return None
                call.wakes_at = min(call.wakes_at, due)
            else:
                # It may have led until now, or the one that did was lost.
                woken = line.call_leader(due, now)
            wait = Wait(call.wakes_at - now, partial(self._subscribe_in_line, call))
        _wake(woken)
        return wait

    def _subscribe_in_line(self, call: WaitingCall, wake: Callable[[], None]) -> bool:
        with self.lock:
            call.wake = wake
            return call.woken

    def leave_line(self, call: WaitingCall, now: float) -> None:
        """The call is over, wherever it is; call it before `grant_next`."""
        breaker = self.breaker
        if breaker is not None and (call.in_line or call.released):
            with self.lock:
                unused = int(call.released)
                breaker.line.leave(call)
                woken = self._next_in_line(breaker, now, unused)
            _wake(woken)

    def _next_in_line(self, breaker: Breaker, now: float, count: int) -> list[WaitingCall]:
        """Let so many calls go if the provider is back. Returns the calls to be woken."""
        line = breaker.line
        woken = line.release(count) if breaker.is_recovering else []
        return woken + line.call_leader(breaker.trial_due(now), now)

    def open_with_peer(self, now: float, epoch_now: float) -> bool:
        """Open the breaker if that of another process is open; returns whether it opened.
        `epoch_now` is `now` in seconds since the epoch, which processes have in common."""
        if self.shared_breakers is None or self.breaker is None:
            return False
        until = self.shared_breakers.open_until(self.origin)
        if until <= epoch_now:
            return False
        with self.lock:
            return self.breaker.open_with_peer(now, until - epoch_now, until)

    def publish_open(self, now: float, epoch_now: float) -> None:
        """Share with the other processes that the breaker opened."""
        if self.shared_breakers is not None and self.breaker is not None:
            until = epoch_now + self.seconds_until_trial(now)
            self.breaker.peer_open_until = until
            self.shared_breakers.opened(self.origin, until)

    def record(
        self,
        generation: int,
        outcome: AttemptOutcome,
        now: float,
        seconds: float,
        operation: str = "",
    ) -> State | None:
        """An attempt of `operation` ended after `seconds`. Returns the breaker's new state, if it
        changed."""
        breaker = self.breaker
        healthy = outcome.healthy
        with self.lock:
            if outcome.cooldown:
                only = None if outcome.cooldown_shared else operation
                self.cooldown.extend(now, outcome.cooldown, only)
            if breaker is None:
                return None
            before = breaker.state
            if generation == SHORT_TRIAL and outcome.error is None:
                generation = breaker.short_trial_generation()
            if healthy is None:
                breaker.release(generation)
            else:
                breaker.record(
                    generation,
                    now,
                    success=healthy,
                    seconds=seconds,
                    connect_failure=outcome.delivery is DeliveryStatus.NOT_SENT,
                )
            state, line = breaker.state, breaker.line
            woken: list[WaitingCall] = []
            if line.calls:
                if state is OPEN:
                    woken = line.wake_beyond(breaker.waits_until, now)
                woken += self._next_in_line(breaker, now, 2 if healthy else 1)
        _wake(woken)
        return state if state is not before else None

    def release(self, generation: int, now: float) -> None:
        """An attempt was cancelled."""
        breaker = self.breaker
        if breaker is not None:
            with self.lock:
                breaker.release(generation)
                woken = self._next_in_line(breaker, now, 1) if breaker.line.calls else []
            _wake(woken)

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

    @property
    def is_closed(self) -> bool:
        """Whether the breaker is closed, or there is none."""
        return self.breaker is None or self.breaker.state is CLOSED

    @property
    def lets_calls_pass(self) -> bool:
        """Whether it is closed, or half-open after a trial call that succeeded."""
        return self.is_closed or (self.breaker is not None and self.breaker.is_recovering)

    def seconds_until_trial(self, now: float) -> float:
        """Seconds until the breaker admits a trial call at the latest; 0 when it lets calls
        pass."""
        if self.breaker is None or self.lets_calls_pass:
            return 0.0
        return max(0.0, self.breaker.open_until - now)


def _wake(calls: list[WaitingCall]) -> None:
    for call in calls:
        if call.wake is not None:
            call.wake()


VariantKey = tuple[int | None, "BreakerLimits | None", int | None]
"""The limits that have parts of their own: capacity of the budget, breaker, concurrency."""


class _OriginStates:
    """The states of one origin and credential, one for each combination of limits."""

    def __init__(self) -> None:
        self._variants: dict[VariantKey, ProviderState] = {}

    def state_for(
        self, policies: Policies, create: Callable[[Policies], ProviderState]
    ) -> ProviderState:
        capacity = policies.retry_budget.capacity if policies.retry_budget else None
        key = capacity, policies.breaker, policies.max_concurrency
        state = self._variants.pop(key, None)
        if state is None:
            state = create(policies)
            for other_key, other in self._variants.items():
                _share(other, state, [a == b for a, b in zip(other_key, key, strict=True)])
            if len(self._variants) >= MAX_VARIANTS:
                del self._variants[next(iter(self._variants))]
        self._variants[key] = state
        return state


def _share(existing: ProviderState, new: ProviderState, same: list[bool]) -> None:
    """All share the lock and the cooldown; a part is shared by those under the same limits."""
    new.lock, new.cooldown = existing.lock, existing.cooldown
    same_budget, same_breaker, same_bulkhead = same
    new.retry_tokens = existing.retry_tokens if same_budget else new.retry_tokens
    new.breaker = existing.breaker if same_breaker else new.breaker
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

        def create(policies: Policies) -> ProviderState:
            return ProviderState(
                policies, origin=origin, random=self._random, shared_breakers=self._shared_breakers
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
