"""Passes events from the inbox to handlers: at least once, and again later if one fails."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from noctule.runtime.errors import (
    CircuitOpen,
    NotFound,
    RateLimited,
    TooManyConcurrentCalls,
)
from noctule.webhooks.errors import InboxError, NotCommitted, PermanentFailure
from noctule.webhooks.processing.event import Event
from noctule.webhooks.processing.failure import STOPPED, describe, traceback_text
from noctule.webhooks.processing.metrics import METRICS

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import EventState, StoredEvent

Handler = Callable[[Event], Awaitable[None] | None]
Read = Callable[[str], Any]

DELAYS = (5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 8 * 3600.0, 24 * 3600.0)
"""Seconds before the second attempt, the third and so on; after the last the event is dead."""
JITTER = 0.2
LEASE = 60.0
HANDLER_TIMEOUT = 45.0
"""Shorter than the lease, so that a second attempt never starts while the first one runs."""
CONCURRENCY = 8
POLL = 5.0
"""Seconds after which the inbox is read again: another process may have stored something."""
SHORTEST_PAUSE = 0.05

log = logging.getLogger("noctule.webhooks")


def delay(attempt: int, chance: Callable[[], float] = random.random) -> float | None:
    """Seconds to wait after a failed attempt (counted from 1); None after the last one."""
    if attempt > len(DELAYS):
        return None
    return DELAYS[attempt - 1] * (1 + JITTER * (2 * chance() - 1))


class Handlers:
    """Functions by event type; the most specific one gets the event.

    `invoice.paid` matches `invoice.paid`, then `invoice.*`, then `*`. A name without `.*` is also a
    family: `pull_request` matches `pull_request.opened`.
    """

    def __init__(self) -> None:
        self._by_type: dict[str, Handler] = {}
        self._latest_only: set[str] = set()

    def add(self, pattern: str, handler: Handler, *, latest_only: bool = False) -> None:
        """Raises ValueError if the pattern has a handler."""
        name = pattern.removesuffix(".*")
        if name in self._by_type:
            raise ValueError(f"{pattern} already has a handler")
        self._by_type[name] = handler
        if latest_only:
            self._latest_only.add(name)

    def find(self, event_type: str) -> Handler | None:
        """The handler of an event type."""
        return self._by_type.get(self._name(event_type))

    def skips(self, event: StoredEvent) -> bool:
        """Whether the handler wants only the latest version, and this is not the latest."""
        return event.superseded and self._name(event.type) in self._latest_only

    def _name(self, event_type: str) -> str:
        name = event_type
        while name and name not in self._by_type:
            name = name.rpartition(".")[0]
        return name or "*"


class Worker:
    """Processes the events of one route.

    `read` is for hints: it fetches the object from the provider, by its id.
    """

    def __init__(
        self,
        inbox: Inbox,
        scheme: Scheme,
        route: str,
        handlers: Handlers,
        clock: Clock,
        *,
        read: Read | None = None,
    ) -> None:
        self._inbox = inbox
        self._scheme = scheme
        self._route = route
        self._handlers = handlers
        self._clock = clock
        self._read = read
        self._wake = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._running: set[asyncio.Task[None]] = set()
        self._claim: asyncio.Task[int] | None = None

    def wake(self) -> None:
        """Look for events now: one was stored."""
        self._wake.set()

    async def run(self) -> None:
        """Process events until cancelled; running attempts then continue (see `finish`)."""
        while True:
            self._wake.clear()
            try:
                pause = 0.0 if await self._start_due() else await self._pause()
            except InboxError as error:
                log.error("webhooks %s: %s", self._route, error)  # noqa: TRY400 - without a traceback
                pause = POLL
            if len(self._running) >= CONCURRENCY:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            elif pause:
                await self._sleep(pause)

    async def drain(self) -> None:
        """Process the due events until there are none."""
        while await self._start_due() or self._running:
            if self._running:
                await asyncio.wait(self._running)

    async def finish(self, seconds: float) -> None:
        """Wait for running handlers, then cancel them. A cancelled event is processed again."""
        if self._claim is not None:
            await asyncio.gather(self._claim, return_exceptions=True)
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _start_due(self) -> int:
        async with self._claiming:
            free = CONCURRENCY - len(self._running)
            if free <= 0:
                return 0
            # A claim that is cancelled half-way would keep its events until the lease is over.
            self._claim = asyncio.create_task(self._start_claimed(free))
            return await asyncio.shield(self._claim)

    async def _start_claimed(self, limit: int) -> int:
        now = self._clock.time()
        events = await self._inbox.call(lambda store: store.claim(self._route, now, LEASE, limit))
        for stored in events:
            task = asyncio.create_task(self._attempt(stored))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return len(events)

    async def _pause(self) -> float:
        due = await self._inbox.call(lambda store: store.next_due(self._route))
        if due is None:
            return POLL
        return min(POLL, max(SHORTEST_PAUSE, self._clock.real(due - self._clock.time())))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _attempt(self, stored: StoredEvent) -> None:
        started = self._clock.monotonic()
        try:
            state = await self._process(stored)
        except InboxError as error:  # the lease expires, and the event is claimed again
            log.error("webhooks %s event %s: %s", stored.route, stored.seq, error)  # noqa: TRY400
            return
        METRICS.attempted(self._route, state, self._clock.monotonic() - started)
        if stored.subject is not None:
            self.wake()  # the next event of this subject waits for this one

    async def _process(self, stored: StoredEvent) -> EventState:
        if stored.attempts > len(DELAYS) + 1:
            return await self._settle(stored, "dead", "the process died in every attempt")
        handler = self._handlers.find(stored.type)
        if handler is None:
            return await self._settle(stored, "unhandled", "no handler for this type")
        if self._handlers.skips(stored):
            return await self._settle(stored, "done", "superseded by a newer version")
        try:
            event = Event.of(stored, self._scheme)
            async with asyncio.timeout(HANDLER_TIMEOUT):
                if self._read is not None:
                    event.object = await fetch_object(self._read, stored.subject or "")
                await call(handler, event)
            if event.completed:
                await self._check_completed(stored)
        except asyncio.CancelledError:
            await self._settle(
                stored, "pending", STOPPED, due=self._clock.time(), count_attempt=False
            )
            raise
        except UnknownObject:
            return await self._settle(stored, "done", "the provider has no such object")
        except Exception as error:
            return await self._fail(stored, error)
        return await self._settle(stored, "done")

    async def _check_completed(self, stored: StoredEvent) -> None:
        current = await self._inbox.call(lambda store: store.get(stored.seq))
        if current is None or current.state != "done":
            raise NotCommitted

    async def _fail(self, stored: StoredEvent, error: Exception) -> EventState:
        reason = describe(error)
        kept = {"reason": reason, "traceback": traceback_text(error)}
        if isinstance(error, CircuitOpen | TooManyConcurrentCalls | RateLimited):
            wait = getattr(error, "retry_after", None) or DELAYS[1]
            due = self._clock.time() + wait
            return await self._settle(stored, "pending", due=due, count_attempt=False, **kept)
        wait = None if isinstance(error, PermanentFailure) else delay(stored.attempts)
        log.warning(
            "webhooks %s event %s attempt %s: %s", stored.route, stored.seq, stored.attempts, reason
        )
        if wait is None:
            return await self._settle(stored, "dead", **kept)
        return await self._settle(stored, "pending", due=self._clock.time() + wait, **kept)

    async def _settle(
        self, stored: StoredEvent, state: EventState, reason: str = "", **options: Any
    ) -> EventState:
        await self._inbox.call(
            lambda store: store.settle(stored.seq, stored.claim, state, reason=reason, **options)
        )
        return state


async def call(handler: Handler, event: Event) -> None:
    """Run a handler: a coroutine function here, any other function in a thread."""
    if inspect.iscoroutinefunction(handler):
        await handler(event)
        return
    result = await asyncio.to_thread(handler, event)
    if inspect.isawaitable(result):
        await result


class UnknownObject(Exception):
    """The provider has no object with the id of a hint: it was made up, or deleted."""


async def fetch_object(read: Read, object_id: str) -> Any:
    """The object of a hint, from the provider's own API. Raises UnknownObject."""
    try:
        if inspect.iscoroutinefunction(read):
            return await read(object_id)
        result = await asyncio.to_thread(read, object_id)
        return await result if inspect.isawaitable(result) else result
    except NotFound as error:
        raise UnknownObject from error
