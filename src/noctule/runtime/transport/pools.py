"""The pools of connections: one per proxy, of one process, and for asyncio of one event loop.

A connection belongs to the loop that opened it. When a loop ends as `asyncio.run` ends it, its
connections are closed by an asynchronous generator: the loop closes all that are left.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import httpcore2

from noctule.runtime import fork
from noctule.runtime.transport.sockets import LoopBackend, ThreadBackend
from noctule.runtime.transport.tls import DEFAULT

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable

    from noctule.runtime.transport.proxies import Proxy

KEEPALIVE = 20.0
"""Seconds for which an idle connection is kept: less than the 60 s of the usual load balancer, so
that a write is never sent on a connection that the other side is closing."""


class _PoolOptions:
    """`tls` gives the context for connections to providers; it is asked in each process."""

    def __init__(self, connections: int, tls: Callable[[], ssl.SSLContext]) -> None:
        self._connections = connections
        self._tls = tls

    def options(self, proxy: Proxy | None) -> dict[str, Any]:
        return {
            "proxy": None if proxy is None else _engine_proxy(proxy),
            "ssl_context": self._tls(),
            "max_connections": self._connections,
            "max_keepalive_connections": self._connections,
            "keepalive_expiry": KEEPALIVE,
        }


def _engine_proxy(proxy: Proxy) -> httpcore2.Proxy:
    user = None if proxy.auth is None else tuple(part.encode() for part in proxy.auth)
    return httpcore2.Proxy(
        httpcore2.URL(scheme=proxy.scheme, host=proxy.host, port=proxy.port, target="/"),
        auth=cast("tuple[bytes, bytes] | None", user),
        ssl_context=DEFAULT() if proxy.scheme == "https" else None,
    )


class ThreadPools(_PoolOptions):
    """The pools of one process, which its threads share."""

    def __init__(self, connections: int, tls: Callable[[], ssl.SSLContext]) -> None:
        super().__init__(connections, tls)
        self._pools: dict[Proxy | None, httpcore2.ConnectionPool] = {}
        fork.register(self)

    def pool(self, proxy: Proxy | None) -> httpcore2.ConnectionPool:
        pool = self._pools.get(proxy)
        if pool is None:
            new_pool = httpcore2.ConnectionPool(
                network_backend=ThreadBackend(), **self.options(proxy)
            )
            # Two threads may each have created one; the first one to be stored is used.
            pool = self._pools.setdefault(proxy, new_pool)
        return pool

    def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()

    def after_fork(self) -> None:
        fork.abandon(self._pools)
        self._pools = {}


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


class LoopPools(_PoolOptions):
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
