"""From the arguments of a call to a request under its own policies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from noctule.runtime import errors
from noctule.runtime.call.config import CallOptions
from noctule.runtime.call.policy_engine import Guard, Rules
from noctule.runtime.encoding import encode
from noctule.runtime.encoding import headers as encode_headers
from noctule.runtime.idempotency import fingerprint, new_key
from noctule.runtime.operation import Operation
from noctule.runtime.request import Limits, Request
from noctule.runtime.transport.response_body import ACCEPTED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.call.config import Policies, ServiceConfig
    from noctule.runtime.call.provider_state import ProviderStates
    from noctule.runtime.call.telemetry import Telemetry
    from noctule.runtime.clock import Clock
    from noctule.runtime.fallback.outbox_store import OutboxMessage
    from noctule.runtime.operation import RetryMode

USER_AGENT = "noctule"
JSON = "application/json"
"""Asked for where an answer is JSON, unless the service has a name of its own for it."""
NO_OPTIONS = CallOptions()
REMEMBERED = 1000
"""Settings per service."""


class Arguments(TypedDict, total=False):
    """What a call takes besides its operation. None in a mapping is not sent; NULL is null."""

    path: Mapping[str, object] | None
    query: Mapping[str, object] | None
    headers: Mapping[str, object] | None
    body: object
    options: CallOptions | None


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operation and the options of a call come to."""

    operation: Operation[Any]
    given: CallOptions | None
    """Kept like the operation, so that nothing else can have its id."""
    options: CallOptions
    limits: Limits
    rules: Rules

    def once(self) -> Rules:
        """The rules without a retry."""
        policies = self.rules.policies
        retry = replace(policies.retry, attempts=1)
        return replace(self.rules, policies=replace(policies, retry=retry))


@dataclass(slots=True)
class Call:
    """One logical call, ready to be driven."""

    service: str
    operation: Operation[Any]
    target: str = field(repr=False)
    """Path and query."""
    request: Request
    guard: Guard
    options: CallOptions
    key: str | None = field(repr=False)
    """The idempotency key that all its attempts carry."""

    @property
    def keyed(self) -> bool:
        return self.key is not None

    @property
    def fingerprint(self) -> str:
        """The same for the same call: its method, URL and body."""
        content = self.request.content
        return fingerprint(
            self.request.method.encode(),
            self.request.url.encode(),
            content if isinstance(content, bytes) else b"",
        )


class Preparation:
    """Everything about a service that is the same for all its calls, worked out once."""

    def __init__(
        self,
        config: ServiceConfig,
        base_url: str,
        clock: Clock,
        telemetry: Telemetry,
        provider_states: ProviderStates,
        credential: str,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._config = config
        self._clock = clock
        self._telemetry = telemetry
        self._healths = provider_states
        self._whose = _origin(self.base_url), credential
        self._headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": ACCEPTED,
            **encode_headers(config.headers),
        }
        self._json = self._headers.pop("Accept", JSON)
        self._settings: dict[tuple[int, int], Settings] = {}

    def call(
        self,
        operation: Operation[Any],
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        options: CallOptions | None = None,
    ) -> Call:
        """Raises `InvalidArgument` for what cannot be put into the request."""
        settings = self._of(operation, options)
        options = settings.options
        encoded = encode(operation, path, query, headers, body)
        accepted = self._json if operation.accepts == JSON else operation.accepts
        sent = {**self._headers, "Accept": accepted, **encoded.headers}
        if options.headers:
            sent.update(encode_headers(options.headers))
        rules = settings.rules if encoded.replayable else settings.once()
        key = None
        if rules.retry_mode == "with_key":
            key = options.idempotency_key or new_key()
            sent[self._config.idempotency_header] = key
        target = encoded.path_and_query
        request = Request(
            operation.method, self.base_url + target, sent, encoded.content, settings.limits
        )
        return Call(self._config.name, operation, target, request, Guard(rules), options, key)

    def again(self, message: OutboxMessage) -> Call:
        """The call that is written down in `message`; its result is not decoded."""
        operation = Operation(message.operation, message.method, "", returns=None)
        settings = self._settled(operation, None)
        request = Request(
            message.method,
            self.base_url + message.target,
            dict(message.headers),
            message.content,
            settings.limits,
        )
        guard = Guard(replace(settings.rules, retry_mode=message.retry))
        return Call(
            message.service,
            operation,
            message.target,
            request,
            guard,
            settings.options,
            message.key,
        )

    def _of(self, operation: Operation[Any], options: CallOptions | None) -> Settings:
        """The settings of this call: its own options, its method's, its service's.

        Remembered by the very object, since options are usually made once and given often.
        """
        key = id(operation), id(options)
        known = self._settings.get(key)
        if known is None:
            known = self._settled(operation, options)
            if len(self._settings) >= REMEMBERED:
                self._settings.clear()
            self._settings[key] = known
        return known

    def _settled(self, operation: Operation[Any], given: CallOptions | None) -> Settings:
        options = self._config.methods.get(operation.name, NO_OPTIONS)
        if given is not None:
            options = given.over(options)
        policies = options.policies(self._config.policies)
        rules = Rules(
            policies,
            self._healths.of(*self._whose, policies),
            self._clock,
            retry_mode=self._retry_mode(operation, options),
            method=operation.method,
            operation=operation.name,
            telemetry=self._telemetry,
        )
        return Settings(operation, given, options, limits_of(policies), rules)

    def _retry_mode(self, operation: Operation[Any], options: CallOptions) -> RetryMode:
        """How the request may be repeated.

        A key that the provider does not honour protects nothing, so without a header for it
        a keyed operation is not sent twice.
        """
        if operation.retry != "with_key" and options.idempotency_key is None:
            return operation.retry
        if not self._config.idempotency_header:
            return "never" if operation.retry == "with_key" else operation.retry
        return "with_key"


def _origin(base_url: str) -> str:
    """Raises `ConfigurationError` for what is no base URL; shows nothing of it: it may hold a
    password."""
    try:
        parts = urlsplit(base_url)
        known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise errors.ConfigurationError("the base URL is malformed") from None
    if not known or parts.username is not None or parts.query or parts.fragment:
        raise errors.ConfigurationError(
            "the base URL must be http(s)://host[:port][/path], without user, query or fragment"
        )
    return f"{parts.scheme}://{parts.netloc}"


def limits_of(policies: Policies) -> Limits:
    return Limits(
        policies.timeout,
        policies.connect_timeout,
        policies.pool_timeout,
        policies.max_response_bytes,
        policies.redirects,
    )
