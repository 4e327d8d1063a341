"""The inbox: one writer thread before the store, many deliveries in one commit.

A delivery is answered when the commit that holds it is on disk. While one commit runs, the next
deliveries gather; together they cost one fsync. Nobody waits for a timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import defaultdict
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from noctule.runtime.timer import TimeLimit
from noctule.webhooks.errors import Busy, EventConflict, InboxError
from noctule.webhooks.store.open import default_place, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from noctule.webhooks.store.base import Delivery, Receipt, Store

__all__ = ["Inbox", "default_place", "open_store"]

T = TypeVar("T")

MEMORY = ":memory:"
GROUP_ROWS = 512
CONFLICTS = 5
"""Times that a group is tried while other hosts store the same events."""
GROUP_BYTES = 4 << 20
WAITING_ROWS = 2048
WAITING_BYTES = 64 << 20


class _Job(Generic[T]):
    """A function of the store that a coroutine waits for and the writer's thread runs."""

    __slots__ = ("delivery", "function", "future", "loop", "result", "size")

    def __init__(
        self, function: Callable[[Store], T], size: int = 0, delivery: Delivery | None = None
    ) -> None:
        self.function = function
        self.size = size
        self.delivery = delivery
        """What the function stores; deliveries that wait together are stored together."""
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


def _put(delivery: Delivery) -> _Job[Receipt]:
    def alone(store: Store) -> Receipt:
        return store.accept([delivery])[0]

    return _Job(alone, len(delivery.request.body) + 1024, delivery)


class Inbox:
    """Deliveries on disk. `place` is a file, ":memory:" or a PostgreSQL address; the default is
    the environment's `NOCTULE_INBOX`, else `.noctule/inbox.sqlite3`, read when it is opened.

    Several receivers may share one; it is open from the first `open` to the last `close`.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        self._place = place
        self._users = 0
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._counting = threading.Lock()
        self._rows = 0
        self._bytes = 0
        self.taken = 0
        """How many deliveries were put in since it was made."""

    @property
    def is_open(self) -> bool:
        return self._users > 0

    async def open(self) -> None:
        """Open the store in its thread. Raises InboxError, and then nothing is open."""
        self._users += 1
        if self._users > 1:
            return
        place = self.place
        opened: _Job[None] = _Job(lambda _: None)
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
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def put(self, delivery: Delivery, within: float | None = None) -> Receipt:
        """Store a delivery; returns when it is on disk.

        Raises Busy if too many wait, and TimeoutError after `within` seconds: then it may still
        come to be stored.
        """
        if self._rows >= WAITING_ROWS or self._bytes >= WAITING_BYTES:
            raise Busy("too many deliveries wait for the disk")
        self.taken += 1
        with TimeLimit(within):
            return await self._submit(_put(delivery))

    async def call(self, function: Callable[[Store], T]) -> T:
        """Run a function of the store in the writer's thread.

        It may share a transaction with others, and is run again if that fails.
        """
        return await self._submit(_Job(function))

    async def read(self, function: Callable[[Store], T]) -> T:
        """Run a function that only reads, and may take its time, beside the writer.

        It has a store of its own, but for an inbox in memory.
        """
        place = self.place
        if place == MEMORY:
            return await self.call(function)

        def work() -> T:
            store = open_store(place)
            try:
                return function(store)
            finally:
                store.close()

        return await asyncio.to_thread(work)

    @property
    def place(self) -> str:
        """Where it lies."""
        return str(self._place if self._place is not None else default_place())

    @property
    def waiting(self) -> int:
        """How many deliveries and other jobs wait for the writer."""
        return self._rows

    def _submit(self, job: _Job[T]) -> asyncio.Future[T]:
        if not self.is_open:
            raise InboxError("the inbox is not open: the receiver's lifespan does not run")
        with self._counting:
            self._rows += 1
            self._bytes += job.size
        self._queue.put(job)
        return job.future

    def _run(self, place: str, opened: _Job[None]) -> None:
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
        """Do what waits, or wait for something to do; False once closing."""
        group: list[_Job[Any]] = []
        size = 0
        job = self._queue.get()
        while job is not None:
            group.append(job)
            size += job.size
            if len(group) == GROUP_ROWS or size >= GROUP_BYTES or self._queue.empty():
                break
            job = self._queue.get()
        with self._counting:
            self._rows -= len(group)
            self._bytes -= size
        if group:
            _do(store, group)
            _tell(group)
        return job is not None


def _do(store: Store, group: list[_Job[Any]]) -> None:
    """One commit for all. If the store refuses, it refuses all of them; if one of them is at
    fault, each is done alone, so that it fails alone."""
    for _ in range(CONFLICTS):
        try:
            with store.transaction():
                _do_together(store, group)
        except EventConflict:
            continue
        except InboxError as error:
            return _refuse(group, error)
        except Exception:
            return _do_alone(store, group)
        return None
    return _refuse(group, InboxError("the inbox refused: other hosts keep storing the same events"))


def _do_together(store: Store, group: list[_Job[Any]]) -> None:
    puts = [job for job in group if job.delivery is not None]
    receipts = store.accept([job.delivery for job in puts if job.delivery]) if puts else []
    for put, receipt in zip(puts, receipts, strict=True):
        put.result = receipt
    for job in group:
        if job.delivery is None:
            job.result = job.function(store)


def _do_alone(store: Store, group: list[_Job[Any]]) -> None:
    for job in group:
        try:
            job.result = job.function(store)
        except Exception as error:
            job.result = error


def _refuse(group: list[_Job[Any]], error: InboxError) -> None:
    for job in group:
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
