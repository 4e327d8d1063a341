"""Socket streams with a deadline.

A read timeout starts again with each byte, so a provider that sends a byte now and then can block
a thread for hours. These streams limit every read and write to what is left of the attempt.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from threading import local
from typing import TYPE_CHECKING, Any

import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Iterable


class _ThreadLocal(local):
    until: float | None = None


_thread = _ThreadLocal()


@contextmanager
def thread_deadline(seconds: float | None) -> Generator[None]:
    """Reads and writes of this thread end within `seconds` of the machine's clock."""
    _thread.until = None if seconds is None else time.monotonic() + seconds
    try:
        yield
    finally:
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

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
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


class DeadlineBackend(httpcore2.SyncBackend):
    """The engine's network backend, with streams that keep to `thread_deadline`."""

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
