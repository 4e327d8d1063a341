"""The pools of connections of one process: one per proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import httpcore2

from noctule.runtime import fork
from noctule.runtime.transport.sockets import ThreadBackend
from noctule.runtime.transport.tls_context import DEFAULT

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from noctule.runtime.transport.proxies import Proxy

KEEPALIVE = 20.0
"""Seconds for which an idle connection is kept: less than the 60 s of the usual load balancer, so
that a write is never sent on a connection that the other side is closing."""


class PoolOptions:
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


class ThreadPools(PoolOptions):
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
