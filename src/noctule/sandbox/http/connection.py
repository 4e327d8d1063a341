"""One accepted connection: HTTP/1.1 requests in, and out any bytes, well-formed or not.

Faults need the socket itself (a reset, half a body, a byte a second), which no server
framework gives access to. h11 parses the requests.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

if TYPE_CHECKING:
    import asyncio

MAX_HEAD = 64 * 1024
MAX_BODY = 16 * 1024 * 1024
VERSIONS = (b"1.0", b"1.1")
READ_SIZE = 64 * 1024


class Unreadable(Exception):
    """The bytes are not an HTTP/1.1 request, or the request is larger than the bounds."""


@dataclass(frozen=True, slots=True)
class IncomingRequest:
    """One request. Header names are in lower case; repeated headers are joined with a comma."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class FakeResponse:
    """One response, before it is encoded. `encoded` adds the content-length."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def encoded(self, *, head_only: bool = False) -> bytes:
        """The bytes of the response."""
        headers = dict(self.headers)
        if self.status != 204 and "transfer-encoding" not in headers:
            headers["content-length"] = str(len(self.body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"HTTP/1.1 {self.status} {_phrase(self.status)}\r\n{lines}\r\n".encode("latin-1")
        return head if head_only or self.status == 204 else head + self.body


class ClientConnection:
    """A client's connection. `open` until `finish` or `reset`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._unparsed = b""
        """Bytes of the next request that came with the last one."""
        self.open = True

    async def receive(self) -> IncomingRequest | None:
        """The next request; None when the client has left. Raises Unreadable."""
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        if self._unparsed:
            parser.receive_data(self._unparsed)
        request: h11.Request | None = None
        body = bytearray()
        try:
            while True:
                event = parser.next_event()
                if isinstance(event, h11.Request):
                    request = event
                    _check(request)
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > MAX_BODY:
                        raise Unreadable(f"the body is larger than {MAX_BODY} bytes")
                elif isinstance(event, h11.EndOfMessage) and request is not None:
                    self._unparsed = parser.trailing_data[0]
                    return _request(request, bytes(body))
                elif event is h11.NEED_DATA:
                    if parser.they_are_waiting_for_100_continue:
                        await self._continue(parser)
                    data = await self._reader.read(READ_SIZE)
                    if not data:
                        return None
                    parser.receive_data(data)
                else:
                    return None
        except ConnectionError:
            return None
        except h11.RemoteProtocolError as error:
            raise Unreadable("not a readable HTTP/1.1 request") from error

    async def _continue(self, parser: h11.Connection) -> None:
        interim = h11.InformationalResponse(status_code=100, headers=[], reason=b"Continue")
        await self.send(parser.send(interim) or b"")

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def client_gone(self) -> None:
        """Return once the client has left, whatever it still sends."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(READ_SIZE):
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


def _check(request: h11.Request) -> None:
    if request.http_version not in VERSIONS:
        raise Unreadable("not an HTTP/1.1 request")
    length = dict(request.headers).get(b"content-length", b"0")
    if int(length) > MAX_BODY:
        raise Unreadable(f"the body is larger than {MAX_BODY} bytes")


def _request(request: h11.Request, body: bytes) -> IncomingRequest:
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    method, target = request.method.decode("latin-1"), request.target.decode("latin-1")
    return IncomingRequest(method, target, headers, body)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
