"""Counts the calls of a process, service by service and operation by operation.

Counts only grow, so that they serve the journal (which writes what was added) and metrics alike. A
call adds to them without a lock: each step is one operation of the interpreter.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from noctule.runtime import errors
from noctule.runtime.journal.entries import (
    BOUNDS,
    CallCounts,
    CallFailure,
    CircuitChange,
    DeprecatedOperation,
    LimitUse,
    OpenCircuit,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.responses.deprecation import DeprecationNotice
    from noctule.runtime.responses.rate_limits import RateWindow

K = TypeVar("K")

MAX_OPERATIONS = 1000
"""Of one service; further ones are counted together, as `OTHER`."""
OTHER = "(other)"
MAX_CHANGES = 1000
MAX_REASON = 200
MAX_NAME = 64
_NETWORK = (errors.ConnectionFailed, errors.TimedOut)


class OperationCounters:
    """What one operation did since the process began."""

    __slots__ = ("_taken", "buckets", "failure", "limit", "ok", "outcomes", "retries", "seconds")

    def __init__(self) -> None:
        self.ok = 0
        self.outcomes: dict[str, int] = {}
        """Failures, by the name of the error's class."""
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0
        self.retries = 0
        self.failure: tuple[float, str, str, int | None, str] | None = None
        """Time, error, origin, status and reason of the last one."""
        self.limit: LimitUse | None = None
        """The lowest one since `take`."""
        self._taken = CallCounts("", "")

    def total(self, service: str, operation: str) -> CallCounts:
        """All counts until now."""
        return CallCounts(
            service,
            operation,
            {"ok": self.ok} | dict(self.outcomes),
            dict(enumerate(self.buckets)),
            self.seconds,
            self.retries,
            None if self.failure is None else _call_failure(*self.failure),
            self.limit,
        )

    def take(self, service: str, operation: str) -> CallCounts | None:
        """What was added since the last time; None when there was no call."""
        total, before = self.total(service, operation), self._taken
        self._taken, self.limit = total, None
        outcomes = _added(total.outcomes, before.outcomes)
        if not outcomes:
            return None
        return CallCounts(
            service,
            operation,
            outcomes,
            _added(total.latency, before.latency),
            round(total.seconds - before.seconds, 3),
            total.retries - before.retries,
            total.failure if total.failure != before.failure else None,
            total.limit,
        )


class ServiceRecorder:
    """Counts the calls of one service. `on_call` is called while `awake` is false."""

    def __init__(self, service: str, on_call: Callable[[], None]) -> None:
        self.service = service
        self.operations: dict[str, OperationCounters] = {}
        self.circuits: dict[tuple[str, str], OpenCircuit] = {}
        """Host and operation, "" for all -> the open circuit."""
        self.changes: deque[CircuitChange] = deque(maxlen=MAX_CHANGES)
        self.deprecated: dict[DeprecatedOperation, None] = {}
        self.awake = False
        self._on_call = on_call

    def success(
        self, operation: str, seconds: float, attempts: int, window: RateWindow | None
    ) -> None:
        counters = self.operations.get(operation)
        if counters is None:
            counters = self._new(operation)
        counters.ok += 1
        counters.buckets[bisect_left(BOUNDS, seconds)] += 1
        counters.seconds += seconds
        if attempts > 1:
            counters.retries += attempts - 1
        if window is not None and window.limit:
            _keep_lowest(counters, window, window.limit)
        if not self.awake:
            self._on_call()

    def failure(
        self,
        operation: str,
        error: errors.ServiceError,
        *,
        origin: str,
        seconds: float,
        attempts: int,
    ) -> None:
        counters = self.operations.get(operation)
        if counters is None:
            counters = self._new(operation)
        name = type(error).__name__
        counters.outcomes[name] = counters.outcomes.get(name, 0) + 1
        counters.buckets[bisect_left(BOUNDS, seconds)] += 1
        counters.seconds += seconds
        counters.retries += max(0, attempts - 1)
        reason = failure_reason(error)
        if not reason and name == "CircuitOpen":
            host = host_of(origin)
            circuit = self.circuits.get((host, operation)) or self.circuits.get((host, ""))
            reason = circuit.reason if circuit else ""
        counters.failure = time.time(), name, origin, error.status, reason
        if not self.awake:
            self._on_call()

    def circuit(
        self, origin: str, state: str, error: errors.ServiceError | None, operation: str = ""
    ) -> None:
        """The circuit of `origin`, or of one operation there, opened or closed; `error` is what
        opened it."""
        now, host = round(time.time(), 3), host_of(origin)
        reason = "" if error is None else failure_reason(error) or _described(error)
        if state == "open":
            circuit = OpenCircuit(self.service, host, now, reason, operation)
            self.circuits[host, operation] = circuit
        else:
            self.circuits.pop((host, operation), None)
        self.changes.append(CircuitChange(now, self.service, host, state, reason, operation))

    def deprecation(self, operation: str, notice: DeprecationNotice) -> None:
        if len(self.deprecated) < MAX_OPERATIONS:
            entry = DeprecatedOperation(
                self.service, operation, notice.header, notice.date, notice.sunset, notice.link
            )
            self.deprecated[entry] = None

    def _new(self, operation: str) -> OperationCounters:
        if len(self.operations) >= MAX_OPERATIONS:
            operation = OTHER
        return self.operations.setdefault(operation, OperationCounters())


def failure_reason(error: errors.ServiceError) -> str:
    """What happened on the network, in our own words; "" for a failure of another kind."""
    cause = error.__cause__ if isinstance(error.__cause__, errors.ServiceError) else error
    if cause.args and isinstance(cause, _NETWORK):
        return str(cause.args[0])[:MAX_REASON]
    return ""


def _call_failure(
    at: float, error: str, origin: str, status: int | None, reason: str
) -> CallFailure:
    return CallFailure(round(at, 3), error, host_of(origin), status, reason)


def _described(error: errors.ServiceError) -> str:
    name = type(error).__name__
    return name if error.status is None else f"{name} (status {error.status})"


def _keep_lowest(counters: OperationCounters, window: RateWindow, limit: float) -> None:
    lowest = counters.limit
    if lowest is None or window.remaining / limit < lowest.remaining / lowest.limit:
        counters.limit = LimitUse(
            round(time.time(), 3), window.name[:MAX_NAME], window.remaining, limit
        )


@lru_cache
def host_of(origin: str) -> str:
    """The host, and its port if it is not the usual one; with the scheme if that is not https."""
    scheme, netloc, *_ = urlsplit(origin)
    return netloc if scheme == "https" and netloc else origin


def _added(now: dict[K, int], before: dict[K, int]) -> dict[K, int]:
    added = {key: count - before.get(key, 0) for key, count in now.items()}
    return {key: count for key, count in added.items() if count > 0}
