"""Events out of the inbox, into handlers: at least once, later again if a handler fails."""

from __future__ import annotations

import asyncio
import inspect
import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noctule.runtime.errors import (
    CircuitOpen,
    NotFound,
    RateLimited,
    ServiceError,
    TooManyConcurrentCalls,
)
from noctule.runtime.redaction import redact
from noctule.webhooks.errors import InboxError, NotCommitted, PermanentFailure
from noctule.webhooks.processing.event import Event
from noctule.webhooks.processing.metrics import METRICS

if TYPE_CHECKING:
    from noctule.runtime.clock import Clock
    from noctule.webhooks.processing.inbox import Inbox
    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.store.base import State, Stored

Handler = Callable[[Event], Awaitable[None] | None]
Read = Callable[[str], Any]

DELAYS = (5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 8 * 3600.0, 24 * 3600.0)
"""Seconds before the second attempt, the third … after the last one the event is set aside."""
JITTER = 0.2
LEASE = 60.0
HANDLER_TIMEOUT = 45.0
"""Shorter than the lease, so that no second attempt starts while the first one still runs."""
CONCURRENCY = 8
POLL = 5.0
"""Seconds after which the inbox is looked at again unasked: another process may have put
something in."""
SHORTEST = 0.05
DETAIL = 300

log = logging.getLogger("noctule.webhooks")


def delay(attempt: int, chance: Callable[[], float] = random.random) -> float | None:
    """Seconds to wait after a failed attempt (counted from 1), None if it was the last one."""
    if attempt > len(DELAYS):
        return None
    return DELAYS[attempt - 1] * (1 + JITTER * (2 * chance() - 1))


class Handlers:
    """Functions by event type; the most specific one gets the event.

    `invoice.paid` is looked for as `invoice.paid`, `invoice.*`, then `*`; a name alone stands for
    its whole family (`pull_request` takes `pull_request.opened`).
    """

    def __init__(self) -> None:
        self._by_type: dict[str, Handler] = {}
        self._latest_only: set[str] = set()

    def add(self, pattern: str, handler: Handler, *, latest_only: bool = False) -> None:
        name = pattern.removesuffix(".*")
        if name in self._by_type:
            raise ValueError(f"{pattern} has a handler already")
        self._by_type[name] = handler
        if latest_only:
            self._latest_only.add(name)

    def find(self, event_type: str) -> Handler | None:
        return self._by_type.get(self._name(event_type))

    def passes_over(self, row: Stored) -> bool:
        """Whether the handler of an event wants only newer ones than were processed."""
        return row.superseded and self._name(row.type) in self._latest_only

    def _name(self, event_type: str) -> str:
        name = event_type
        while name and name not in self._by_type:
            name = name.rpartition(".")[0]
        return name or "*"


class Worker:
    """Takes the events of one route out of the inbox.

    `read` is for hints: it reads the object again from its provider, by its id.
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

    def wake(self) -> None:
        """Say that an event came in."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what has begun then still ends (see `finish`)."""
        while True:
            self._wake.clear()
            try:
                pause = 0.0 if await self._begin() else await self._pause()
            except InboxError as error:
                log.error("webhooks %s: %s", self._route, error)  # noqa: TRY400 - no trace wanted
                pause = POLL
            if len(self._running) >= CONCURRENCY:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            elif pause:
                await self._sleep(pause)

    async def drain(self) -> None:
        """Process what is due now, until nothing is."""
        while await self._begin() or self._running:
            if self._running:
                await asyncio.wait(self._running)

    async def finish(self, seconds: float) -> None:
        """Let running handlers end; those that do not in time lose their lease, not the event."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _begin(self) -> int:
        async with self._claiming:
            free = CONCURRENCY - len(self._running)
            if free <= 0:
                return 0
            now = self._clock.time()
            rows = await self._inbox.call(lambda store: store.claim(self._route, now, LEASE, free))
            for row in rows:
                task = asyncio.create_task(self._attempt(row))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        return len(rows)

    async def _pause(self) -> float:
        due = await self._inbox.call(lambda store: store.next_due(self._route))
        if due is None:
            return POLL
        return min(POLL, max(SHORTEST, self._clock.real(due - self._clock.time())))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _attempt(self, row: Stored) -> None:
        began = self._clock.monotonic()
        try:
            state = await self._process(row)
        except InboxError as error:  # its lease ends, and it is taken again
            log.error("webhooks %s event %s: %s", row.route, row.seq, error)  # noqa: TRY400
            return
        METRICS.attempted(self._route, state, self._clock.monotonic() - began)
        if row.subject is not None:
            self.wake()  # the next event of the same object has waited for this one

    async def _process(self, row: Stored) -> State:
        if row.attempts > len(DELAYS) + 1:
            return await self._settle(row, "dead", "the process died at every attempt")
        handler = self._handlers.find(row.type)
        if handler is None:
            return await self._settle(row, "unhandled", "no handler for this type")
        if self._handlers.passes_over(row):
            return await self._settle(row, "done", "superseded by a newer version")
        try:
            event = Event.of(row, self._scheme)
            async with asyncio.timeout(HANDLER_TIMEOUT):
                if self._read is not None:
                    event.object = await reread(self._read, row.subject or "")
                await call(handler, event)
            if event.completed:
                await self._check_completed(row)
        except asyncio.CancelledError:
            await self._settle(row, "pending", "stopped", due=self._clock.time(), burn=False)
            raise
        except UnknownObject:
            return await self._settle(row, "done", "the provider knows no such object")
        except Exception as error:
            return await self._fail(row, error)
        return await self._settle(row, "done")

    async def _check_completed(self, row: Stored) -> None:
        found = await self._inbox.call(lambda store: store.get(row.seq))
        if found is None or found.state != "done":
            raise NotCommitted

    async def _fail(self, row: Stored, error: Exception) -> State:
        reason = describe(error)
        if isinstance(error, CircuitOpen | TooManyConcurrentCalls | RateLimited):
            wait = getattr(error, "retry_after", None) or DELAYS[1]
            due = self._clock.time() + wait
            return await self._settle(row, "pending", reason, due=due, burn=False)
        wait = None if isinstance(error, PermanentFailure) else delay(row.attempts)
        log.warning("webhooks %s event %s attempt %s: %s", row.route, row.seq, row.attempts, reason)
        if wait is None:
            return await self._settle(row, "dead", reason)
        return await self._settle(row, "pending", reason, due=self._clock.time() + wait)

    async def _settle(self, row: Stored, state: State, reason: str = "", **more: Any) -> State:
        await self._inbox.call(
            lambda store: store.settle(row.seq, row.attempts, state, reason=reason, **more)
        )
        return state


async def call(handler: Handler, event: Event) -> None:
    """Run a handler: a coroutine here, a plain function in a thread of its own."""
    if inspect.iscoroutinefunction(handler):
        await handler(event)
        return
    result = await asyncio.to_thread(handler, event)
    if inspect.isawaitable(result):
        await result


class UnknownObject(Exception):
    """The provider does not know the object of a hint: somebody made it up, or it is gone."""


async def reread(read: Read, name: str) -> Any:
    """The object of a hint, as the provider's own API has it now."""
    try:
        if inspect.iscoroutinefunction(read):
            return await read(name)
        found = await asyncio.to_thread(read, name)
        return await found if inspect.isawaitable(found) else found
    except NotFound as error:
        raise UnknownObject from error


def describe(error: BaseException) -> str:
    """The kind of a failure and where it happened, not its text, which may quote the payload.

    `PermanentFailure` and the errors of a wrapper keep theirs, which are meant to be shown.
    """
    if isinstance(error, PermanentFailure | ServiceError):
        return redact(f"{type(error).__name__}: {error}")[:DETAIL]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
