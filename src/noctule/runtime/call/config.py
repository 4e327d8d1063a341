"""The configuration of a service: where the provider is, how it works, and all limits.

The reason for each default is given here and in docs/runtime.md. Every limit can be changed for a
service (`ServiceConfig.policies`), for one method (`ServiceConfig.methods`) and for one call
(`CallOptions`); the most specific value applies.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from noctule.runtime.policy.breaker import BreakerLimits
from noctule.runtime.policy.classify import RETRY_STATUSES
from noctule.runtime.policy.retry import RetryLimits
from noctule.runtime.policy.retry_budget import RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.auth import Auth
    from noctule.runtime.call.server_variables import ServerVariable
    from noctule.runtime.policy.body_failure import BodyFailure
    from noctule.runtime.responses.rate_limits import RateLimitHeaders
    from noctule.runtime.transport.tls import Tls


class Off(Enum):
    """Switches a limit off in options, where None means "unchanged"."""

    OFF = "off"


OFF: Final = Off.OFF
"""No limit for this method or call: `CallOptions(deadline=OFF)`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The limits of a service. Durations in seconds; None switches a limit off."""

    timeout: float | None = 10.0
    """One attempt, from the first byte sent to the last byte read. No user waits longer; with the
    80 to 600 s of the large SDKs, a provider that hangs blocks a worker for that long."""
    connect_timeout: float | None = 3.0
    """A host that is up answers a SYN within one retransmission (1 s)."""
    pool_timeout: float | None = 3.0
    """A longer wait for one of our own connections means that we are the bottleneck."""
    deadline: float | None = 30.0
    """The whole call, with its attempts, waits, redirects and token renewals."""
    retry: RetryLimits = field(default_factory=RetryLimits)
    """Three retries, after 1, 2 and 4 s and up to a quarter more: they outlast a blip of 7 s."""
    retry_budget: RetryBudget | None = field(default_factory=RetryBudget)
    """Limits retries: without it, an outage gets 2.9 times the usual load; with it, 1.04 times."""
    breaker: BreakerLimits | None = field(default_factory=BreakerLimits)
    """Opens when half of ten calls failed. With a minimum of 100 calls, as elsewhere, it would
    never open in a service that makes a few calls a minute."""
    max_outage_wait: float | None = 7.0
    """A call that finds the circuit open waits in line for the provider to come back while the
    outage is younger than this, about as long as its retries would have waited. It holds no permit
    meanwhile. None: it fails with `CircuitOpen` at once."""
    max_concurrency: int | None = 50
    """Calls on the wire to one provider, so that one that hangs does not take all connections.
    A call that waits, for a retry or in line, has no permit."""
    concurrency_timeout: float = 3.0
    """How long a call waits for a permit before it fails with `TooManyConcurrentCalls`."""
    max_cooldown: float = 300.0
    """The longest pause that a provider can ask for: a header that is wrong by a factor of a
    thousand must not stop us for a day."""
    hedge_after: float | None = None
    """Send a read a second time when there is no response by then. Off, since it adds load."""
    max_redirects: int = 5
    """Redirects of reads that are followed."""
    max_response_bytes: int = 32 * 1024 * 1024
    """After decompression: a few kilobytes can unpack to gigabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """Changes for one call, or for one method. None leaves a value unchanged; `OFF` switches a
    limit off. The first fields are explained in `Policies`.

    Calls that change `retry_budget`, `breaker` or `max_concurrency` have a budget, a breaker or
    permits of their own, shared by all calls with the same value.
    """

    timeout: float | Off | None = None
    connect_timeout: float | Off | None = None
    pool_timeout: float | Off | None = None
    deadline: float | Off | None = None
    """A surrounding `deadline` block can still shorten it."""
    retry: RetryLimits | None = None
    retry_budget: RetryBudget | Off | None = None
    breaker: BreakerLimits | Off | None = None
    max_outage_wait: float | Off | None = None
    """`OFF`: fail fast. A call that makes one attempt only (`attempts=1`) does not wait for an
    outage to end either, but at most a second for the result of a running trial call."""
    max_concurrency: int | Off | None = None
    concurrency_timeout: float | None = None
    max_cooldown: float | None = None
    hedge_after: float | Off | None = None
    max_redirects: int | None = None
    max_response_bytes: int | None = None

    strict: bool | None = None
    """Whether a response that does not fit its type raises `InvalidResponse`: see
    `ServiceConfig.strict`."""
    keep_extra: bool | None = None
    """Whether results keep what their models do not name: see `ServiceConfig.keep_extra`."""
    attempts: int | None = None
    """Short for `retry=RetryLimits(attempts=…)`; 1 means no retry."""
    idempotency_key: str | None = field(default=None, repr=False)
    """A key of your own, derived from a business id: always the same for the same write."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    extra_query: Mapping[str, object] | None = field(default=None, repr=False)
    """Parameters that the method does not have. One that it sends as well is refused."""
    extra_body: Mapping[str, object] | None = field(default=None, repr=False)
    """The same for members of an object or a form as the body."""
    reconcile: Callable[[Any], Any] | None = None
    """Called with the `OutcomeUnknown` before it is raised: see `runtime/fallback/reconcile.py`."""

    def policies(self, base: Policies) -> Policies:
        """`base`, with the changes of these options."""
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
        """These options; where a value is None, that of `base`."""
        changes: dict[str, Any] = {
            item.name: value
            for item in fields(self)
            if (value := getattr(self, item.name)) is not None
        }
        if self.retry is not None:
            changes.setdefault("attempts", None)
        return replace(base, **changes)


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """One provider, as a service sees it."""

    name: str
    base_url: str
    """A path alone ("/api/v2") where the host is known to the caller only: it is put behind a base
    URL without a path."""
    auth: Auth
    idempotency_header: str = ""
    """The header by which the provider recognises a repeated write. Empty: it does not, and an
    operation with `retry="with_key"` is then never sent twice."""
    retry_statuses: tuple[int, ...] = RETRY_STATUSES
    """After these the same request may succeed. One below 500 says that nothing was done, so that
    it is repeated without a key, too: a provider that answers 409 while another request holds the
    object lists it here. A 409 that names our idempotency key is repeated in any case."""
    should_retry_header: str = ""
    """The header with the provider's advice on retries; `X-Should-Retry` is read as well."""
    request_id_header: str = ""
    rate_limit: RateLimitHeaders | None = None
    failure: BodyFailure | None = None
    """How this provider reports failures inside a 200; None: only by status."""
    strict: bool = False
    """Whether a response that does not fit its type raises `InvalidResponse`, naming the member,
    the expected type and what came. Otherwise a `contract_violation` is reported, and reading that
    member raises `InvalidMember`."""
    keep_extra: bool = False
    """Whether the models of a result, at any depth, keep in `extra` the members that they do not
    name. Decoding then takes about ten times as long (5 µs for a small object). An `OpenModel`
    always keeps them."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent with every request: an API version, never a secret."""
    base_url_variable: str = ""
    """The environment variable that replaces `base_url` when it is set. An argument of the service
    comes before it."""
    servers: Mapping[str, str] = field(default_factory=dict[str, str])
    """The provider's other servers, name -> base URL (a path alone is below the base URL's origin,
    "" must be given to the service): for operations that name one. They get credentials as well."""
    variables: Mapping[str, ServerVariable] = field(default_factory=dict[str, "ServerVariable"])
    """The parts of addresses that the caller chooses, by the names that `base_url` and `servers`
    have in braces: "https://{region}.api.example.com"."""
    schemes: Mapping[str, Auth] = field(default_factory=dict[str, "Auth"])
    """Other ways to authenticate, by name: for operations that name one."""
    policies: Policies = field(default_factory=Policies)
    methods: Mapping[str, CallOptions] = field(default_factory=dict[str, CallOptions])
    """Operation name -> its own options."""
    tls: Tls | None = None
    """Whom to trust, and our own certificate, where the system's settings are not enough."""
    allow_plain_http: bool = False
    """Send credentials over http:// to other machines: for a network that you trust only."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the environment variables this service reads."""
        password = self.tls.key_password if self.tls is not None else None
        return self.auth.secrets + (() if password is None else (password.name,))
