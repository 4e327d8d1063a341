"""The event loop of this process, in a thread of its own while a receiver uses it.

All receivers share it: green threads are one thread to asyncio, which runs one loop in a thread.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

from noctule.runtime import fork

if TYPE_CHECKING:
    from collections.abc import Coroutine


class ProcessLoop:
    """Runs coroutines of any thread in one loop."""

    def __init__(self) -> None:
        self._reset()
        fork.register(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def after_fork(self) -> None:
        """The child has no such thread."""
        fork.abandon(self._loop, self._stop, self._thread)
        self._reset()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end, while the calling thread waits. Raises what it raises."""
        with self._lock:
            loop = self._loop or self._start()
            self._users += 1
        try:
            asyncio.run_coroutine_threadsafe(work, loop).result()
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._end(loop)

    def _start(self) -> asyncio.AbstractEventLoop:
        ready = threading.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def main() -> None:
            self._stop = asyncio.Event()
            loops.append(asyncio.get_running_loop())
            ready.set()
            await self._stop.wait()

        def run() -> None:
            asyncio.run(main())

        self._thread = threading.Thread(target=run, name="noctule-loop", daemon=True)
        self._thread.start()
        ready.wait()
        self._loop = loops[0]
        return self._loop

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stop is not None and self._thread is not None:
            loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
        self._loop = self._stop = self._thread = None


PROCESS_LOOP = ProcessLoop()
