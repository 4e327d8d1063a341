"""Between threads and a receiver, for Django, Flask and any WSGI server.

    inbox = SyncReceiver(receiver)
    answer = inbox.take(environ)        # in a view; or serve `inbox` itself, a WSGI application

A receiver lives in one event loop. Here that loop has a thread of its own, which starts with the
first delivery: a server that forks its workers gets one in each.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from http.client import responses
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from noctule.webhooks.errors import Reason, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from noctule.webhooks.receiving.intake import WebhookResponse
    from noctule.webhooks.receiving.receiver import Receiver

PATIENCE = 15.0
"""Seconds a thread waits for its answer; the receiver itself gives one much sooner."""
UNNAMED = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
"""Headers that WSGI has under names without HTTP_."""

T = TypeVar("T")


class SyncReceiver:
    """Runs a receiver for threads. The first delivery raises what `Receiver.lifespan` raises."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._process = 0

    def take(self, environ: Mapping[str, Any], body: bytes | None = None) -> WebhookResponse:
        """Take one delivery. `body` are its exact bytes; None reads them from the environ."""
        try:
            content = _read(environ, self._receiver.max_body) if body is None else body
        except Rejection as rejection:
            return self._receiver.reject(rejection)
        method = str(environ.get("REQUEST_METHOD", "POST"))
        return self._run(
            self._receiver.deliver(method, _url(environ), list(_headers(environ)), content)
        )

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """The WSGI application."""
        answer = self.take(environ)
        length = ("content-length", str(len(answer.body)))
        status = f"{answer.status} {responses.get(answer.status, '')}".strip()
        start_response(status, [*answer.headers, length])
        return [answer.body]

    def drain(self) -> None:
        """Return when no event is due and no handler runs. For tests."""
        self._run(self._receiver.drain())

    def close(self) -> None:
        """End the loop, with the receiver's grace for handlers; a later delivery starts it."""
        with self._lock:
            loop, over, thread = self._loop, self._over, self._thread
            self._loop = None
        if loop is not None and over is not None and thread is not None:
            loop.call_soon_threadsafe(over.set)
            thread.join()
            atexit.unregister(self.close)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            loop = self._running()
        except BaseException:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._process != os.getpid():
                self._loop = self._start()
                self._process = os.getpid()
                atexit.register(self.close)
            return self._loop

    def _start(self) -> asyncio.AbstractEventLoop:
        ready = threading.Event()
        failed: list[BaseException] = []
        started: list[asyncio.AbstractEventLoop] = []

        async def live() -> None:
            self._over = asyncio.Event()
            async with self._receiver.lifespan():
                started.append(asyncio.get_running_loop())
                ready.set()
                await self._over.wait()

        def run() -> None:
            try:
                asyncio.run(live())
            except BaseException as error:
                failed.append(error)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="noctule-webhooks", daemon=True)
        self._thread.start()
        ready.wait()
        if failed:
            raise failed[0]
        return started[0]


def _read(environ: Mapping[str, Any], limit: int) -> bytes:
    """The body, never more than `limit` bytes of it."""
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isascii() or not length.isdigit():
        return b""
    if int(length[:18]) > limit:
        raise Rejection(Reason.BODY_TOO_LARGE)
    return bytes(environ["wsgi.input"].read(int(length)))


def _headers(environ: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            yield name[5:].replace("_", "-").lower(), str(value)
        elif name in UNNAMED and value:
            yield UNNAMED[name], str(value)


def _url(environ: Mapping[str, Any]) -> str:
    """The address as it was called, as far as WSGI says (PEP 3333): the path comes decoded."""
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = environ.get("QUERY_STRING", "")
    return f"{scheme}://{host}{quote(path, encoding='latin-1')}" + (f"?{query}" if query else "")
