"""A receiver for threads: Django, Flask and any WSGI server.

    webhooks = SyncReceiver(receiver)
    response = webhooks.take(environ)   # in a view; `webhooks` itself is a WSGI application
    webhooks.start()                    # where the application is created

A receiver belongs to one event loop. Here that loop runs in a thread of its own, one in each
process that serves: processes share the inbox, in which each event is claimed by one of them.
"""

from __future__ import annotations

import atexit
import os
import threading
from http.client import responses
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote
from weakref import WeakSet

from noctule.runtime import fork
from noctule.runtime.errors import ConfigurationError
from noctule.webhooks.errors import Rejection, WebhookError
from noctule.webhooks.receiving.sync.body import read_body
from noctule.webhooks.receiving.sync.loop_thread import LoopThread
from noctule.webhooks.receiving.sync.process import has_green_threads, imports_only

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from noctule.webhooks.receiving.base import BaseReceiver
    from noctule.webhooks.receiving.response import WebhookResponse
    from noctule.webhooks.receiving.sync.body import BodyStream

RESPONSE_SECONDS = 15.0
"""How long a thread waits for the response; the receiver gives one much sooner."""
START_SECONDS = 1.0
"""After `start`, a server that is going to fork has forked, and a short command has ended."""
UNPREFIXED = {"CONTENT_TYPE": "content-type", "CONTENT_LENGTH": "content-length"}
"""Headers whose WSGI names do not start with HTTP_."""

T = TypeVar("T")


class SyncReceiver:
    """Runs a receiver for threads."""

    def __init__(self, receiver: BaseReceiver) -> None:
        self.receiver = receiver
        self._lock = threading.Lock()
        self._loop: LoopThread | None = None
        self._started = False
        """Whether `start` was called; processes that are forked later inherit it."""
        self._serves = False
        """Whether this process has had a request."""
        _ALL.add(self)
        fork.register(self)

    def start(self) -> None:
        """Process stored events in this process from now on, or in the processes that it forks.

        Without it, processing starts with the first delivery of each process: after a restart, the
        events that wait would wait for that delivery. Call it where the application is created. The
        inbox is opened a second later. Does nothing under pytest, and in Flask's commands other
        than `run`.

        Raises MissingSecrets naming every missing variable, InvalidSecret, ConfigurationError.
        """
        if imports_only():
            return
        self.receiver.check()
        self._started = True
        self._running(START_SECONDS)

    def on_request(self, *_: Any, **__: Any) -> None:
        """The same, at once, for a hook that is called before every request of the application:
        where nothing calls `start`, any request starts it. Never raises, and does not wait."""
        if not self._serves and not imports_only():
            self._serves = True
            self._running(0.0).start_now()

    def take(
        self, environ: Mapping[str, Any], body: bytes | BodyStream | None = None
    ) -> WebhookResponse:
        """Take one delivery.

        `body` is its exact bytes; or a request that has them, such as Django's; None reads them
        from the environ, in which Flask's request is found.
        """
        self._serves = True
        method, url = str(environ.get("REQUEST_METHOD", "POST")), _url(environ)
        headers = list(_headers(environ))
        receiver = self.receiver
        try:
            try:
                content = self._content(environ, body)
            except Rejection as rejection:
                return self._result_of(receiver.refuse(method, url, headers, rejection))
            return self._result_of(receiver.deliver(method, url, headers, content))
        except (ConfigurationError, WebhookError, TimeoutError) as error:
            return receiver.unavailable(str(error) or "the receiver does not answer")

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
        self._result_of(self.receiver.drain())

    def close(self) -> None:
        """Stop after the running handlers; a later delivery starts it again."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.stop()
            loop.join()

    def _content(self, environ: Mapping[str, Any], body: bytes | BodyStream | None) -> bytes:
        if isinstance(body, bytes):
            return body
        return read_body(environ, self.receiver.max_body, body)

    def _result_of(self, work: Coroutine[Any, Any, T]) -> T:
        return self._running(None).result_of(work, RESPONSE_SECONDS)

    def _running(self, delay: float | None) -> LoopThread:
        """The one thread of this process, which starts after a delay if it is not there yet."""
        fork.check()
        with self._lock:
            if self._loop is None or not self._loop.is_alive:
                if self._loop is not None:  # its handlers may still run
                    self._loop.join()
                self._loop = LoopThread(self.receiver, delay)
            return self._loop

    def after_fork(self) -> None:
        """The child has no such thread. It starts one if this process was to work, and forks."""
        fork.abandon(self._loop)
        self._lock = threading.Lock()
        self._loop = None
        if self._started and not self._serves and not has_green_threads():
            self._loop = LoopThread(self.receiver, START_SECONDS, forked=True)
        self._serves = False

    def after_fork_in_parent(self) -> None:
        """A process that has forked before its first request leaves the work to its children."""
        if self._loop is not None and not self._serves:
            self._loop.stop()


_ALL: WeakSet[SyncReceiver] = WeakSet()


def _after_in_parent() -> None:
    for receiver in list(_ALL):
        receiver.after_fork_in_parent()


def _at_exit() -> None:
    for receiver in list(_ALL):
        receiver.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_parent=_after_in_parent)
# Before the threads that run handlers refuse work: `atexit` alone would be too late, and of these
# callbacks the last one registered runs first, so that of the threads has to be there already.
import_module("concurrent.futures.thread")
getattr(threading, "_register_atexit", atexit.register)(_at_exit)


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
