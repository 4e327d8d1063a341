"""What every way in has: an inbox, handlers, a worker while its lifespan runs, answers in time."""

from __future__ import annotations

import asyncio
import json
import logging
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from noctule.webhooks.errors import InboxError, KeyUnavailable, Reason, Rejection
from noctule.webhooks.processing.maintenance import Upkeep
from noctule.webhooks.processing.metrics import METRICS
from noctule.webhooks.processing.worker import Handler, Handlers, Worker
from noctule.webhooks.receiving import asgi
from noctule.webhooks.receiving.admission import ConcurrencyLimit, elsewhere
from noctule.webhooks.request import Headers, WebhookRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.store.base import Receipt

log = logging.getLogger("noctule.webhooks")

STORE_SECONDS = 0.35
"""Within 400 ms the sender has its answer, and 50 of them belong to the server and the network."""
RETRY_AFTER = 5
COMPLAINT = 1.0
"""Seconds between two lines of the log about deliveries that could not be stored."""
GRACE = 10.0
"""Seconds that running handlers have to end when the application stops."""

H = TypeVar("H", bound=Handler)
Outcome = Literal["accepted", "duplicate", "quarantined", "handshake", "rejected", "unavailable"]


@dataclass(frozen=True)
class WebhookResponse:
    """What the sender is told. `outcome` says what became of the delivery, `reason` why not."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    outcome: Outcome
    reason: Reason | None = None


class Intake(ABC):
    """A way in, without what it takes for genuine."""

    route: str
    max_body: int
    url: str

    def __init__(self, inbox: Inbox, clock: Clock, *, work: bool) -> None:
        self.inbox = inbox
        self._clock = clock
        self.crowd = ConcurrencyLimit()
        self._work = work
        self._handlers = Handlers()
        self._worker: Worker | None = None
        self._complained = float("-inf")

    @abstractmethod
    def _read_environment(self) -> None:
        """Read what is configured; raises MissingSecrets naming all that miss."""

    @abstractmethod
    def _new_worker(self) -> Worker: ...

    @abstractmethod
    async def _take(self, request: WebhookRequest) -> WebhookResponse:
        """Judge and store one delivery; raises Rejection."""

    @abstractmethod
    def _public(self, url: str) -> str:
        """The address the provider called, which a proxy in between may have changed."""

    def _rejected(self, request: WebhookRequest, rejection: Rejection) -> None:  # noqa: B027
        """Something to do for a delivery that is not accepted."""

    def on(self, *types: str, latest_only: bool = False) -> Callable[[H], H]:
        """Register a handler for event types; `invoice.*` is a family, `*` all the rest.

        With `latest_only` an event is passed over if a newer version of its object was processed
        already; else the handler gets it, with `event.superseded`.
        """

        def register(handler: H) -> H:
            for pattern in types:
                self._handlers.add(pattern, handler, latest_only=latest_only)
            return handler

        return register

    def lifespan(self, app: Any = None) -> AbstractAsyncContextManager[None]:
        """While inside: secrets are read, the inbox is open, the worker runs."""
        del app
        return self._live(work=self._work)

    def working(self) -> AbstractAsyncContextManager[None]:
        """The same with a worker, whatever was said when it was made."""
        return self._live(work=True)

    @asynccontextmanager
    async def _live(self, *, work: bool) -> AsyncGenerator[None]:
        if self._worker is not None:  # entered already, by the application or a test around it
            yield
            return
        self._read_environment()
        await self.inbox.open()
        try:
            self._worker = self._new_worker()
            running = [asyncio.create_task(Upkeep(self.inbox, self._clock).run())]
            running += [asyncio.create_task(self._worker.run())] if work else []
            try:
                yield
            finally:
                for task in running:
                    task.cancel()
                await asyncio.gather(*running, return_exceptions=True)
                await self._worker.finish(GRACE)
                await self._finish()
                self._worker = None
        finally:
            await self.inbox.close()

    async def _finish(self) -> None:  # noqa: B027
        """Something to wait for at the end."""

    async def drain(self) -> None:
        """Return when no event is due and no handler runs. For tests."""
        await self._open_worker().drain()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        await asgi.serve(self, scope, receive, send)

    async def deliver(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> WebhookResponse:
        """Take one delivery, whatever framework it came through; `body` is the exact bytes."""
        began = self._clock.monotonic()
        if self.crowd.is_full:
            answer = self._unavailable("too many deliveries at once")
            METRICS.answered(self.route, answer.outcome, "", 0.0)
            return answer
        self.crowd.inside += 1
        waited = elsewhere()
        try:
            return await self._judge(
                WebhookRequest(method, self._public(url), headers, body), began
            )
        finally:
            now = self._clock.monotonic()
            self.crowd.left(now, now - began - (elsewhere() - waited))

    async def _judge(self, request: WebhookRequest, began: float) -> WebhookResponse:
        try:
            answer = await self._take(request)
        except Rejection as rejection:
            self._rejected(request, rejection)
            return self.reject(rejection, self._clock.monotonic() - began)
        except TimeoutError:
            answer = self._unavailable("the disk is slow")
        except (InboxError, KeyUnavailable) as error:
            answer = self._unavailable(str(error))
        METRICS.answered(self.route, answer.outcome, "", self._clock.monotonic() - began)
        return answer

    def reject(self, rejection: Rejection, seconds: float = 0.0) -> WebhookResponse:
        """The answer to a delivery that is not accepted, `seconds` after it was here."""
        log.warning("webhooks %s: rejected: %s", self.route, rejection)
        METRICS.answered(self.route, "rejected", rejection.reason, seconds)
        answer = answered(rejection.status, "rejected", reason=rejection.reason)
        return _later(answer) if rejection.status == 429 else answer

    def _unavailable(self, why: str) -> WebhookResponse:
        now = self._clock.monotonic()
        if now - self._complained >= COMPLAINT:  # a line for each would be load of its own
            self._complained = now
            log.error("webhooks %s: not stored: %s", self.route, why)
        return _later(answered(503, "unavailable"))

    def _open_worker(self) -> Worker:
        if self._worker is None:
            raise InboxError("the receiver's lifespan does not run: pass it to the application")
        return self._worker


def outcome_of(receipt: Receipt) -> Outcome:
    """What became of a whole delivery."""
    for outcome in ("accepted", "quarantined"):
        if outcome in receipt.outcomes:
            return outcome
    return "duplicate" if receipt.outcomes else "accepted"


@cache
def answered(status: int, outcome: Outcome, reason: Reason | None = None) -> WebhookResponse:
    """An answer in JSON that says no more than what became of the delivery."""
    told = {"outcome": outcome} | ({"reason": str(reason)} if reason else {})
    headers = (("content-type", "application/json"),)
    return WebhookResponse(status, headers, json.dumps(told).encode(), outcome, reason)


def _later(answer: WebhookResponse) -> WebhookResponse:
    return replace(answer, headers=(*answer.headers, ("retry-after", str(RETRY_AFTER))))
