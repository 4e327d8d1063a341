"""A socket that knows when the attempt is over.

A read timeout starts anew with each byte, so a provider that drips can hold a thread for hours.
These streams cut every read and write at what is left of the attempt.
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


class _Thread(local):
    until: float | None = None


_thread = _Thread()


@contextmanager
def patience(seconds: float | None) -> Generator[None]:
    """Reads and writes of this thread end within `seconds` of the machine's clock."""
    _thread.until = None if seconds is None else time.monotonic() + seconds
    try:
        yield
    finally:
        _thread.until = None


def _left(timeout: float | None, over: type[Exception]) -> float | None:
    until = _thread.until
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise over
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Patient(httpcore2.SyncBackend):
    """The engine's network, with streams that keep to `patience`."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Stream(super().connect_tcp(host, port, left, local_address, socket_options))
