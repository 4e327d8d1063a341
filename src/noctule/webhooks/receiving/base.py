"""What all receivers share: the inbox, the handlers, a worker while the lifespan runs."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from noctule.runtime import fork
from noctule.runtime.errors import ConfigurationError
from noctule.webhooks.errors import InboxError, KeyUnavailable, Rejection, WebhookError
from noctule.webhooks.processing.maintenance import Maintenance, retention_days
from noctule.webhooks.processing.metrics import METRICS
from noctule.webhooks.processing.repeats import RepeatLog
from noctule.webhooks.processing.worker import Handler, Handlers, Worker
from noctule.webhooks.receiving import admission, asgi
from noctule.webhooks.receiving.limited_log import LimitedLog
from noctule.webhooks.receiving.response import json_response, outcome_of
from noctule.webhooks.request import Headers, WebhookRequest
from noctule.webhooks.store.base import ReceiverStart

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.receiving.response import WebhookResponse
    from noctule.webhooks.store.base import Delivery

GRACE_SECONDS = 10.0
"""How long running handlers may take to finish when the application stops."""

H = TypeVar("H", bound=Handler)


class BaseReceiver(ABC):
    """A receiver without the decision which deliveries are genuine."""

    route: str
    max_body: int
    url: str

    def __init__(self, inbox: Inbox, clock: Clock, *, work: bool) -> None:
        self.inbox = inbox
        self._clock = clock
        self._admission = admission.Admission(inbox, clock)
        self._work = work
        self._handlers = Handlers()
        self._worker: Worker | None = None
        self._late: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None]
        self._repeat_log = RepeatLog(clock)
        fork.register(self)

    @cached_property
    def _log(self) -> LimitedLog:
        return LimitedLog(self.route, self._clock)

    @abstractmethod
    def _read_environment(self) -> None:
        """Read the configuration; raises MissingSecrets naming every missing variable."""

    @abstractmethod
    def _new_worker(self) -> Worker: ...

    @abstractmethod
    async def _take(self, request: WebhookRequest, until: float) -> WebhookResponse:
        """Check and store one delivery, `until` a time of the monotonic clock; raises Rejection."""

    @abstractmethod
    def _public_url(self, url: str) -> str:
        """The address that the provider called, which a proxy may have changed."""

    async def _store(self, delivery: Delivery, until: float) -> WebhookResponse:
        """Store a delivery and wake the worker; raises InboxError, TimeoutError."""
        worker = self._running_worker()
        receipt = await self.inbox.put(delivery, max(until - self._clock.monotonic(), 0.0))
        worker.wake()
        self._repeat_log.add(self.route, receipt)
        return json_response(200, outcome_of(receipt))

    def _on_rejection(self, request: WebhookRequest, rejection: Rejection) -> None:  # noqa: B027
        """Called for each delivery that is rejected."""

    def _retiring(self) -> Mapping[str, float]:
        """The variables of secrets that are about to retire, and until when they are valid."""
        return {}

    async def _record_start(self) -> None:
        """For the doctor, which tells of what changed then; receiving does not depend on it."""
        start = ReceiverStart(self._clock.time(), self._retiring())
        with suppress(InboxError):
            await self.inbox.call(lambda store: store.add_start(self.route, start))

    async def _on_stop(self) -> None:  # noqa: B027
        """Called at the end of the lifespan."""

    def on(self, *types: str, latest_only: bool = False) -> Callable[[H], H]:
        """Register a handler for event types; `invoice.*` is a family, `*` all other types.

        With `latest_only` an event is skipped if a newer version of its object was processed
        already; without it the handler gets the event, with `event.superseded` set.
        """

        def register(handler: H) -> H:
            for pattern in types:
                self._handlers.add(pattern, handler, latest_only=latest_only)
            return handler

        return register

    def check(self) -> None:
        """Raise what `lifespan` would raise for the environment: MissingSecrets, InvalidSecret,
        ConfigurationError. Opens nothing."""
        self._read_environment()
        retention_days()

    def after_fork(self) -> None:
        """The child has neither the loop nor the worker that ran in it."""
        fork.abandon(self._worker, self._late)
        self._worker = self._late = None
        self._admission = admission.Admission(self.inbox, self._clock)

    def lifespan(self, app: Any = None) -> AbstractAsyncContextManager[None]:
        """While inside: the secrets are read, the inbox is open, the worker runs."""
        del app
        return self._run(work=self._work)

    def working(self) -> AbstractAsyncContextManager[None]:
        """The same, with a worker even if the receiver was made with `work=False`."""
        return self._run(work=True)

    @asynccontextmanager
    async def _run(self, *, work: bool) -> AsyncGenerator[None]:
        if self._worker is not None:  # entered already, by the application or a test around it
            yield
            return
        self._read_environment()
        await self.inbox.open()
        try:
            await self._record_start()
            self._worker = self._new_worker()
            tasks = [asyncio.create_task(Maintenance(self.inbox, self._clock).run())]
            tasks += [asyncio.create_task(self._worker.run())] if work else []
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._worker.finish(GRACE_SECONDS)
                await self._on_stop()
                self._log.flush()
                self._worker = None
        finally:
            await self.inbox.close()

    async def drain(self) -> None:
        """Return when no event is due and no handler runs. For tests."""
        await self._running_worker().drain()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["type"] == "http" and self._worker is None:
            await self._start_late()
        await asgi.serve(self, scope, receive, send)

    async def _start_late(self) -> None:
        """Run the lifespan in a task, for a server that has not run it."""
        if self._late is None or self._late.done():
            self._log.add(
                "no lifespan",
                "processing starts with this delivery, and after a restart with the next one. Pass"
                " receiver.lifespan to the outermost application, and run the server's lifespan",
            )
            ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._late = asyncio.create_task(self._run_until_cancelled(ready))
            self._ready = ready
        await asyncio.wait([self._ready])

    async def _run_until_cancelled(self, ready: asyncio.Future[None]) -> None:
        """The loop cancels its tasks when the server ends."""
        try:
            async with self.lifespan():
                ready.set_result(None)
                await asyncio.Event().wait()
        except (ConfigurationError, WebhookError) as error:
            self._log.add("not started", str(error), logging.ERROR)
        finally:
            if not ready.done():
                ready.set_result(None)

    async def deliver(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> WebhookResponse:
        """Take one delivery from any framework; `body` is the exact bytes."""
        started = self._clock.monotonic()
        request = WebhookRequest(method, self._public_url(url), headers, body)
        try:
            self._running_worker()
            await self._admission.admit(started)
            response = await self._take(request, started + admission.ANSWER_SECONDS)
        except Rejection as rejection:
            self._on_rejection(request, rejection)
            return self._rejected(rejection, self._clock.monotonic() - started)
        except TimeoutError:
            response = self.unavailable("the disk is slow")
        except (InboxError, KeyUnavailable) as error:
            response = self.unavailable(str(error))
        METRICS.answered(self.route, response.outcome, "", self._clock.monotonic() - started)
        return response

    async def refuse(
        self, method: str, url: str, headers: Headers, rejection: Rejection
    ) -> WebhookResponse:
        """The answer to a delivery whose body was not read."""
        self._on_rejection(WebhookRequest(method, self._public_url(url), headers, b""), rejection)
        return self._rejected(rejection, 0.0)

    def unavailable(self, cause: str) -> WebhookResponse:
        """The answer where a delivery cannot be taken now; the sender may try again."""
        self._log.add("not stored", cause, logging.ERROR)
        return json_response(503, "unavailable").with_retry_after()

    def _rejected(self, rejection: Rejection, seconds: float) -> WebhookResponse:
        self._log.add(f"rejected: {rejection.reason}", rejection.detail)
        METRICS.answered(self.route, "rejected", rejection.reason, seconds)
        response = json_response(rejection.status, "rejected", reason=rejection.reason)
        return response.with_retry_after() if rejection.status == 429 else response

    def _running_worker(self) -> Worker:
        if self._worker is None:
            raise InboxError(
                "the receiver's lifespan is not running: pass receiver.lifespan to the application"
            )
        return self._worker
