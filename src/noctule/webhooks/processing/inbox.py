"""The inbox: one writer thread in front of the store, many deliveries in one commit.

A delivery is answered when its commit is on disk. The deliveries that arrive during one commit
share the next one, and its fsync. No delivery waits for a timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections import defaultdict
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from noctule.runtime import fork
from noctule.runtime.timer import TimeLimit
from noctule.webhooks.errors import Busy, EventConflict, InboxError
from noctule.webhooks.processing.pace import WriterPace
from noctule.webhooks.store.open import default_place, open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noctule.webhooks.store.base import Delivery, InboxStore, Receipt

__all__ = ["Inbox", "default_place", "open_store"]

T = TypeVar("T")

MEMORY = ":memory:"
GROUP_ROWS = 512
CONFLICTS = 5
"""How often a group is tried while other hosts store the same events."""
GROUP_BYTES = 4 << 20
WAITING_ROWS = 2048
WAITING_BYTES = 64 << 20


class _Job(Generic[T]):
    """A function of the store that the writer thread runs and a coroutine waits for."""

    __slots__ = ("delivery", "function", "future", "loop", "result", "size")

    def __init__(
        self, function: Callable[[InboxStore], T], size: int = 0, delivery: Delivery | None = None
    ) -> None:
        self.function = function
        self.size = size
        self.delivery = delivery
        """What the function stores; waiting deliveries are stored together."""
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[T] = self.loop.create_future()
        self.result: T | BaseException | None = None

    def resolve(self) -> None:
        if self.future.done():
            return
        if isinstance(self.result, BaseException):
            self.future.set_exception(self.result)
        else:
            self.future.set_result(cast("T", self.result))


def _put(delivery: Delivery) -> _Job[Receipt]:
    def store_alone(store: InboxStore) -> Receipt:
        return store.accept([delivery])[0]

    return _Job(store_alone, len(delivery.request.body) + 1024, delivery)


class Inbox:
    """Deliveries on disk. `place` is a file, ":memory:" or a PostgreSQL address; by default the
    environment's `NOCTULE_INBOX`, else `.noctule/inbox.sqlite3`, read when it is opened.

    Several receivers may share one: it is open from the first `open` to the last `close`.
    """

    def __init__(self, place: str | Path | None = None) -> None:
        self._place = place
        self.put_count = 0
        """How many deliveries were put in."""
        self._reset()
        fork.register(self)

    def _reset(self) -> None:
        self._users = 0
        self._thread: threading.Thread | None = None
        self._queue: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._counting = threading.Lock()
        self._rows = 0
        self._bytes = 0
        self._oldest = 0.0
        """When the first of the waiting jobs came."""
        self._pace = WriterPace()
        self._next_commits: list[_Job[None]] = []
        """Who waits for the end of the commit in progress."""

    def after_fork(self) -> None:
        """The child has neither the thread nor its store: the inbox is closed there."""
        fork.abandon(self._queue)
        self._reset()

    @property
    def is_open(self) -> bool:
        return self._users > 0

    async def open(self) -> None:
        """Open the store in its thread. Raises InboxError; nothing is open then."""
        if (
            queue.SimpleQueue is not SimpleQueue
        ):  # a green thread would wait for it, with all others
            raise InboxError(
                "gevent replaced the threads after noctule was imported: call"
                " gevent.monkey.patch_all() first, in gunicorn.conf.py, or leave --preload out"
            )
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
        """Finish the waiting jobs, then close the store."""
        self._users -= 1
        if self._users or self._thread is None:
            return
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    async def put(self, delivery: Delivery, within: float | None = None) -> Receipt:
        """Store a delivery; returns when it is on disk.

        Raises Busy if too many wait, and TimeoutError after `within` seconds; it may still be
        stored then.
        """
        if self._rows >= WAITING_ROWS or self._bytes >= WAITING_BYTES:
            raise Busy("too many deliveries are waiting for the disk")
        self.put_count += 1
        with TimeLimit(within):
            return await self._submit(_put(delivery))

    def expected_wait(self) -> float:
        """Seconds that the first of the waiting deliveries will have waited, if one more is put in
        now, as far as can be told; 0 while nothing is written."""
        return self._pace.expected(monotonic(), self._rows, self._oldest)

    async def commit_ended(self, within: float) -> None:
        """Return at the end of the commit in progress, or after `within` seconds."""
        job: _Job[None] = _Job(_nothing)
        with self._counting:
            self._next_commits.append(job)
        with contextlib.suppress(TimeoutError), TimeLimit(within):
            await job.future

    async def call(self, function: Callable[[InboxStore], T]) -> T:
        """Run a function of the store in the writer thread.

        It may share a transaction with others, and runs again if that fails.
        """
        return await self._submit(_Job(function))

    async def read(self, function: Callable[[InboxStore], T]) -> T:
        """Run a function that only reads and may be slow, beside the writer.

        It has its own store, except for an inbox in memory.
        """
        place = self.place
        if place == MEMORY:
            return await self.call(function)

        def read_there() -> T:
            store = open_store(place)
            try:
                return function(store)
            finally:
                store.close()

        return await asyncio.to_thread(read_there)

    @property
    def place(self) -> str:
        """The file or address of the store."""
        return str(self._place if self._place is not None else default_place())

    @property
    def waiting(self) -> int:
        """How many deliveries and other jobs wait for the writer."""
        return self._rows

    def _submit(self, job: _Job[T]) -> asyncio.Future[T]:
        if not self.is_open:
            raise InboxError("the inbox is not open: the receiver's lifespan is not running")
        with self._counting:
            if not self._rows:
                self._oldest = monotonic()
            self._rows += 1
            self._bytes += job.size
        self._queue.put(job)
        return job.future

    def _run(self, place: str, opened: _Job[None]) -> None:
        try:
            store = open_store(place)
        except Exception as error:
            opened.result = error
            self._resolve([opened], monotonic())
            return
        self._resolve([opened], monotonic())
        try:
            while self._step(store):
                pass
        finally:
            store.close()

    def _step(self, store: InboxStore) -> bool:
        """Run the waiting jobs, or wait for one; False after `close`."""
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
            self._oldest = monotonic()  # of those that are left, which just came
        if group:
            self._pace.begin(monotonic(), len(group))
            _run_group(store, group)
            now = monotonic()
            self._pace.end(now)
            with self._counting:
                waiting, self._next_commits = self._next_commits, []
            self._resolve([*group, *waiting], now)
        return job is not None

    def _resolve(self, jobs: list[_Job[Any]], now: float) -> None:
        """Wake the coroutines with one call per event loop; loops that are closed are skipped."""
        by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = defaultdict(list)
        for job in jobs:
            by_loop[job.loop].append(job)
        for loop, group in by_loop.items():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._resolve_all, group, now)

    def _resolve_all(self, jobs: list[_Job[Any]], ended_at: float) -> None:
        self._pace.heard(monotonic() - ended_at)
        for job in jobs:
            job.resolve()


def _run_group(store: InboxStore, group: list[_Job[Any]]) -> None:
    """Run all jobs in one commit. If the store refuses, all fail; if one of them raises another
    error, each runs alone, so that only that one fails."""
    for _ in range(CONFLICTS):
        try:
            _run_together(store, group)
        except EventConflict:
            continue
        except InboxError as error:
            return _refuse(group, error)
        except Exception:
            return _run_alone(store, group)
        return None
    return _refuse(group, InboxError("the inbox refused: other hosts keep storing the same events"))


def _run_together(store: InboxStore, group: list[_Job[Any]]) -> None:
    others = [job for job in group if job.delivery is None]
    if not others:
        _store(store, group)  # a transaction of its own
        return
    with store.transaction():
        _store(store, [job for job in group if job.delivery is not None])
        for job in others:
            job.result = job.function(store)


def _store(store: InboxStore, puts: list[_Job[Any]]) -> None:
    receipts = store.accept([put.delivery for put in puts if put.delivery]) if puts else []
    for put, receipt in zip(puts, receipts, strict=True):
        put.result = receipt


def _run_alone(store: InboxStore, group: list[_Job[Any]]) -> None:
    for job in group:
        try:
            job.result = job.function(store)
        except Exception as error:
            job.result = error


def _refuse(group: list[_Job[Any]], error: InboxError) -> None:
    for job in group:
        job.result = error


def _nothing(_: InboxStore) -> None:
    pass
