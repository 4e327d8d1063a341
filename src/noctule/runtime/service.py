"""A provider, wrapped: `Service` for asyncio, `SyncService` for threads.

Subclass one, give it a `config`, and let each method make one `call`:

    class Stripe(Service):
        config = ServiceConfig(name="stripe", base_url=..., auth=Bearer(env("STRIPE_SECRET_KEY")))

        async def retrieve_payment_intent(self, id: str) -> PaymentIntent:
            return await self.call(RETRIEVE_PAYMENT_INTENT, path={"intent": id})

The two differ in how they wait and send, and in nothing else: what both do is in `call.py`,
`guard.py` and `exchange.py`.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Self, overload

from noctule.runtime.call.drivers import perform, perform_sync
from noctule.runtime.core import RawResponse, ServiceCore
from noctule.runtime.transport.stream import AsyncStream, SyncStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator
    from typing import Unpack

    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.call.provider_state import ProviderStates
    from noctule.runtime.call.request_builder import Arguments
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.clock import Clock
    from noctule.runtime.fallback.fallback import Degraded, Fallback
    from noctule.runtime.fallback.outbox import FlushResult, Outbox
    from noctule.runtime.operation import Operation, T
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport


class Service(ServiceCore):
    """One provider, for asyncio. Use it with `async with`, or call `aclose` at the end.

    A service with a `transport` or `clock` of its own keeps what it learns of the provider to
    itself, unless `provider_states` is given; all others in the process share it.
    Raises `MissingSecrets`, which names every variable that is not set.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[TelemetryEvent], None] | None = None,
        provider_states: ProviderStates | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            clock=clock,
            on_event=on_event,
            provider_states=provider_states,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_transport(self._clock, self.config)

    @overload
    async def call(
        self, operation: Operation[T], *, fallback: None = None, **arguments: Unpack[Arguments]
    ) -> T: ...

    @overload
    async def call(
        self, operation: Operation[T], *, fallback: Fallback[T], **arguments: Unpack[Arguments]
    ) -> T | Degraded[T]: ...

    async def call(
        self,
        operation: Operation[T],
        *,
        fallback: Fallback[T] | None = None,
        **arguments: Unpack[Arguments],
    ) -> T | Degraded[T]:
        """Make the call under all policies: `path`, `query`, `headers`, `body`, `options`.

        Raises `ServiceError`, whose tree is drawn in `noctule.runtime.errors`.
        """
        if self._tracing is None:
            steps = self._call(operation, fallback, arguments)
            return await perform(steps, self._transport, self._wire)
        with self._tracing.span(operation):
            steps = self._call(operation, fallback, arguments)
            return await perform(steps, self._transport, self._wire)

    async def raw(self, operation: Operation[T], **arguments: Unpack[Arguments]) -> RawResponse[T]:
        """`call`, with the status, the headers and the bytes of the answer."""
        return await perform(self._raw(operation, arguments), self._transport, self._wire)

    @asynccontextmanager
    async def stream(
        self, operation: Operation[Any], **arguments: Unpack[Arguments]
    ) -> AsyncGenerator[AsyncStream]:
        """Make the call and leave its body to be read piece by piece; it is closed at the end.

        Retries end when the answer begins. From there, no piece may take longer than an
        attempt, and all of them together no more bytes than `max_response_bytes`.
        """
        steps = self._opened(operation, arguments)
        response, patience = await perform(steps, self._transport, self._wire)
        stream = AsyncStream(response, self._clock, patience)
        try:
            yield stream
        finally:
            await stream.aclose()

    async def flush(self, outbox: Outbox) -> FlushResult:
        """Send what waits in `outbox` for this service; run it now and then."""
        return await perform(self._flush(outbox), self._transport, self._wire)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


class SyncService(ServiceCore):
    """One provider, for threads, which may all share one service."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        transport: SyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[TelemetryEvent], None] | None = None,
        provider_states: ProviderStates | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            clock=clock,
            on_event=on_event,
            provider_states=provider_states,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_sync_transport(self._clock, self.config)

    @overload
    def call(
        self, operation: Operation[T], *, fallback: None = None, **arguments: Unpack[Arguments]
    ) -> T: ...

    @overload
    def call(
        self, operation: Operation[T], *, fallback: Fallback[T], **arguments: Unpack[Arguments]
    ) -> T | Degraded[T]: ...

    def call(
        self,
        operation: Operation[T],
        *,
        fallback: Fallback[T] | None = None,
        **arguments: Unpack[Arguments],
    ) -> T | Degraded[T]:
        """`Service.call`, without await."""
        if self._tracing is None:
            steps = self._call(operation, fallback, arguments)
            return perform_sync(steps, self._transport, self._wire)
        with self._tracing.span(operation):
            steps = self._call(operation, fallback, arguments)
            return perform_sync(steps, self._transport, self._wire)

    def raw(self, operation: Operation[T], **arguments: Unpack[Arguments]) -> RawResponse[T]:
        """`Service.raw`, without await."""
        return perform_sync(self._raw(operation, arguments), self._transport, self._wire)

    @contextmanager
    def stream(
        self, operation: Operation[Any], **arguments: Unpack[Arguments]
    ) -> Generator[SyncStream]:
        """`Service.stream`, without await."""
        steps = self._opened(operation, arguments)
        response, _ = perform_sync(steps, self._transport, self._wire)
        stream = SyncStream(response)
        try:
            yield stream
        finally:
            stream.close()

    def flush(self, outbox: Outbox) -> FlushResult:
        """`Service.flush`, without await."""
        return perform_sync(self._flush(outbox), self._transport, self._wire)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _default_transport(clock: Clock, config: ServiceConfig) -> AsyncTransport:
    from noctule.runtime.transport.http import HttpTransport

    return HttpTransport(clock=clock, connections=_connections(config))


def _default_sync_transport(clock: Clock, config: ServiceConfig) -> SyncTransport:
    from noctule.runtime.transport.http import SyncHttpTransport

    return SyncHttpTransport(clock=clock, connections=_connections(config))


def _connections(config: ServiceConfig) -> int:
    """Twice the calls that may be in flight: redirects and token requests need some as well."""
    return 2 * (config.policies.max_concurrency or 1000)
