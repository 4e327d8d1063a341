"""The arguments of a service, for wrappers that add some of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.call.provider_state import ProviderStates
    from noctule.runtime.call.telemetry import TelemetryEvent
    from noctule.runtime.clock import Clock
    from noctule.runtime.transport.protocol import AsyncTransport, SyncTransport


class CommonOptions(TypedDict, total=False):
    base_url: str | None
    servers: Mapping[str, str] | None
    clock: Clock | None
    on_event: Callable[[TelemetryEvent], None] | None
    provider_states: ProviderStates | None


class ServiceOptions(CommonOptions, total=False):
    """The arguments of `Service`, but for `variables`."""

    transport: AsyncTransport | None


class SyncServiceOptions(CommonOptions, total=False):
    """The arguments of `SyncService`, but for `variables`."""

    transport: SyncTransport | None
