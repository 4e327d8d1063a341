"""The inbox: one writer thread before the store, many deliveries in one commit.

A delivery is answered when the commit that holds it is on disk. While one commit runs, the next
deliveries gather; together they cost one fsync. Nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections import defaultdict, deque
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from noctule.webhooks.errors import Busy, InboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from noctule.webhooks.store.base import Delivery, Receipt, Store

T = TypeVar("T")

DEFAULT = ".noctule/inbox.sqlite3"
GROUP_ROWS = 512
GROUP_BYTES = 4 << 20
WAITING_ROWS = 2048
WAITING_BYTES = 64 << 20


def default_place() -> str:
    """Where the inbox lies unless the receiver says: `NOCTULE_INBOX`, or a file right here."""
    return os.environ.get("NOCTULE_INBOX") or DEFAULT


def open_store(place: str) -> Store:
    """The store at a place, for use by the calling thread; raises InboxError."""
    if place.startswith(("postgresql://", "postgres://")):
        from noctule.webhooks.store.postgres import PostgresStore

        return PostgresStore(place)
    from noctule.webhooks.store.sqlite import SqliteStore

    return SqliteStore(place)


class _Job(Generic[T]):
    """Something a coroutine waits for and the writer's thread answers."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.result: T | BaseException | None = None

    def tell(self) -> None:
        if self.future.done():
            return
        if isinstance(self.result, BaseException):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(cast("T", self.result))


class _Put(_Job["Receipt"]):
    def __init__(self, delivery: Delivery) -> None:
        super().__init__()
        self.delivery = delivery
        self.size = len(delivery.request.body) + 1024


class _Call(_Job[Any]):
    def __init__(self, function: Callable[[Store], Any]) -> None:
        super().__init__()
        self.function = function


class Inbox:
    """Deliveries on disk. `place` is a file, ":memory:" or a PostgreSQL address; the default is
    the environment's `NOCTULE_INBOX`, else `.noctule/inbox.sqlite3`, read when it is opened.

    Several receivers may share one; it is open from the first `open` to the last `close`.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        self._place = place
        self._users = 0
        self._thread: threading.Thread | None = None
        self._ready = threading.Condition()
        self._puts: deque[_Put] = deque()
        self._calls: deque[_Call] = deque()
        self._bytes = 0
        self._closing = False

    @property
    def is_open(self) -> bool:
        return self._users > 0

    async def open(self) -> None:
        """Open the store in its thread. Raises InboxError, and then nothing is open."""
        self._users += 1
        if self._users > 1:
            return
        place = str(self._place if self._place is not None else default_place())
        opened: _Job[Any] = _Job()
        self._closing = False
        self._thread = threading.Thread(
            target=self._run, args=(place, opened), name="noctule-inbox", daemon=True
        )
        self._thread.start()
        try:
            await opened.future
        except BaseException:
            self._users = 0
            raise

    async def close(self) -> None:
        """Finish what waits, then close the store."""
        self._users -= 1
        if self._users or self._thread is None:
            return
        with self._ready:
            self._closing = True
            self._ready.notify()
        await asyncio.to_thread(self._thread.join)

    async def put(self, delivery: Delivery) -> Receipt:
        """Store a delivery; returns when it is on disk. Raises Busy if too many wait."""
        self._check_open()
        job = _Put(delivery)
        with self._ready:
            if len(self._puts) >= WAITING_ROWS or self._bytes >= WAITING_BYTES:
                raise Busy("too many deliveries wait for the disk")
            self._bytes += job.size
            self._puts.append(job)
            self._ready.notify()
        return await job.future

    async def call(self, function: Callable[[Store], T]) -> T:
        """Run a function of the store in the writer's thread."""
        self._check_open()
        job = _Call(function)
        with self._ready:
            self._calls.append(job)
            self._ready.notify()
        return cast("T", await job.future)

    def _check_open(self) -> None:
        if not self.is_open:
            raise InboxError("the inbox is not open: the receiver's lifespan does not run")

    def _run(self, place: str, opened: _Job[Any]) -> None:
        try:
            store = open_store(place)
        except Exception as error:
            opened.result = error
            _tell([opened])
            return
        _tell([opened])
        try:
            while self._step(store):
                pass
        finally:
            store.close()

    def _step(self, store: Store) -> bool:
        """Do what waits; False once closing and nothing waits."""
        with self._ready:
            self._ready.wait_for(lambda: self._puts or self._calls or self._closing)
            group = list(self._take())
            calls = list(self._calls)
            self._calls.clear()
        if group:
            _commit(store, group)
            _tell(group)
        for call in calls:
            _attempt(call, partial(call.function, store))
        _tell(calls)
        return bool(group or calls or not self._closing)

    def _take(self) -> Iterable[_Put]:
        size = rows = 0
        while self._puts and rows < GROUP_ROWS and size < GROUP_BYTES:
            job = self._puts.popleft()
            rows += 1
            size += job.size
            self._bytes -= job.size
            yield job


def _commit(store: Store, group: list[_Put]) -> None:
    """One commit for all. If the store refuses, it refuses all of them; if a delivery is at
    fault, one commit for each, so that it fails alone."""
    try:
        for job, receipt in zip(group, store.accept([job.delivery for job in group]), strict=True):
            job.result = receipt
    except InboxError as error:
        for job in group:
            job.result = error
    except Exception:
        for job in group:
            _attempt(job, partial(_accept_alone, store, job.delivery))


def _accept_alone(store: Store, delivery: Delivery) -> Receipt:
    return store.accept([delivery])[0]


def _attempt(job: _Job[T], function: Callable[[], T]) -> None:
    try:
        job.result = function()
    except Exception as error:
        job.result = error


def _tell(jobs: Iterable[_Job[Any]]) -> None:
    """Wake the coroutines, with one call per event loop; a loop that has ended hears nothing."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = defaultdict(list)
    for job in jobs:
        by_loop[job.loop].append(job)
    for loop, group in by_loop.items():
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_tell_all, group)


def _tell_all(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        job.tell()
