"""The request builder: from the arguments of a call to a request, and the policies for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from noctule.runtime import errors, fork
from noctule.runtime.call.config import CallOptions
from noctule.runtime.call.policy_engine import EngineConfig, PolicyEngine
from noctule.runtime.encoding import encode
from noctule.runtime.encoding import headers as encode_headers
from noctule.runtime.idempotency import fingerprint, new_key
from noctule.runtime.operation import Operation
from noctule.runtime.request import Limits, Request
from noctule.runtime.transport.content_codings import accepted_encodings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.call.config import Policies, ServiceConfig
    from noctule.runtime.call.places import Servers
    from noctule.runtime.call.provider_state import ProviderStates
    from noctule.runtime.call.telemetry import Telemetry
    from noctule.runtime.clock import Clock
    from noctule.runtime.fallback.outbox_store import OutboxMessage
    from noctule.runtime.operation import RetryMode
    from noctule.runtime.request import Response

USER_AGENT = "noctule"
JSON_TYPE = "application/json"
NO_OPTIONS = CallOptions()
MAX_SETTINGS = 1000
"""Operations and options whose settings a service remembers."""


class CallArguments(TypedDict, total=False):
    """The arguments of a call, besides its operation. In a mapping, None is not sent; NULL is
    sent as null."""

    path: Mapping[str, object] | None
    query: Mapping[str, object] | None
    headers: Mapping[str, object] | None
    body: object
    options: CallOptions | None


class CallSettings(msgspec.Struct, frozen=True):
    """What all calls with one operation and the same options share."""

    operation: Operation[Any]
    call_options: CallOptions | None
    """Referenced like the operation, so that no other object gets its id."""
    options: CallOptions
    limits: Limits
    engine_config: EngineConfig
    base_url: str

    def without_retry(self) -> EngineConfig:
        policies = self.engine_config.policies
        retry = replace(policies.retry, attempts=1)
        return replace(self.engine_config, policies=replace(policies, retry=retry))


class PreparedCall(msgspec.Struct):
    """One logical call, ready to be made: its request, and the policy engine that decides."""

    service: str
    operation: Operation[Any]
    target: str
    """Path and query."""
    request: Request
    engine: PolicyEngine
    options: CallOptions
    key: str | None
    """The idempotency key that all its attempts carry."""
    read: Callable[[PreparedCall, Response], Any]
    """Reads the result from a success; raises `InvalidResponse` where it cannot."""

    def __repr__(self) -> str:
        return f"<PreparedCall {self.service}.{self.operation.name}>"

    @property
    def rereads(self) -> bool:
        """Whether repeating the write gives its result again: under an idempotency key, and for a
        PUT. What was deleted is gone."""
        engine = self.engine.config
        return self.key is not None or (
            engine.writes and engine.retry_mode == "idempotent" and engine.method != "DELETE"
        )

    @property
    def fingerprint(self) -> str:
        """Equal for equal calls: a digest of method, URL and body."""
        content = self.request.content
        return fingerprint(
            self.request.method.encode(),
            self.request.url.encode(),
            content if isinstance(content, bytes) else b"",
        )

    @property
    def generated_key(self) -> str | None:
        """The idempotency key, if it was made for this call: it says nothing about anybody."""
        return self.key if self.options.idempotency_key is None else None

    def interrupted(self, error: BaseException) -> None:
        """`error`, a cancellation say, ended the call. If the write may have happened, that is
        noted on it and told to the telemetry: it stays what it is, so that it still cancels."""
        engine = self.engine
        if not engine.in_doubt:
            return
        under = f", idempotency key {self.generated_key}" if self.generated_key else ""
        error.add_note(
            f"{self.service}.{self.operation.name} was interrupted and may have happened"
            f" (fingerprint {self.fingerprint}{under})"
        )
        engine.report_doubt(
            fingerprint=self.fingerprint,
            idempotency_key=self.key,
            error=type(error).__name__,
        )

    def as_message(self, now: float) -> OutboxMessage | None:
        """The call as an outbox stores it; None when its body is streamed, and for an operation
        with a server or a scheme of its own. `now`: seconds since the epoch."""
        from noctule.runtime.fallback.outbox_store import OutboxMessage

        request, operation = self.request, self.operation
        if not isinstance(request.content, bytes) or operation.server or operation.auth:
            return None
        return OutboxMessage(
            self.service,
            operation.name,
            request.method,
            self.target,
            dict(request.headers),
            request.content,
            self.engine.config.retry_mode,
            self.key,
            now,
        )


class RequestBuilder:
    """Builds the calls of one service, and works out once what they share."""

    def __init__(
        self,
        config: ServiceConfig,
        servers: Servers,
        clock: Clock,
        telemetry: Telemetry,
        provider_states: ProviderStates,
        credential: str,
    ) -> None:
        self._config = config
        self._clock = clock
        self._telemetry = telemetry
        self._states = provider_states
        self._servers = servers
        self.base_url = servers[""].base_url
        self._credential = credential
        self._headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": accepted_encodings(),
            **encode_headers(config.headers),
        }
        # A service may have a name of its own for JSON.
        self._json_type = self._headers.pop("Accept", JSON_TYPE)
        self._settings: dict[tuple[int, int], CallSettings] = {}
        fork.register(self)

    def after_fork(self) -> None:
        """Forget the settings, which hold the provider states of the parent."""
        self._settings.clear()

    def build(
        self,
        operation: Operation[Any],
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        options: CallOptions | None = None,
        *,
        read: Callable[[PreparedCall, Response], Any],
    ) -> PreparedCall:
        """Raises `InvalidArgument` for a value that cannot be put into the request."""
        settings = self._settings_for(operation, options)
        options = settings.options
        if options.extra_query is not None or options.extra_body is not None:
            query, body = _extended(options, query, body)
        encoded = encode(operation, path, query, headers, body)
        accepted = self._json_type if operation.accepts == JSON_TYPE else operation.accepts
        all_headers = {**self._headers, "Accept": accepted, **encoded.headers}
        if options.headers:
            all_headers.update(encode_headers(options.headers))
        engine_config = settings.engine_config if encoded.replayable else settings.without_retry()
        key = None
        if engine_config.retry_mode == "with_key":
            key = options.idempotency_key or new_key()
            all_headers[self._config.idempotency_header] = key
        target = encoded.path_and_query
        request = Request(
            operation.method,
            settings.base_url + target,
            all_headers,
            encoded.content,
            settings.limits,
        )
        return PreparedCall(
            self._config.name,
            operation,
            target,
            request,
            PolicyEngine(engine_config),
            options,
            key,
            read,
        )

    def rebuild(self, message: OutboxMessage) -> PreparedCall:
        """The call that `message` stores; its response is not decoded."""
        operation = Operation(message.operation, message.method, "", returns=None)
        settings = self._new_settings(operation, None)
        request = Request(
            message.method,
            self.base_url + message.target,
            dict(message.headers),
            message.content,
            settings.limits,
        )
        return PreparedCall(
            message.service,
            operation,
            message.target,
            request,
            PolicyEngine(replace(settings.engine_config, retry_mode=message.retry)),
            settings.options,
            message.key,
            _unread,
        )

    def _settings_for(
        self, operation: Operation[Any], call_options: CallOptions | None
    ) -> CallSettings:
        """Remembered by the identity of both objects, since options are usually created once and
        passed often."""
        key = id(operation), id(call_options)
        settings = self._settings.get(key)
        if settings is None:
            settings = self._new_settings(operation, call_options)
            if len(self._settings) >= MAX_SETTINGS:
                self._settings.clear()
            self._settings[key] = settings
        return settings

    def _new_settings(
        self, operation: Operation[Any], call_options: CallOptions | None
    ) -> CallSettings:
        """The options of the call, over those of its method, over those of its service."""
        options = self._config.methods.get(operation.name, NO_OPTIONS)
        if call_options is not None:
            options = call_options.over(options)
        policies = options.policies(self._config.policies)
        place = self._servers[operation.server]
        engine_config = EngineConfig(
            policies,
            self._states.state_for(str(place.origin), self._credential, policies),
            self._clock,
            retry_mode=self._retry_mode(operation, options),
            method=operation.method,
            writes=operation.writes,
            operation=operation.name,
            telemetry=self._telemetry,
        )
        return CallSettings(
            operation, call_options, options, _limits(policies), engine_config, place.base_url
        )

    def _retry_mode(self, operation: Operation[Any], options: CallOptions) -> RetryMode:
        """When the request may be repeated.

        A key that the provider ignores protects nothing, so an operation "with_key" is not sent
        twice by a service without an idempotency header.
        """
        if operation.retry != "with_key" and options.idempotency_key is None:
            return operation.retry
        if not self._config.idempotency_header:
            if options.idempotency_key is not None:
                raise errors.InvalidArgument(
                    "idempotency_key: this service has no idempotency_header, so that the provider"
                    " would not see the key; leave it out"
                )
            return "never" if operation.retry == "with_key" else operation.retry
        return "with_key"


def _extended(options: CallOptions, query: Any, body: Any) -> tuple[Any, Any]:
    from noctule.runtime.encoding.extra import with_extra

    query = with_extra(query, options.extra_query, "extra_query")
    return query, with_extra(body, options.extra_body, "extra_body")


def _unread(_: PreparedCall, __: Response) -> None:
    """Nothing is read from the response."""


def _limits(policies: Policies) -> Limits:
    return Limits(
        policies.timeout,
        policies.connect_timeout,
        policies.pool_timeout,
        policies.max_response_bytes,
        policies.max_redirects,
    )
