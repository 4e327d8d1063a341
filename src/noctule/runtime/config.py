"""What a service is told: where the provider is, how it talks, and how patient we are.

Each default comes with its reason here and in docs/runtime.md. Every one can be changed for a
service (`ServiceConfig.policies`), for one method (`ServiceConfig.methods`) and for one call
(`CallOptions`); the nearest one counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from noctule.runtime.policy.breaker import BreakerLimits
from noctule.runtime.policy.quota import QuotaLimits
from noctule.runtime.policy.retry import RetryLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.auth import Auth
    from noctule.runtime.policy.hints import RateLimitHeaders


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
    quota: QuotaLimits | None = field(default_factory=QuotaLimits)
    """Pays for retries: without it an outage sees 2.9 times the usual load, with it 1.02."""
    breaker: BreakerLimits | None = field(default_factory=BreakerLimits)
    """Half of ten calls failed. A minimum of 100 calls, as elsewhere, never trips in a service
    that makes a few calls a minute."""
    in_flight: int | None = 50
    """Calls to one provider at a time, so that one that hangs does not take all we have."""
    place_timeout: float = 3.0
    """How long a call waits for its place before `Saturated`."""
    hedge_after: float | None = None
    """Send a read a second time when it has not answered by then. Off: it is load."""
    max_response_bytes: int = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """Changes for one call, or for one method. What is None stays as it was."""

    timeout: float | None = None
    """Seconds for one attempt."""
    deadline: float | None = None
    """Seconds for the whole call; an outer `deadline` block can still shorten it."""
    attempts: int | None = None
    """Requests at most, the first one included; 1 means no retry."""
    idempotency_key: str | None = None
    """A key of your own, derived from a business id: the same write keeps it for ever."""
    hedge_after: float | None = None
    headers: Mapping[str, str] | None = None
    reconcile: Callable[[Any], Any] | None = None
    """Asked with the `OutcomeUnknown` before it is raised: see `noctule.runtime.reconcile`."""

    def policies(self, base: Policies) -> Policies:
        """`base`, changed where these options say so."""
        changes: dict[str, Any] = {
            name: value
            for name in ("timeout", "deadline", "hedge_after")
            if (value := getattr(self, name)) is not None
        }
        if self.attempts is not None:
            changes["retry"] = replace(base.retry, attempts=self.attempts)
        return replace(base, **changes) if changes else base

    def over(self, base: CallOptions) -> CallOptions:
        """These options, and those of `base` where these are silent."""
        said = {
            item.name: value
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }
        return replace(base, **said)


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """One provider, as a service sees it."""

    name: str
    base_url: str
    auth: Auth
    idempotency_header: str = ""
    """The header under which the provider does a repeated write once. Empty: it does not, and
    an operation with `replay="keyed"` is then never sent twice."""
    should_retry_header: str = ""
    """Where the provider advises on retries; `X-Should-Retry` is read as well."""
    request_id_header: str = ""
    rate_limit: RateLimitHeaders | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent with every request: an API version, never a secret."""
    policies: Policies = field(default_factory=Policies)
    methods: Mapping[str, CallOptions] = field(default_factory=dict[str, CallOptions])
    """Operation name -> its own options."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the environment variables this service reads."""
        return self.auth.secrets
