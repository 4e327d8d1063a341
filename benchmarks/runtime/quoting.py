"""A provider that quotes whatever it is told, in whichever way it fails."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

STATUS = {"400": "Bad Request", "401": "Unauthorized", "429": "Too Many", "500": "Oh"}
FAULTS = (
    "fits",
    "unfit",
    "no JSON",
    "too large",
    *STATUS,
    "redirect",
    "no HTTP",
    "reset",
    "silence",
    "cancelled",
)

HANDSHAKE = b"\x16"
"""How TLS begins, which is not spoken here."""


@dataclass
class Case:
    fault: str
    body: Any
    """Of an answer that is well, or only does not fit."""


class Quoting:
    """`async with Quoting() as server`. The header `X-Case` of a request is what `add` returned."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        """Those of the latest calls: whoever looks at them empties it."""
        self._cases: list[Case] = []
        self._closing = asyncio.Event()

    def add(self, case: Case) -> int:
        self._cases.append(case)
        return len(self._cases) - 1

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._closing.set()
        self._server.close()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError):
                while await self._answer(await read_request(reader), writer):
                    await writer.drain()
        finally:
            writer.close()

    async def _answer(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection can be used again."""
        self.requests.append(request)
        case = self._cases[int(header_of(request, b"x-case"))]
        line = request.partition(b"\r\n")[0]
        quoted = b"X-Echo: " + line + b"\r\nX-Token: " + header_of(request, b"authorization")
        quoted += b"\r\nSet-Cookie: session=" + header_of(request, b"authorization") + b"\r\n"
        body = request.replace(b"\r\n", b" ")
        match case.fault:
            case "silence" | "cancelled":
                await self._closing.wait()
                return False
            case "reset":
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, linger
                )
                return False
            case "no HTTP":
                writer.write(b"SSH-2.0 " + quoted + b"\r\n")
                return False
            case "redirect":
                away = line.split()[1]
                where = b"Location: https://127.0.0.1:%d%s\r\n" % (self.port, away)
                write_answer(writer, b"302 Found", where + quoted, body)
            case "fits" | "unfit":
                write_answer(writer, b"200 OK", quoted, json.dumps(case.body).encode())
            case fault:
                status = f"{fault} {STATUS[fault]}" if fault in STATUS else "200 OK"
                write_answer(writer, status.encode(), quoted, body)
        return True


def write_answer(writer: asyncio.StreamWriter, status: bytes, headers: bytes, body: bytes) -> None:
    length = b"Content-Length: %d\r\n" % len(body)
    writer.write(b"HTTP/1.1 " + status + b"\r\n" + length + headers + b"\r\n" + body)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    first = await reader.readexactly(1)
    if first == HANDSHAKE:
        raise EOFError
    head = first + await reader.readuntil(b"\r\n\r\n")
    if header_of(head, b"transfer-encoding"):
        return head + await reader.readuntil(b"0\r\n\r\n")
    return head + await reader.readexactly(int(header_of(head, b"content-length") or 0))


def header_of(request: bytes, name: bytes) -> bytes:
    for line in request.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        header, _, value = line.partition(b":")
        if header.lower() == name:
            return value.strip()
    return b""
