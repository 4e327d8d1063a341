"""A thread that holds a receiver's lifespan in the event loop of the process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from noctule.runtime.errors import ConfigurationError
from noctule.webhooks.errors import WebhookError
from noctule.webhooks.receiving.sync.process import is_bystander
from noctule.webhooks.receiving.sync.process_loop import PROCESS_LOOP

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from noctule.webhooks.receiving.base import BaseReceiver

log = logging.getLogger("noctule.webhooks")

T = TypeVar("T")


class LoopThread:
    """Starts its loop after `delay` seconds, or when it is first needed; at once with None, for a
    caller that waits for the result and is told of an error.

    A process that forks or ends within the delay has opened nothing.
    """

    def __init__(
        self, receiver: BaseReceiver, delay: float | None, *, forked: bool = False
    ) -> None:
        self._receiver = receiver
        self._delay = delay or 0.0
        self._forked = forked
        self._logs_error = delay is not None
        self._needed = threading.Event()
        self._ready = threading.Event()
        self._cancelled = False
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="noctule-webhooks", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive() and not self._cancelled

    def result_of(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """Run a coroutine in the loop. Raises what the lifespan raised, TimeoutError."""
        self._needed.set()
        self._ready.wait()
        if self._loop is None:
            work.close()
            raise self._error or WebhookError("the receiver was closed")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise

    def start_now(self) -> None:
        """Do not wait for the end of the delay."""
        self._needed.set()

    def stop(self) -> None:
        """End the loop after its running handlers, without waiting for that."""
        self._cancelled = True
        self._needed.set()
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):  # it has just ended
                self._loop.call_soon_threadsafe(self._stop.set)

    def join(self) -> None:
        self._thread.join()

    def _run(self) -> None:
        try:
            if not self._needed.wait(self._delay) and is_bystander(forked=self._forked):
                self._cancelled = True
            if not self._cancelled:
                PROCESS_LOOP.run(self._work())
        except (ConfigurationError, WebhookError) as error:
            self._error = error
            if self._logs_error:
                log.error("webhooks %s: not started: %s", self._receiver.route, error)  # noqa: TRY400
        except BaseException as error:
            self._error = error
            log.exception("webhooks %s: stopped", self._receiver.route)
        finally:
            self._loop = None
            self._ready.set()

    async def _work(self) -> None:
        self._stop = asyncio.Event()
        async with self._receiver.lifespan():
            self._loop = asyncio.get_running_loop()
            self._ready.set()
            if not self._cancelled:
                await self._stop.wait()
