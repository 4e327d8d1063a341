"""The sockets under the engine: with a deadline in threads, and known, so that a forked child can
let go of those of its parent.

A read timeout starts again with each byte, so a provider that sends a byte now and then can block
a thread for hours. The streams of a thread limit every read and write to what is left of the
attempt.
"""

from __future__ import annotations

import os
import time
from threading import local
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpcore2

from noctule.runtime import fork

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


class _OpenStreams:
    """The streams of this process. A child closes its copies of their sockets, below TLS and the
    event loop: nothing is sent, and the parent's loop goes on listening to them."""

    def __init__(self) -> None:
        self._streams: WeakSet[Any] = WeakSet()
        fork.register(self)

    def add(self, stream: Any) -> None:
        self._streams.add(stream)

    def after_fork(self) -> None:
        streams, self._streams = list(self._streams), WeakSet()
        fork.abandon(*streams)
        nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for stream in streams:
            sock = stream.get_extra_info("socket")
            number = sock.fileno() if sock is not None else -1
            if number >= 0:
                # The number stays taken, so that whoever closes it later closes nothing else.
                os.dup2(nowhere, number, inheritable=False)
        os.close(nowhere)


OPEN_STREAMS = _OpenStreams()


class _ThreadLocal(local):
    until: float | None = None


_thread = _ThreadLocal()


class ThreadDeadline:
    """`with ThreadDeadline(seconds): …`: reads and writes of this thread end within so many seconds
    of the machine's clock."""

    __slots__ = ("_seconds",)

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        _thread.until = None if self._seconds is None else time.monotonic() + self._seconds

    def __exit__(self, *exc: object) -> None:
        _thread.until = None


def _time_left(timeout: float | None, expired: type[Exception]) -> float | None:
    until = _thread.until
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise expired
    return left if timeout is None else min(left, timeout)


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream
        OPEN_STREAMS.add(self)

    def __del__(self) -> None:
        # The engine forgets connections that a SOCKS proxy refuses.
        self._stream.close()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:  # the end of a message that needs none
            return
        self._stream.write(buffer, _time_left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _time_left(timeout, httpcore2.ConnectTimeout)
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class ThreadBackend(httpcore2.SyncBackend):
    """The engine's network backend, with streams that keep to `ThreadDeadline`."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _time_left(timeout, httpcore2.ConnectTimeout)
        return _DeadlineStream(super().connect_tcp(host, port, left, local_address, socket_options))
