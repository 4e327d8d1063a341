"""The way of a request: the host to connect to, and the proxy on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.origin import DEFAULT_PORTS, Origin, origin_of

if TYPE_CHECKING:
    from noctule.runtime.transport.proxies import Proxy

MAX_ROUTES = 256


class Route(NamedTuple):
    origin: Origin
    scheme: bytes
    host: bytes
    port: int | None
    """None for the scheme's own: a proxy is told the URL as it would be written."""
    header: bytes
    """The Host header."""
    proxy: Proxy | None


class Routes:
    """The routes of a transport, by scheme and host of the URL. The environment is read when the
    first request goes to a host."""

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}

    def find(self, start: str) -> Route:
        """`start` is the URL up to its path. Raises `ConfigurationError`."""
        route = self._routes.get(start)
        if route is None:
            route = _route(start)
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            self._routes[start] = route
        return route


def _route(start: str) -> Route:
    from noctule.runtime.transport.proxies import proxy_for  # at the first request, not at import

    try:
        origin = origin_of(start)
    except ValueError:
        raise ConfigurationError("the URL must be an http or https URL with a host") from None
    return Route(
        origin,
        origin.scheme.encode(),
        origin.host.encode(),
        None if origin.port == DEFAULT_PORTS[origin.scheme] else origin.port,
        origin.netloc.encode(),
        proxy_for(origin),
    )
