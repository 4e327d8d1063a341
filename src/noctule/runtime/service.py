"""A provider, wrapped: `Service` for asyncio, `SyncService` for threads.

Subclass one, give it a `config`, and let each method make one `call`:

    class Stripe(Service):
        config = ServiceConfig(name="stripe", base_url=..., auth=Bearer(env("STRIPE_SECRET_KEY")))

        async def retrieve_payment_intent(self, id: str) -> PaymentIntent:
            return await self.call(RETRIEVE_PAYMENT_INTENT, path={"intent": id})

The two differ in how they wait and send, and in nothing else: `call.py`, `guard.py` and
`exchange.py` hold what both do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from noctule.runtime import errors
from noctule.runtime.call import ServiceCore
from noctule.runtime.drive import drive, drive_sync
from noctule.runtime.exchange import exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.runtime.call import Call
    from noctule.runtime.clock import Clock
    from noctule.runtime.config import CallOptions
    from noctule.runtime.guard import Attempt
    from noctule.runtime.health import Healths
    from noctule.runtime.operation import Operation, T
    from noctule.runtime.policy.verdict import Verdict
    from noctule.runtime.telemetry import Event
    from noctule.runtime.transport import AsyncTransport, SyncTransport


class Service(ServiceCore):
    """One provider, for asyncio. Use it as `async with`, or call `aclose` at the end.

    A service with a `transport` or `clock` of its own keeps what it learns of the provider to
    itself, unless `healths` is given; all others in the process share it.
    Raises `MissingSecrets`, which names every variable that is not set.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        transport: AsyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        healths: Healths | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            clock=clock,
            on_event=on_event,
            healths=healths,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_transport(self._clock)

    async def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        options: CallOptions | None = None,
    ) -> T:
        """Make the call under all policies. None in a mapping is not sent; NULL is null.

        Raises `ServiceError`; see `noctule.runtime.errors` for the tree.
        """
        call = self._prepare(operation, path, query, headers, body, options)
        try:
            verdict = await drive(call.guard, lambda _: self._attempt(call))
            return self._finish(call, operation, verdict)
        except errors.ServiceError as error:
            self._explain(call, error)
            raise

    async def _attempt(self, call: Call) -> Verdict:
        steps = exchange(call.request, call.wire)
        try:
            request = next(steps)
            while True:
                try:
                    response = await self._transport.asend(request)
                except errors.ServiceError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(response)
        except StopIteration as done:
            verdict: Verdict = done.value
            return verdict

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()


class SyncService(ServiceCore):
    """One provider, for threads: one service may be shared by all of them."""

    def __init__(
        self,
        *,
        base_url: str | None = None,
        transport: SyncTransport | None = None,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        healths: Healths | None = None,
    ) -> None:
        super().__init__(
            base_url=base_url,
            clock=clock,
            on_event=on_event,
            healths=healths,
            shared=transport is None and clock is None,
        )
        self._transport = transport or _default_sync_transport(self._clock)

    def call(
        self,
        operation: Operation[T],
        *,
        path: Mapping[str, object] | None = None,
        query: Mapping[str, object] | None = None,
        headers: Mapping[str, object] | None = None,
        body: object = None,
        options: CallOptions | None = None,
    ) -> T:
        """`Service.call`, without await."""
        call = self._prepare(operation, path, query, headers, body, options)
        try:
            verdict = drive_sync(call.guard, lambda attempt: self._attempt(call, attempt))
            return self._finish(call, operation, verdict)
        except errors.ServiceError as error:
            self._explain(call, error)
            raise

    def _attempt(self, call: Call, attempt: Attempt) -> Verdict:
        call.request.limits.total = attempt.seconds
        steps = exchange(call.request, call.wire)
        try:
            request = next(steps)
            while True:
                try:
                    response = self._transport.send(request)
                except errors.ServiceError as error:
                    request = steps.throw(error)
                else:
                    request = steps.send(response)
        except StopIteration as done:
            verdict: Verdict = done.value
            return verdict

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _default_transport(clock: Clock) -> AsyncTransport:
    from noctule.runtime.http import HttpTransport

    return HttpTransport(clock=clock)


def _default_sync_transport(clock: Clock) -> SyncTransport:
    from noctule.runtime.http import SyncHttpTransport

    return SyncHttpTransport(clock=clock)
