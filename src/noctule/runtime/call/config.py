"""What a service is told: where the provider is, how it talks, and how patient we are.

Each default comes with its reason here and in docs/runtime.md. Every one can be changed for a
service (`ServiceConfig.policies`), for one method (`ServiceConfig.methods`) and for one call
(`CallOptions`); the nearest one counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from noctule.runtime.policy.breaker import BreakerLimits
from noctule.runtime.policy.retry import RetryLimits
from noctule.runtime.policy.retry_budget import RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.auth import Auth
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.policy.retry_headers import RateLimitHeaders


class Off(Enum):
    """In options, where None means "as it was"."""

    OFF = "off"


OFF: Final = Off.OFF
"""No such limit, for this method or call: `CallOptions(deadline=OFF)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """How patient a service is. Durations in seconds; None switches a limit off."""

    timeout: float | None = 10.0
    """One attempt, from the first byte sent to the last byte read. A user waits that long at
    most; the 80 to 600 s of the large SDKs keep a worker hostage to a provider that hangs."""
    connect_timeout: float | None = 3.0
    """A host that is up answers a SYN within one retransmission (1 s)."""
    pool_timeout: float | None = 3.0
    """A longer wait for one of our own connections means that we are the bottleneck."""
    deadline: float | None = 30.0
    """The whole call: attempts, waits, redirects, token refresh."""
    retry: RetryLimits = field(default_factory=RetryLimits)
    """Three retries, waits of up to 1, 2 and 4 s, drawn at random."""
    retry_budget: RetryBudget | None = field(default_factory=RetryBudget)
    """Pays for retries: without it an outage sees 2.9 times the usual load, with it 1.04."""
    breaker: BreakerLimits | None = field(default_factory=BreakerLimits)
    """Half of ten calls failed. A minimum of 100 calls, as elsewhere, never trips in a service
    that makes a few calls a minute."""
    max_concurrency: int | None = 50
    """Calls to one provider at a time, so that one that hangs does not take all we have."""
    concurrency_timeout: float = 3.0
    """How long a call waits for its place before `TooManyConcurrentCalls`."""
    longest_hold: float = 300.0
    """However long a provider says to stay away, once in five minutes it is asked again: a header
    that is wrong by a factor of a thousand must not take us down for a day."""
    hedge_after: float | None = None
    """Send a read a second time when it has not answered by then. Off: it is load."""
    redirects: int = 5
    """Followed for reads; more than that is a circle."""
    max_response_bytes: int = 32 * 1024 * 1024
    """After decompression: a few kilobytes can unpack to gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """Changes for one call, or for one method. What is None stays as it was; `OFF` switches a
    limit off. The first block is what `Policies` explains.

    Calls that change `retry_budget`, `breaker` or `max_concurrency` have a bucket, a circuit or
    places of their own, shared by all that set the same.
    """

    timeout: float | Off | None = None
    connect_timeout: float | Off | None = None
    pool_timeout: float | Off | None = None
    deadline: float | Off | None = None
    """An outer `deadline` block can still shorten it."""
    retry: RetryLimits | None = None
    retry_budget: RetryBudget | Off | None = None
    breaker: BreakerLimits | Off | None = None
    max_concurrency: int | Off | None = None
    concurrency_timeout: float | None = None
    longest_hold: float | None = None
    hedge_after: float | Off | None = None
    redirects: int | None = None
    max_response_bytes: int | None = None

    attempts: int | None = None
    """Requests at most, the first one included; 1 means no retry. Short for `retry`."""
    idempotency_key: str | None = field(default=None, repr=False)
    """A key of your own, derived from a business id: the same write keeps it for ever."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    reconcile: Callable[[Any], Any] | None = None
    """Asked with the `OutcomeUnknown` before it is raised: see `runtime/fallback/reconcile.py`."""

    def policies(self, base: Policies) -> Policies:
        """`base`, changed where these options say so."""
        changes: dict[str, Any] = {
            item.name: None if value is OFF else value
            for item in fields(base)
            if (value := getattr(self, item.name)) is not None
        }
        if self.attempts is not None:
            retry = self.retry or base.retry
            changes["retry"] = replace(retry, attempts=self.attempts)
        return replace(base, **changes) if changes else base

    def over(self, base: CallOptions) -> CallOptions:
        """These options, and those of `base` where these are silent."""
        said = {
            item.name: value
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }
        if self.retry is not None:
            said.setdefault("attempts", None)
        return replace(base, **said)


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """One provider, as a service sees it."""

    name: str
    base_url: str
    auth: Auth
    idempotency_header: str = ""
    """The header under which the provider does a repeated write once. Empty: it does not, and
    an operation with `retry="with_key"` is then never sent twice."""
    should_retry_header: str = ""
    """Where the provider advises on retries; `X-Should-Retry` is read as well."""
    request_id_header: str = ""
    rate_limit: RateLimitHeaders | None = None
    failure: BodyFailure | None = None
    """How this provider reports failures inside a 200; None: only by status."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent with every request: an API version, never a secret."""
    policies: Policies = field(default_factory=Policies)
    methods: Mapping[str, CallOptions] = field(default_factory=dict[str, CallOptions])
    """Operation name -> its own options."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the environment variables this service reads."""
        return self.auth.secrets
