"""The default transports: HTTP/1.1 over httpcore2, the engine of httpx2.

The engine is used directly, below httpx2's client: redirects, cookies and retries are ours to
decide, a call costs a third less, and a network stream of our own lets a thread keep to the
time of an attempt even when the provider sends one byte a second.

Nothing of what the engine's exceptions say is passed on but the system's own word for a network
error: they can quote headers.
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
from noctule.runtime.transport.response_body import AsyncStreamed, SyncStreamed, Unpacker
from noctule.runtime.transport.socket_deadline import Patient, patience

if TYPE_CHECKING:
    import ssl

    from noctule.runtime.clock import Clock

CONNECTIONS = 100
"""Per transport, unless told otherwise: more than the bulkhead lets through by default."""
KEEPALIVE = 20.0
"""Seconds an idle connection is kept: less than the 60 s of the usual load balancer, so that we
close first and a write never meets a connection the other side has just given up."""


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
        origin, wire = _wire(request, self._clock)
        pool = self._pools.get(origin.proxy)
        if pool is None:
            pool = httpcore2.AsyncConnectionPool(**_pool_options(origin.proxy, self._connections))
            self._pools[origin.proxy] = pool
        with Engine():
            answer = await pool.handle_async_request(wire)
            response, unpack = _head(answer, request)
            streamed = AsyncStreamed(answer, unpack, Engine)
            if request.stream and response.status < 300:
                response.body = streamed
            else:
                response.content = await streamed.read()
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
        origin, wire = _wire(request, self._clock)
        pool = self._pools.get(origin.proxy)
        if pool is None:
            made = httpcore2.ConnectionPool(
                network_backend=Patient(), **_pool_options(origin.proxy, self._connections)
            )
            # Two threads may both have made one; the first to be put down is used.
            pool = self._pools.setdefault(origin.proxy, made)
        total = request.limits.total
        with Engine(), patience(None if total is None else self._clock.real(total)):
            answer = pool.handle_request(wire)
            response, unpack = _head(answer, request)
            streamed = SyncStreamed(answer, unpack, Engine)
            if request.stream and response.status < 300:
                response.body = streamed
            else:
                response.content = streamed.read()
        return response

    def close(self) -> None:
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.close()


def _wire(request: Request, clock: Clock) -> tuple[Origin, httpcore2.Request]:
    before, _, rest = request.url.partition("://")
    host, slash, target = rest.partition("/")
    origin = _origin(before, host)
    headers = [(b"Host", origin.header)]
    headers += [(name.encode("ascii"), _latin(value)) for name, value in request.headers.items()]
    length = _length(request)
    if length is None:
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif length or request.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"%d" % length))
    limits = request.limits
    wire = httpcore2.Request(
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
    return origin, wire


def _length(request: Request) -> int | None:
    """Bytes of the body; None when only its end will tell."""
    if isinstance(request.content, bytes):
        return len(request.content)
    length: int | None = getattr(request.content, "length", None)
    return length


def _latin(value: str) -> bytes:
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        raise errors.ConfigurationError("a header holds a character outside latin-1") from None


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
        raise errors.ConfigurationError("the URL is not an http or https URL of a host")
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
    """As in HTTPS_PROXY: `http://user:password@host:port`, the user being optional."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    auth = None
    if parts.username is not None:
        auth = unquote(parts.username), unquote(parts.password or "")
    return httpcore2.Proxy(f"{parts.scheme}://{parts.hostname}:{parts.port or 80}", auth=auth)


@cache
def _ssl_context() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


def _head(answer: httpcore2.Response, request: Request) -> tuple[Response, Unpacker]:
    headers = Headers(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in answer.headers
    )
    unpack = Unpacker(headers.get("content-encoding", ""), request.limits.max_bytes)
    return Response(answer.status, headers), unpack


class Engine:
    """`with Engine(): …`: what the engine logs is scrubbed, what it raises becomes ours."""

    __slots__ = ("_logs",)

    def __enter__(self) -> None:
        self._logs = scrubbed_logs()
        self._logs.__enter__()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._logs.__exit__()
        ours = None if error is None else _translated(error)
        if error is not None and not isinstance(error, Exception):
            # A cancellation passes on, without the engine's frames: they hold what was sent.
            error.__traceback__ = None
        if ours is not None:
            try:
                raise ours from None
            finally:
                del ours, error, trace


def _translated(error: BaseException) -> errors.ServiceError | None:
    match error:
        case httpcore2.PoolTimeout():
            return errors.TooManyConcurrentCalls("no free connection")
        case httpcore2.ConnectError() | httpcore2.ConnectTimeout() | httpcore2.ProxyError():
            return errors.ConnectionFailed(_word(error))
        case httpcore2.TimeoutException():
            return errors.TimedOut()
        case httpcore2.NetworkError() | httpcore2.RemoteProtocolError():
            return _lost(_word(error))
        case httpcore2.LocalProtocolError():
            return errors.ConfigurationError("the request is not valid HTTP")
        case _:
            return None


def _lost(word: str) -> errors.ConnectionFailed:
    error = errors.ConnectionFailed(word)
    error.sent = True
    return error


def _word(error: BaseException) -> str:
    """The system's name for what happened, when there is one."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None and cause.errno > 0:
            return os.strerror(cause.errno)
        cause = cause.__cause__ or cause.__context__
    return "cannot connect" if isinstance(error, httpcore2.ConnectError) else "connection lost"
