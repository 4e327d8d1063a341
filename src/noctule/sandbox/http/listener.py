"""The loopback port of the fake provider: it listens or refuses, and leaves nothing open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING

from noctule.sandbox.http.connection import MAX_HEAD, ClientConnection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

HOST = "127.0.0.1"


class Listener:
    """Accepts connections on one port of 127.0.0.1 and hands each to `serve`."""

    def __init__(self, serve: Callable[[ClientConnection], Awaitable[None]]) -> None:
        self._serve = serve
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], ClientConnection] = {}
        self._socket: socket.socket | None = None
        self.port = 0

    async def listen(self) -> None:
        """Accept connections; the port stays the same over `refuse` and `listen`."""
        if self._server is None:
            reserved = self._reserve()
            self._server = await asyncio.start_server(self._accept, sock=reserved, limit=MAX_HEAD)
            self._socket = None

    async def refuse(self) -> None:
        """Close the port, so that connections are refused, and drop the open ones."""
        await self._stop_listening()
        # Bound but not listening: connections are refused, and no other program gets the port.
        self._reserve()

    async def close(self) -> None:
        await self._stop_listening()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _stop_listening(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for connection in self._connections.values():
            connection.reset()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _reserve(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket()
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((HOST, self.port))
            self.port = self._socket.getsockname()[1]
        return self._socket

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        connection = ClientConnection(reader, writer)
        self._connections[task] = connection
        try:
            await self._serve(connection)
        except asyncio.CancelledError:
            # Only `_stop_listening` cancels; asyncio.streams would report it as an error.
            pass
        finally:
            del self._connections[task]
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()
