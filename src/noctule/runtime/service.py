"""The wrapper of a provider: `Service` for asyncio, `SyncService` for threads.

Subclass one, give it a `config`, and let each method make one `call`:

    class Stripe(Service):
        config = ServiceConfig(name="stripe", base_url=..., auth=Bearer(env("STRIPE_SECRET_KEY")))

        async def retrieve_payment_intent(self, id: str) -> PaymentIntent:
            return await self.call(RETRIEVE_PAYMENT_INTENT, path={"intent": id})

What happens in a call is written once, in `BaseService`, as generators of effects; the two
services differ only in the driver that carries the effects out.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Self, cast, overload

from noctule.runtime import errors
from noctule.runtime.call.attempt import AttemptContext
from noctule.runtime.call.drivers import AsyncDriver, SyncDriver
from noctule.runtime.call.misuse import refusal
from noctule.runtime.call.places import Servers, Sessions
from noctule.runtime.call.provider_state import PROCESS_STATES, ProviderStates
from noctule.runtime.call.request_builder import RequestBuilder
from noctule.runtime.call.result import ResultReader
from noctule.runtime.call.telemetry import Telemetry
from noctule.runtime.call.tracing import find_tracing
from noctule.runtime.clock import SYSTEM
from noctule.runtime.effects import Invoke
from noctule.runtime.fallback.reconcile import NOT_DONE, Done
from noctule.runtime.journal.writer import JOURNAL
from noctule.runtime.origin import check_encrypted
from noctule.runtime.transport.stream import AsyncStream, SyncStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator, Mapping
    from typing import ClassVar, Unpack

    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.call.request_builder import CallArguments, PreparedCall
    from noctule.runtime.call.result import RawResponse
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import CallSteps
    from noctule.runtime.fallback.fallback import Degraded, Fallback
    from noctule.runtime.fallback.outbox import FlushResult, Outbox
    from noctule.runtime.fallback.outbox_store import OutboxMessage
    from noctule.runtime.operation import Operation, T
    from noctule.runtime.policy.outcome import AttemptOutcome
    from noctule.runtime.request import Response
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport


class BaseService:
    """What both kinds of service share. It does no I/O."""

    config: ClassVar[ServiceConfig]

    def __init__(
        self,
        *,
        base_url: str | None,
        servers: Mapping[str, str] | None,
        variables: Mapping[str, str | None] | None,
        clock: Clock | None,
        on_event: Callable[[TelemetryEvent], None] | None,
        provider_states: ProviderStates | None,
        shared: bool,
    ) -> None:
        config = self.config
        self._clock = clock or SYSTEM
        recorder = JOURNAL.recorder(config.name) if shared else None
        telemetry = Telemetry(config.name, on_event, recorder)
        states = provider_states or (PROCESS_STATES if shared else ProviderStates())
        self._places = Servers(config, base_url, servers, variables)
        sessions = Sessions(config, self._places[""].base_url, shared=shared)
        self._credential = sessions[""].fingerprint
        self._builder = RequestBuilder(
            config,
            self._places,
            self._clock,
            telemetry,
            states,
            self._credential,
        )
        _check_encryption(config, sessions, self._places)
        self._results = ResultReader(config, telemetry, self._clock, states.deprecations)
        self._context = AttemptContext(config, sessions, self._clock, self._places)
        self._tracing = find_tracing(config.name)

    @property
    def base_url(self) -> str:
        return self._builder.base_url

    def base_url_of(self, operation: Operation[Any]) -> str:
        """Where this operation is: `base_url`, or the server that it names."""
        return self._places[operation.server].base_url

    def _call(
        self, operation: Operation[T], fallback: Fallback[T] | None, arguments: CallArguments
    ) -> CallSteps[T | Degraded[T]]:
        if fallback is None:
            return self._complete(self._build(operation, arguments, self._results.value))
        return self._with_fallback(fallback, operation, arguments)

    def _build(
        self,
        operation: Operation[Any],
        arguments: CallArguments,
        read: Callable[[PreparedCall, Response], Any],
    ) -> PreparedCall:
        """The call. `arguments` is emptied: error trackers print the locals of the frames in a
        traceback, and ours are in the traceback of every error."""
        refused = None
        try:
            return self._builder.build(operation, **arguments, read=read)
        except (errors.ServiceError, TypeError, AttributeError) as error:
            refused = refusal(self.config.name, operation, arguments, error)
            if refused is None:
                raise
        finally:
            cast("dict[str, object]", arguments).clear()
        raise refused

    def _complete(self, call: PreparedCall) -> CallSteps[Any]:
        """Make the call and return its result. If a write's outcome is unknown, the application's
        `reconcile` hook may find out."""
        while True:
            try:
                outcome: AttemptOutcome = yield call
            except errors.ServiceError as error:
                self._results.report_error(call, error)
                decision = yield from self._reconcile(call, error)
                if isinstance(decision, Done):
                    return cast("Done[object]", decision).value
                if decision is not NOT_DONE:
                    raise
                if call.engine.exhausted:
                    raise _failure_of(error) from None
            else:
                self._results.report_success(call, outcome)
                return outcome.value

    def _reconcile(self, call: PreparedCall, error: errors.ServiceError) -> CallSteps[object]:
        """What the hook returned; None when there is none."""
        hook = call.options.reconcile
        if hook is None or not isinstance(error, errors.OutcomeUnknown):
            return None
        decision: object = yield Invoke(hook, (error,))
        return decision

    def _with_fallback(
        self, fallback: Fallback[T], operation: Operation[T], arguments: CallArguments
    ) -> CallSteps[T | Degraded[T]]:
        from noctule.runtime.fallback.fallback import answer_of, check_fallback

        check_fallback(fallback, operation)
        call = self._build(operation, arguments, self._results.value)
        key = f"{self._credential} {call.fingerprint}"
        try:
            value: T = yield from self._complete(call)
        except (errors.Unavailable, errors.OutcomeUnknown) as error:
            now = self._clock.time()
            degraded = yield from answer_of(fallback, error, key, now, call.as_message(now))
            if degraded is None:
                raise
            self._results.report_degraded(call, degraded)
            try:
                return degraded
            finally:
                del degraded
        fallback.remember(key, value, self._clock.time())
        return value

    def _raw(self, operation: Operation[T], arguments: CallArguments) -> CallSteps[RawResponse[T]]:
        return self._complete(self._build(operation, arguments, self._results.raw))

    def _open_stream(
        self, operation: Operation[Any], arguments: CallArguments
    ) -> CallSteps[tuple[Response, Callable[[errors.ServiceError], None], float | None]]:
        """A response whose body is left unread, what to tell of an error in it, and the seconds
        that each part of it may take."""
        call = self._build(operation, arguments, lambda _, response: response)
        call.request.stream = True
        response = yield from self._complete(call)
        broken = partial(self._results.report_broken_stream, call)
        return response, broken, call.engine.config.policies.timeout

    def _flush(self, outbox: Outbox) -> CallSteps[FlushResult]:
        def send(message: OutboxMessage) -> CallSteps[None]:
            return self._complete(self._builder.rebuild(message))

        return outbox.flush(self.config.name, send, self._clock.time)


class Service(BaseService):
    """One provider, for asyncio. Use it with `async with`, or call `aclose` at the end.

    Services of one process share the state of a provider (breaker, permits, retry budget, tokens),
    except those with a `transport` or `clock` of their own, unless `provider_states` is given.
    `base_url` replaces the config's, and `servers` its other servers (name -> base URL);
    `variables` fills the variables in both.
    Raises `MissingSecrets`, which names every variable that is not set.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        servers: Mapping[str, str] | None = None,
        variables: Mapping[str, str | None] | None = None,
        transport: AsyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[TelemetryEvent], None] | None = None,
        provider_states: ProviderStates | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            servers=servers,
            variables=variables,
            clock=clock,
            on_event=on_event,
            provider_states=provider_states,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_transport(self._clock, self.config)
        self._driver = AsyncDriver(self._transport, self._context)

    @overload
    async def call(
        self, operation: Operation[T], *, fallback: None = None, **arguments: Unpack[CallArguments]
    ) -> T: ...

    @overload
    async def call(
        self, operation: Operation[T], *, fallback: Fallback[T], **arguments: Unpack[CallArguments]
    ) -> T | Degraded[T]: ...

    async def call(
        self,
        operation: Operation[T],
        *,
        fallback: Fallback[T] | None = None,
        **arguments: Unpack[CallArguments],
    ) -> T | Degraded[T]:
        """Make the call under all policies. `arguments`: `path`, `query`, `headers`, `body` and
        `options`. A `Degraded` is what the `fallback` gave when the provider was unavailable.

        Raises `ServiceError`, whose tree is drawn in `noctule.runtime.errors`.
        """
        if self._tracing is None:
            return await self._driver.run(self._call(operation, fallback, arguments))
        with self._tracing.span(operation):
            return await self._driver.run(self._call(operation, fallback, arguments))

    async def raw(
        self, operation: Operation[T], **arguments: Unpack[CallArguments]
    ) -> RawResponse[T]:
        """`call`, with the status, the headers and the bytes of the response."""
        return await self._driver.run(self._raw(operation, arguments))

    @asynccontextmanager
    async def stream(
        self, operation: Operation[Any], **arguments: Unpack[CallArguments]
    ) -> AsyncGenerator[AsyncStream]:
        """Make the call and leave its body to be read in chunks; it is closed at the end.

        There are no retries once the response has begun. From then on no chunk may take longer
        than an attempt, and all of them together have at most `max_response_bytes` bytes.
        """
        response, broken, timeout = await self._driver.run(self._open_stream(operation, arguments))
        stream = AsyncStream(response, broken, self._clock, timeout)
        try:
            yield stream
        finally:
            await stream.aclose()

    async def flush(self, outbox: Outbox) -> FlushResult:
        """Send the messages in `outbox` that are due for this service; call it regularly."""
        return await self._driver.run(self._flush(outbox))

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


class SyncService(BaseService):
    """One provider, for threads, which may all share one service."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        servers: Mapping[str, str] | None = None,
        variables: Mapping[str, str | None] | None = None,
        transport: SyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[TelemetryEvent], None] | None = None,
        provider_states: ProviderStates | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            servers=servers,
            variables=variables,
            clock=clock,
            on_event=on_event,
            provider_states=provider_states,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_sync_transport(self._clock, self.config)
        self._driver = SyncDriver(self._transport, self._context)

    @overload
    def call(
        self, operation: Operation[T], *, fallback: None = None, **arguments: Unpack[CallArguments]
    ) -> T: ...

    @overload
    def call(
        self, operation: Operation[T], *, fallback: Fallback[T], **arguments: Unpack[CallArguments]
    ) -> T | Degraded[T]: ...

    def call(
        self,
        operation: Operation[T],
        *,
        fallback: Fallback[T] | None = None,
        **arguments: Unpack[CallArguments],
    ) -> T | Degraded[T]:
        """`Service.call`, without await."""
        if self._tracing is None:
            return self._driver.run(self._call(operation, fallback, arguments))
        with self._tracing.span(operation):
            return self._driver.run(self._call(operation, fallback, arguments))

    def raw(self, operation: Operation[T], **arguments: Unpack[CallArguments]) -> RawResponse[T]:
        """`Service.raw`, without await."""
        return self._driver.run(self._raw(operation, arguments))

    @contextmanager
    def stream(
        self, operation: Operation[Any], **arguments: Unpack[CallArguments]
    ) -> Generator[SyncStream]:
        """`Service.stream`, without await."""
        response, broken, _ = self._driver.run(self._open_stream(operation, arguments))
        stream = SyncStream(response, broken)
        try:
            yield stream
        finally:
            stream.close()

    def flush(self, outbox: Outbox) -> FlushResult:
        """`Service.flush`, without await."""
        return self._driver.run(self._flush(outbox))

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _failure_of(unknown: errors.ServiceError) -> errors.ServiceError:
    """Why a write that is known not to have happened failed."""
    cause = unknown.__cause__
    if not isinstance(cause, errors.ServiceError):
        return unknown
    for name in ("service", "operation", "request_id", "idempotency_key"):
        setattr(cause, name, getattr(unknown, name))
    cause.safe_to_retry = True
    return cause


def _default_transport(clock: Clock, config: ServiceConfig) -> AsyncTransport:
    from noctule.runtime.transport.http import HttpTransport

    return HttpTransport(clock=clock, connections=_connections(config), tls=config.tls)


def _default_sync_transport(clock: Clock, config: ServiceConfig) -> SyncTransport:
    from noctule.runtime.transport.http import SyncHttpTransport

    return SyncHttpTransport(clock=clock, connections=_connections(config), tls=config.tls)


def _check_encryption(config: ServiceConfig, sessions: Sessions, servers: Servers) -> None:
    """Raises `ConfigurationError` where credentials would leave this machine in the clear."""
    allowed = config.allow_plain_http
    if sessions[""].has_credentials or config.schemes:
        servers.check_encryption(allow_plain_http=allowed)
    for url in sessions.endpoints:
        check_encrypted(url, allow_plain_http=allowed, what="the token endpoint")


def _connections(config: ServiceConfig) -> int:
    """Twice the concurrent calls: redirects and token requests need connections as well."""
    return 2 * (config.policies.max_concurrency or 1000)
