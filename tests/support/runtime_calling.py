"""One test, both drivers: a caller makes the same call through `Service` and `SyncService`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from noctule.runtime import (
    CallOptions,
    Model,
    NoAuth,
    Operation,
    Policies,
    ProviderStates,
    Service,
    ServiceConfig,
    SyncService,
    TelemetryEvent,
    paginate,
    paginate_sync,
)
from noctule.runtime.testing import MockProvider, VirtualClock

if TYPE_CHECKING:
    from noctule.runtime import Paging
    from noctule.runtime.auth import Auth


class Item(Model):
    id: str
    amount: int | None = None


READ = Operation("read", "GET", "/items/{id}", returns=Item)
CREATE = Operation("create", "POST", "/items", returns=Item, body="json")
CHARGE = Operation(
    "charge", "POST", "/charges", returns=Item, body="form", retry="with_key", moves_money=True
)
PUT = Operation("put", "PUT", "/items/{id}", returns=Item, body="json")
DELETE = Operation("delete", "DELETE", "/items/{id}", returns=None)
DOWNLOAD = Operation("download", "GET", "/files/{id}", returns=bytes)


def config(
    *, auth: Auth | None = None, policies: Policies | None = None, **settings: Any
) -> ServiceConfig:
    return ServiceConfig(
        name="shop",
        base_url="https://shop.example",
        auth=auth or NoAuth(),
        idempotency_header=settings.pop("idempotency_header", "Idempotency-Key"),
        request_id_header="Request-Id",
        policies=policies or Policies(),
        **settings,
    )


class Caller:
    """A service of one kind, called from plain code."""

    def __init__(
        self,
        *,
        sync: bool,
        config: ServiceConfig,
        transport: Any = None,
        clock: Any = None,
        base_url: str | None = None,
        provider_states: ProviderStates | None = None,
    ) -> None:
        self.events: list[TelemetryEvent] = []
        self.sync = sync
        self.clock = clock
        kind: Any = SyncService if sync else Service
        service_type: Any = type("Shop", (kind,), {"config": config})
        self.service: Any = service_type(
            transport=transport,
            clock=clock,
            base_url=base_url,
            on_event=self.events.append,
            provider_states=provider_states,
        )

    def call(self, operation: Operation[Any], **arguments: Any) -> Any:
        return self._result("call", operation, arguments)

    def raw(self, operation: Operation[Any], **arguments: Any) -> Any:
        return self._result("raw", operation, arguments)

    def _result(self, method: str, operation: Operation[Any], arguments: Any) -> Any:
        result = getattr(self.service, method)(operation, **arguments)
        return result if self.sync else asyncio.run(self._run(result))

    async def _run(self, result: Any) -> Any:
        try:
            return await result
        finally:
            # Each asyncio.run is a loop of its own; connections do not outlive it.
            await self.service.aclose()

    def read_stream(self, operation: Operation[Any], **arguments: Any) -> list[bytes]:
        if self.sync:
            with self.service.stream(operation, **arguments) as stream:
                return list(stream)

        async def read() -> list[bytes]:
            async with self.service.stream(operation, **arguments) as stream:
                return [chunk async for chunk in stream]

        return asyncio.run(self._run(read()))

    def close(self) -> None:
        if self.sync:
            self.service.close()

    def events_named(self, name: str) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.events if event.name == name]


class Shop(Caller):
    """A caller over a scripted provider, in virtual time."""

    def __init__(
        self, *, sync: bool, config: ServiceConfig, provider_states: ProviderStates | None = None
    ) -> None:
        clock = VirtualClock()
        self.provider = MockProvider(clock=clock)
        super().__init__(
            sync=sync,
            config=config,
            transport=self.provider,
            clock=clock,
            provider_states=provider_states,
        )

    @property
    def sent(self) -> int:
        return len(self.provider.requests)


MakeShop = Callable[..., Shop]
NO_RETRY = CallOptions(attempts=1)


def gathered(shop: Shop, operation: Operation[Any], paging: Paging, **arguments: Any) -> list[Any]:
    if shop.sync:
        return list(paginate_sync(shop.service, operation, paging, **arguments))

    async def gather() -> list[Any]:
        collected = paginate(shop.service, operation, paging, **arguments)
        return [item async for item in collected]

    return asyncio.run(gather())
