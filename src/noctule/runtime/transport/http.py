"""The default transports: HTTP/1.1 over httpcore2, the engine of httpx2.

The engine is used directly, without httpx2's client: redirects, cookies and retries are decided
elsewhere, a call costs a third less, and a network stream of our own lets a thread keep to the
time of an attempt even when the provider sends one byte a second.

Of the engine's exceptions, only the system's name of a network error is passed on: their messages
can quote headers.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import httpcore2

from noctule.runtime import errors
from noctule.runtime.clock import SYSTEM
from noctule.runtime.redaction import scrubbed_logs
from noctule.runtime.request import Headers, Request, Response
from noctule.runtime.transport.response_body import AsyncEngineBody, Decompressor, SyncEngineBody
from noctule.runtime.transport.socket_deadline import DeadlineBackend, thread_deadline

if TYPE_CHECKING:
    import ssl

    from noctule.runtime.clock import Clock

CONNECTIONS = 100
"""Per transport by default: more than the bulkhead's default concurrency."""
KEEPALIVE = 20.0
"""Seconds for which an idle connection is kept: less than the 60 s of the usual load balancer, so
that a write is never sent on a connection that the other side is closing."""


class Origin(NamedTuple):
    scheme: bytes
    host: bytes
    port: int | None
    header: bytes
    """The Host header."""
    proxy: str | None


class HttpTransport:
    """For asyncio."""

    def __init__(self, *, clock: Clock = SYSTEM, connections: int = CONNECTIONS) -> None:
        self._clock = clock
        self._connections = connections
        self._pools: dict[str | None, httpcore2.AsyncConnectionPool] = {}

    async def asend(self, request: Request) -> Response:
        origin, engine_request = _engine_request(request, self._clock)
        pool = self._pools.get(origin.proxy)
        if pool is None:
            pool = httpcore2.AsyncConnectionPool(**_pool_options(origin.proxy, self._connections))
            self._pools[origin.proxy] = pool
        with EngineBoundary():
            engine_response = await pool.handle_async_request(engine_request)
            response, decompress = _head(engine_response, request)
            body = AsyncEngineBody(engine_response, decompress, EngineBoundary)
            if request.stream and response.status < 300:
                response.body = body
            else:
                response.content = await body.read()
        return response

    async def aclose(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()


class SyncHttpTransport:
    """For threads; one may be shared by all of them."""

    def __init__(self, *, clock: Clock = SYSTEM, connections: int = CONNECTIONS) -> None:
        self._clock = clock
        self._connections = connections
        self._pools: dict[str | None, httpcore2.ConnectionPool] = {}

    def send(self, request: Request) -> Response:
        origin, engine_request = _engine_request(request, self._clock)
        pool = self._pools.get(origin.proxy)
        if pool is None:
            new_pool = httpcore2.ConnectionPool(
                network_backend=DeadlineBackend(), **_pool_options(origin.proxy, self._connections)
            )
            # Two threads may each have created one; the first one to be stored is used.
            pool = self._pools.setdefault(origin.proxy, new_pool)
        total = request.limits.total
        with EngineBoundary(), thread_deadline(None if total is None else self._clock.real(total)):
            engine_response = pool.handle_request(engine_request)
            response, decompress = _head(engine_response, request)
            body = SyncEngineBody(engine_response, decompress, EngineBoundary)
            if request.stream and response.status < 300:
                response.body = body
            else:
                response.content = body.read()
        return response

    def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()


def _engine_request(request: Request, clock: Clock) -> tuple[Origin, httpcore2.Request]:
    scheme, _, rest = request.url.partition("://")
    host, slash, target = rest.partition("/")
    origin = _origin(scheme, host)
    headers = [(b"Host", origin.header)]
    headers += [(name.encode("ascii"), _latin(value)) for name, value in request.headers.items()]
    length = _length(request)
    if length is None:
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif length or request.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"%d" % length))
    limits = request.limits
    engine_request = httpcore2.Request(
        request.method,
        httpcore2.URL(
            scheme=origin.scheme,
            host=origin.host,
            port=origin.port,
            target=(slash or "/").encode() + target.encode("ascii"),
        ),
        headers=headers,
        content=request.content,
        extensions={
            "timeout": {
                "connect": None if limits.connect is None else clock.real(limits.connect),
                "pool": None if limits.pool is None else clock.real(limits.pool),
                "read": clock.real(limits.total) if request.stream and limits.total else None,
            }
        },
    )
    return origin, engine_request


def _length(request: Request) -> int | None:
    """Bytes of the body; None when that is not known in advance."""
    if isinstance(request.content, bytes):
        return len(request.content)
    length: int | None = getattr(request.content, "length", None)
    return length


def _latin(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise errors.ConfigurationError("a header contains a character outside latin-1") from None


@lru_cache(maxsize=256)
def _origin(scheme: str, netloc: str) -> Origin:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    try:
        parts = urlsplit(f"{scheme}://{netloc}")
        port, host = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        raise errors.ConfigurationError("the URL is malformed") from None
    if scheme not in ("http", "https") or not host or parts.username is not None:
        raise errors.ConfigurationError("the URL must be an http or https URL with a host")
    proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(scheme)
    header = netloc.encode("ascii") if host.isascii() and netloc.isascii() else host
    return Origin(scheme.encode(), host, port, header, proxy)


def _pool_options(proxy: str | None, connections: int) -> dict[str, Any]:
    return {
        "proxy": None if proxy is None else _proxy(proxy),
        "ssl_context": _ssl_context(),
        "max_connections": connections,
        "max_keepalive_connections": connections,
        "keepalive_expiry": KEEPALIVE,
    }


def _proxy(url: str) -> httpcore2.Proxy:
    """From the form of HTTPS_PROXY: `http://user:password@host:port`; the user is optional."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username), unquote(parts.password or "")
    return httpcore2.Proxy(f"{parts.scheme}://{parts.hostname}:{parts.port or 80}", auth=auth)


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


def _head(response: httpcore2.Response, request: Request) -> tuple[Response, Decompressor]:
    headers = Headers(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
    )
    decompress = Decompressor(headers.get("content-encoding", ""), request.limits.max_bytes)
    return Response(response.status, headers), decompress


class EngineBoundary:
    """`with EngineBoundary(): …`: redacts what the engine logs, and translates its errors."""

    __slots__ = ("_logs",)

    def __enter__(self) -> None:
        self._logs = scrubbed_logs()
        self._logs.__enter__()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._logs.__exit__()
        service_error = None if error is None else _translate(error)
        if error is not None and not isinstance(error, Exception):
            # A cancellation is passed on without the engine's frames, which hold what was sent.
            error.__traceback__ = None
        if service_error is not None:
            try:
                raise service_error from None
            finally:
                del service_error, error, trace


def _translate(error: BaseException) -> errors.ServiceError | None:
    match error:
        case httpcore2.PoolTimeout():
            return errors.TooManyConcurrentCalls("no free connection")
        case httpcore2.ConnectError() | httpcore2.ConnectTimeout() | httpcore2.ProxyError():
            return errors.ConnectionFailed(_reason(error))
        case httpcore2.TimeoutException():
            return errors.TimedOut()
        case httpcore2.NetworkError() | httpcore2.RemoteProtocolError():
            return _connection_lost(_reason(error))
        case httpcore2.LocalProtocolError():
            return errors.ConfigurationError("the request is not valid HTTP")
        case _:
            return None


def _connection_lost(reason: str) -> errors.ConnectionFailed:
    error = errors.ConnectionFailed(reason)
    error.sent = True
    return error


def _reason(error: BaseException) -> str:
    """The system's name of the error, when there is one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return "cannot connect" if isinstance(error, httpcore2.ConnectError) else "connection lost"
