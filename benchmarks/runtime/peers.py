"""The stacks of other libraries, each with as many of our policies as it offers."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Call = Callable[[], Awaitable[object]]
    Decorator = Callable[[Call], Call]

TENACITY = "tenacity: retry"
STAMINA = "stamina: retry"
NOPANIC = "nopanic: retry, budget, breaker, bulkhead"
PYRESILIENCE = "pyresilience: retry, budget, breaker, bulkhead"
AND_TIMEOUT = ", timeout"
OUTAGE = (TENACITY, STAMINA, NOPANIC + AND_TIMEOUT, PYRESILIENCE + AND_TIMEOUT)
"""Those that are put through an outage: retries alone, and the full stacks with a breaker."""


def stacks() -> dict[str, Decorator]:
    """Name -> what decorates a call with that stack, of the libraries that are installed."""
    decorators: dict[str, Decorator] = {}
    for stack in (_tenacity, _stamina, _nopanic, _pyresilience):
        with suppress(ImportError):
            decorators |= stack()
    return decorators


def _tenacity() -> dict[str, Decorator]:
    import tenacity

    return {
        TENACITY: lambda call: tenacity.retry(
            stop=tenacity.stop_after_attempt(4),
            wait=tenacity.wait_random_exponential(multiplier=1, max=8),
        )(call)
    }


def _stamina() -> dict[str, Decorator]:
    import stamina

    return {STAMINA: lambda call: stamina.retry(on=Exception, attempts=4)(call)}


def _nopanic() -> dict[str, Decorator]:
    import nopanic

    def stack(call: Call) -> Call:
        guarded = nopanic.bulkhead(50)(nopanic.circuit_breaker()(call))
        return nopanic.retry(attempts=4, budget=nopanic.RetryBudget())(guarded)

    return {
        NOPANIC: stack,
        NOPANIC + AND_TIMEOUT: lambda call: stack(nopanic.timeout(10.0)(call)),
    }


def _pyresilience() -> dict[str, Decorator]:
    import pyresilience as pr

    def stack(timeout: pr.TimeoutConfig | None) -> Decorator:
        return lambda call: pr.resilient(
            retry=pr.RetryConfig(max_attempts=4),
            retry_budget=pr.RetryBudgetConfig(),
            circuit_breaker=pr.CircuitBreakerConfig(),
            bulkhead=pr.BulkheadConfig(max_concurrent=50),
            timeout=timeout,
        )(call)

    return {
        PYRESILIENCE: stack(None),
        PYRESILIENCE + AND_TIMEOUT: stack(pr.TimeoutConfig(seconds=10)),
    }
