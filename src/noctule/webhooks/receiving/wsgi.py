"""A receiver for threads: Django, Flask and any WSGI server.

    webhooks = SyncReceiver(receiver)
    response = webhooks.take(environ)   # in a view; `webhooks` itself is a WSGI application

A receiver belongs to one event loop. Here that loop runs in its own thread, which starts with the
first delivery: a server that forks its workers has one in each.
"""

from __future__ import annotations

import asyncio
import atexit
import threading
from http.client import responses
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from noctule.runtime import fork
from noctule.webhooks.errors import Reason, Rejection

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from noctule.webhooks.receiving.receiver import Receiver
    from noctule.webhooks.receiving.response import WebhookResponse

RESPONSE_SECONDS = 15.0
"""How long a thread waits for the response; the receiver gives one much sooner."""
UNPREFIXED = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
"""Headers whose WSGI names do not start with HTTP_."""

T = TypeVar("T")


class SyncReceiver:
    """Runs a receiver for threads. The first delivery raises what `Receiver.lifespan` raises."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        fork.register(self)

    def after_fork(self) -> None:
        """The child has no such thread: its first delivery starts another one."""
        self._lock = threading.Lock()
        fork.abandon(self._loop, self._stop)
        self._loop = self._stop = self._thread = None
        atexit.unregister(self.close)

    def take(self, environ: Mapping[str, Any], body: bytes | None = None) -> WebhookResponse:
        """Take one delivery. `body` is its exact bytes; None reads them from the environ."""
        try:
            content = _read_body(environ, self._receiver.max_body) if body is None else body
        except Rejection as rejection:
            return self._receiver.reject(rejection)
        method = str(environ.get("REQUEST_METHOD", "POST"))
        return self._result_of(
            self._receiver.deliver(method, _url(environ), list(_headers(environ)), content)
        )

    def __call__(
        self, environ: Mapping[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """The WSGI application."""
        response = self.take(environ)
        length = ("content-length", str(len(response.body)))
        status = f"{response.status} {responses.get(response.status, '')}".strip()
        start_response(status, [*response.headers, length])
        return [response.body]

    def drain(self) -> None:
        """Return when no event is due and no handler runs. For tests."""
        self._result_of(self._receiver.drain())

    def close(self) -> None:
        """Stop the loop after the running handlers; a later delivery starts it again."""
        with self._lock:
            loop, stop, thread = self._loop, self._stop, self._thread
            self._loop = None
        if loop is not None and stop is not None and thread is not None:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            atexit.unregister(self.close)

    def _result_of(self, work: Coroutine[Any, Any, T]) -> T:
        try:
            loop = self._running_loop()
        except BaseException:
            work.close()
            raise
        return asyncio.run_coroutine_threadsafe(work, loop).result(RESPONSE_SECONDS)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = self._start()
                atexit.register(self.close)
            return self._loop

    def _start(self) -> asyncio.AbstractEventLoop:
        ready = threading.Event()
        errors: list[BaseException] = []
        loops: list[asyncio.AbstractEventLoop] = []

        async def main() -> None:
            self._stop = asyncio.Event()
            async with self._receiver.lifespan():
                loops.append(asyncio.get_running_loop())
                ready.set()
                await self._stop.wait()

        def run() -> None:
            try:
                asyncio.run(main())
            except BaseException as error:
                errors.append(error)
            finally:
                ready.set()

        self._thread = threading.Thread(target=run, name="noctule-webhooks", daemon=True)
        self._thread.start()
        ready.wait()
        if errors:
            raise errors[0]
        return loops[0]


def _read_body(environ: Mapping[str, Any], limit: int) -> bytes:
    """The body, at most `limit` bytes of it. Raises Rejection."""
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
        elif name in UNPREFIXED and value:
            yield UNPREFIXED[name], str(value)


def _url(environ: Mapping[str, Any]) -> str:
    """The address that was called, as far as WSGI has it (PEP 3333): the path is decoded."""
    scheme = environ.get("wsgi.url_scheme", "http")
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}"
    query = environ.get("QUERY_STRING", "")
    return f"{scheme}://{host}{quote(path, encoding='latin-1')}" + (f"?{query}" if query else "")
