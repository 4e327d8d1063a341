"""A server that misbehaves below HTTP, one step of its script per request."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from typing import Self

BODY = b'{"id":"i1","amount":3}'


class Connection:
    def __init__(self, sock: socket.socket, server: HostileServer) -> None:
        self.sock = sock
        self.server = server

    def read_request(self) -> bytes:
        """Head and body of the next request; b"" when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            if not part:
                return b""
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        while len(body) < length:
            part = self.sock.recv(65536)
            if not part:
                return b""
            body += part
        return head + b"\r\n\r\n" + body

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def drip(self, data: bytes, pause: float) -> None:
        for byte in data:
            self.send(bytes([byte]))
            if self.server.closing.wait(pause):
                return

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.sock.close()

    def answer(self, body: bytes = BODY, *, status: str = "200 OK", headers: str = "") -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        self.send(head.encode() + body)


Step = Callable[[Connection], None]


class HostileServer:
    """`with HostileServer(step, ...) as server`: then it answers properly."""

    def __init__(self, *script: Step, reset_on_accept: int = 0) -> None:
        self.script = list(script)
        self.requests: list[bytes] = []
        self.accepted = 0
        self.reset_on_accept = reset_on_accept
        self.closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.accepted += 1
            connection = Connection(sock, self)
            if self.accepted <= self.reset_on_accept:
                connection.reset()
            else:
                self._start(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        sock = connection.sock
        sock.settimeout(0.1)
        with sock, contextlib.suppress(OSError):
            while not self.closing.is_set():
                try:
                    request = connection.read_request()
                except TimeoutError:
                    continue
                if not request:
                    return
                self.requests.append(request)
                step = self.script.pop(0) if self.script else Connection.answer
                sock.settimeout(None)
                step(connection)
                sock.settimeout(0.1)


# Faults


def reset_after_request(c: Connection) -> None:
    c.reset()


def close_after_request(c: Connection) -> None:
    c.close()


def reset_during_head(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nContent-")
    c.reset()


def reset_during_body(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n" + BODY[:10])
    c.reset()


def half_close(c: Connection) -> None:
    """FIN in the middle of the body, and the socket stays open to read."""
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n" + BODY[:10])
    c.sock.shutdown(socket.SHUT_WR)
    c.server.closing.wait(1)


def truncated_chunk(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + BODY[:10])
    c.close()


def missing_last_chunk(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + BODY + b"\r\n")
    c.close()


def length_too_long(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + BODY)
    c.close()


def oversized_header(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\nX-Big: " + b"a" * 300_000 + b"\r\n\r\n")
    c.close()


def endless_headers(c: Connection) -> None:
    c.send(b"HTTP/1.1 200 OK\r\n")
    with contextlib.suppress(OSError):
        while not c.server.closing.is_set():
            c.send(b"X-More: " + b"a" * 1000 + b"\r\n")


def no_http(c: Connection) -> None:
    c.send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    c.close()


def bad_status_line(c: Connection) -> None:
    c.send(b"HTTP/1.1 abc what\r\n\r\n")
    c.close()


def damaged_gzip_tail(c: Connection) -> None:
    packed = zlib.compress(BODY, wbits=31)[:-6]
    c.answer(packed, headers="Content-Encoding: gzip\r\n")


def drip_head(c: Connection) -> None:
    with contextlib.suppress(OSError):
        c.drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 500, 0.02)


def drip_body(c: Connection) -> None:
    with contextlib.suppress(OSError):
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")
        c.drip(b" " * 500, 0.02)


def silence(c: Connection) -> None:
    start = time.monotonic()
    c.sock.settimeout(5)
    with contextlib.suppress(OSError):
        while time.monotonic() - start < 5 and c.sock.recv(1) and not c.server.closing.is_set():
            pass


LOST: tuple[Step, ...] = (
    reset_after_request,
    close_after_request,
    reset_during_head,
    reset_during_body,
    half_close,
    truncated_chunk,
    missing_last_chunk,
    length_too_long,
    oversized_header,
    endless_headers,
    no_http,
    bad_status_line,
)
"""The answer is lost; whether the request had its effect, nobody knows."""

SLOW: tuple[Step, ...] = (drip_head, drip_body, silence)
"""Longer than an attempt may take, although bytes keep coming."""
