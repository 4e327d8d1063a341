"""From the arguments of a call to a request under its own policies."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from noctule.runtime import errors
from noctule.runtime.body import ACCEPTED
from noctule.runtime.config import CallOptions
from noctule.runtime.encoding import encode
from noctule.runtime.encoding import headers as encode_headers
from noctule.runtime.guard import Guard
from noctule.runtime.idempotency import fingerprint, new_key
from noctule.runtime.operation import Operation
from noctule.runtime.transport import Limits, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.clock import Clock
    from noctule.runtime.config import Policies, ServiceConfig
    from noctule.runtime.health import Health, Healths
    from noctule.runtime.letters import Letter
    from noctule.runtime.operation import Replay
    from noctule.runtime.telemetry import Telemetry

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
    """What the options of a call come to."""

    given: CallOptions | None
    """Kept, so that no other options can have its id."""
    options: CallOptions
    policies: Policies
    limits: Limits
    health: Health

    def once(self) -> Settings:
        """The same without a retry."""
        retry = replace(self.policies.retry, attempts=1)
        return replace(self, policies=replace(self.policies, retry=retry))


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
        healths: Healths,
        credential: str,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._config = config
        self._clock = clock
        self._telemetry = telemetry
        self._healths = healths
        self._whose = _origin(self.base_url), credential
        self._headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": ACCEPTED,
            **encode_headers(config.headers),
        }
        self._json = self._headers.pop("Accept", JSON)
        self._settings: dict[tuple[str, int], Settings] = {}

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
        replay, key = self._replay(operation, options)
        if key is not None:
            sent[self._config.idempotency_header] = key
        if not encoded.replayable:
            settings = settings.once()
        target = encoded.path_and_query
        request = Request(
            operation.method, self.base_url + target, sent, encoded.content, settings.limits
        )
        guard = self._guard(operation, settings, replay)
        return Call(self._config.name, operation, target, request, guard, options, key)

    def again(self, letter: Letter) -> Call:
        """The call that is written down in `letter`; its result is not decoded."""
        operation = Operation(letter.operation, letter.method, "", returns=None)
        settings = self._of(operation, None)
        request = Request(
            letter.method,
            self.base_url + letter.target,
            dict(letter.headers),
            letter.content,
            settings.limits,
        )
        guard = self._guard(operation, settings, letter.replay)
        return Call(
            letter.service, operation, letter.target, request, guard, settings.options, letter.key
        )

    def _guard(self, operation: Operation[Any], settings: Settings, replay: Replay) -> Guard:
        return Guard(
            settings.policies,
            settings.health,
            self._clock,
            replay=replay,
            method=operation.method,
            operation=operation.name,
            telemetry=self._telemetry,
        )

    def _of(self, operation: Operation[Any], options: CallOptions | None) -> Settings:
        """The settings of this call: its own options, its method's, its service's.

        Remembered by the very object, since options are usually made once and given often.
        """
        key = operation.name, id(options)
        known = self._settings.get(key)
        if known is None or known.given is not options:
            known = self._settled(operation.name, options)
            if len(self._settings) >= REMEMBERED:
                self._settings.clear()
            self._settings[key] = known
        return known

    def _settled(self, name: str, given: CallOptions | None) -> Settings:
        options = self._config.methods.get(name, NO_OPTIONS)
        if given is not None:
            options = given.over(options)
        policies = options.policies(self._config.policies)
        health = self._healths.of(*self._whose, policies)
        return Settings(given, options, policies, limits_of(policies), health)

    def _replay(self, operation: Operation[Any], options: CallOptions) -> tuple[Replay, str | None]:
        """How the request may be repeated, and under which key.

        A key that the provider does not honour protects nothing, so without a header for it
        a keyed operation is not sent twice.
        """
        if operation.replay != "keyed" and options.idempotency_key is None:
            return operation.replay, None
        if not self._config.idempotency_header:
            return ("never" if operation.replay == "keyed" else operation.replay), None
        return "keyed", options.idempotency_key or new_key()


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
