"""The pools of connections of each event loop: one per proxy. Only async services load this.

A connection belongs to the loop that opened it. When a loop ends as `asyncio.run` ends it, its
connections are closed by an asynchronous generator: the loop closes all that are left.
"""

from __future__ import annotations

import asyncio
import select
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

import httpcore2

from noctule.runtime import fork
from noctule.runtime.transport.pools import PoolOptions
from noctule.runtime.transport.sockets import OPEN_STREAMS

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Iterable

    from noctule.runtime.transport.proxies import Proxy


class _LoopStream(httpcore2.AsyncNetworkStream):
    """A stream whose `transport` is closed with it, unless another one took it over."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, transport: Any) -> None:
        self._stream = stream
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        # The methods themselves: a coroutine around each read and write would cost 1 % of a call.
        for name in ("read", "write", "aclose"):
            setattr(self, name, getattr(stream, name))
        self._socket = stream.get_extra_info("socket")
        OPEN_STREAMS.add(self)

    def get_extra_info(self, info: str) -> Any:
        """The engine asks twice in each call whether there is something to read, and anyio would
        collect all attributes of the socket for it: 2 % of a call."""
        if info == "socket":
            return self._socket
        if info != "is_readable" or self._socket is None or not hasattr(select, "poll"):
            return self._stream.get_extra_info(info)
        if self._socket.fileno() < 0:
            return True
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def __del__(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            with suppress(RuntimeError):  # the loop is closed: see `close_transports`
                self._loop.call_soon_threadsafe(transport.abort)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        transport, self._transport = self._transport, None
        return _LoopStream(stream, transport)


class LoopBackend(httpcore2.AsyncNetworkBackend):
    """The engine's network backend for one event loop."""

    def __init__(self) -> None:
        self._backend: Any = httpcore2.AnyIOBackend()
        self._transports: WeakSet[Any] = WeakSet()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        # No public name leads from a stream of anyio to its transport.
        transport = getattr(getattr(stream, "_stream", None), "_transport", None)
        if transport is not None:
            self._transports.add(transport)
        return _LoopStream(stream, transport)

    def close_transports(self) -> None:
        """Close the sockets, although the loop is closed: a transport of asyncio does that in a
        callback, which its loop no longer runs."""
        for transport in list(self._transports):
            close = getattr(transport, "_call_connection_lost", None)
            if close is not None and getattr(transport, "_sock", None) is not None:
                with suppress(RuntimeError):  # somebody in that loop would be woken
                    close(None)


class _LoopEntry:
    """The pools of one loop, and the streams under them."""

    def __init__(self) -> None:
        self.pools: dict[Proxy | None, httpcore2.AsyncConnectionPool] = {}
        self.backend = LoopBackend()
        self._closer = _closer(self.pools)

    async def open(self) -> None:
        await anext(self._closer)

    async def close(self) -> None:
        await _close_all(self.pools)
        # It is at work already if the loop is ending.
        with suppress(RuntimeError):
            await self._closer.aclose()

    def close_from_elsewhere(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop has just been closed
            loop.call_soon_threadsafe(lambda: loop.create_task(_close_all(self.pools)))

    def drop(self) -> None:
        """The loop is closed, and nothing can be awaited there."""
        self.backend.close_transports()
        self.pools.clear()


async def _closer(pools: dict[Proxy | None, httpcore2.AsyncConnectionPool]) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        await _close_all(pools)


async def _close_all(pools: dict[Proxy | None, httpcore2.AsyncConnectionPool]) -> None:
    while pools:
        await pools.popitem()[1].aclose()


class LoopPools(PoolOptions):
    """The pools of each event loop that uses a transport, from any thread."""

    def __init__(self, connections: int, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(connections, tls)
        self._entries: dict[asyncio.AbstractEventLoop, _LoopEntry] = {}
        fork.register(self)

    def pool(self, proxy: Proxy | None) -> httpcore2.AsyncConnectionPool | None:
        """The pool of the running loop; None: `open` it first."""
        entry = self._entries.get(asyncio.get_running_loop())
        return None if entry is None else entry.pools.get(proxy)

    async def open(self, proxy: Proxy | None) -> httpcore2.AsyncConnectionPool:
        loop = asyncio.get_running_loop()
        options = self.options(proxy)
        entry = self._entries.get(loop)
        if entry is None:
            self._drop_closed_loops()
            entry = self._entries[loop] = _LoopEntry()
            await entry.open()
        pool = httpcore2.AsyncConnectionPool(network_backend=entry.backend, **options)
        return entry.pools.setdefault(proxy, pool)

    def _drop_closed_loops(self) -> None:
        for loop in list(self._entries):
            if loop.is_closed() and (entry := self._entries.pop(loop, None)) is not None:
                entry.drop()

    async def close(self) -> None:
        """Close the connections of the running loop, and let other loops close theirs."""
        self._drop_closed_loops()
        own = self._entries.pop(asyncio.get_running_loop(), None)
        for loop, entry in list(self._entries.items()):
            entry.close_from_elsewhere(loop)
        if own is not None:
            await own.close()

    def after_fork(self) -> None:
        fork.abandon(self._entries)
        self._entries = {}
