"""One accepted connection: plain HTTP/1.1 in, and out whatever a bad night sends.

Faults need the socket itself (a reset, half a body, a byte a second), which no server
framework hands out; this one speaks only as much HTTP as a client under test needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024


class Unreadable(Exception):
    """What came in is no HTTP/1.1 request, or one beyond the bounds."""


@dataclass(frozen=True, slots=True)
class Incoming:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it meets the wire. Headers carry no content-length; the wire adds it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def encoded(self, *, head_only: bool = False) -> bytes:
        """The bytes of the answer."""
        headers = dict(self.headers)
        if self.status != 204 and "transfer-encoding" not in headers:
            headers["content-length"] = str(len(self.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {self.status} {_phrase(self.status)}\r\n{lines}\r\n".encode("latin-1")
        return head if head_only or self.status == 204 else head + self.body


class Wire:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.open = True

    async def receive(self) -> Incoming | None:
        """The next request; None when the client has gone. Raises Unreadable."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            method, target, headers = _parse_head(head)
            if headers.get("expect", "").lower() == "100-continue":
                await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await self._body(headers)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except (asyncio.LimitOverrunError, ValueError) as error:
            raise Unreadable("not a readable HTTP/1.1 request") from error
        return Incoming(method, target, headers, body)

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def client_gone(self) -> None:
        """Return once the client has left, whatever it still sends."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def finish(self) -> None:
        """Close in good order (FIN)."""
        self.open = False
        self._writer.close()

    def reset(self) -> None:
        """Close with a RST: what the client has not read is lost."""
        self.open = False
        raw = self._writer.get_extra_info("socket")
        if raw is not None:
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def _body(self, headers: dict[str, str]) -> bytes:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunks()
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= MAX_BODY:
            raise Unreadable(f"a body of {length} bytes is beyond {MAX_BODY}")
        return await self._reader.readexactly(length)

    async def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = await self._reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            if size < 0 or len(body) + size > MAX_BODY:
                raise Unreadable(f"a chunked body beyond {MAX_BODY} bytes")
            chunk = await self._reader.readexactly(size + 2)
            if size == 0:
                return bytes(body)
            body += chunk[:-2]


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    request, *lines = head[:-4].decode("latin-1").split("\r\n")
    method, target, version = request.split(" ")
    if version not in {"HTTP/1.1", "HTTP/1.0"}:
        raise ValueError(version)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(line)
        name = name.lower()
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return method, target, headers


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
