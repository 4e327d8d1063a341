"""The default transports: HTTP/1.1 over httpcore2, the engine of httpx2.

The engine is used directly, without httpx2's client: redirects, cookies and retries are decided
elsewhere, a call costs a third less, and a network stream of our own lets a thread keep to the
time of an attempt even when the provider sends one byte a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpcore2

from noctule.runtime import errors, fork
from noctule.runtime.clock import SYSTEM
from noctule.runtime.redaction import scrubbed_logs
from noctule.runtime.request import Headers, Request, Response
from noctule.runtime.transport.network_errors import translate
from noctule.runtime.transport.pools import ThreadPools
from noctule.runtime.transport.response_body import AsyncEngineBody, Decompressor, SyncEngineBody
from noctule.runtime.transport.route import Route, Routes
from noctule.runtime.transport.sockets import ThreadDeadline
from noctule.runtime.transport.tls_context import DEFAULT, TlsContext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.clock import Clock
    from noctule.runtime.transport.tls import Tls

CONNECTIONS = 100
"""Per transport by default: more than the bulkhead's default concurrency."""


class _NoContent:
    """No chunk, for threads and for event loops: the engine would frame and write an empty one."""

    def __iter__(self) -> Iterator[bytes]:
        return iter(())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


NO_CONTENT = _NoContent()


class HttpTransport:
    """For asyncio: any number of event loops, one after the other or in several threads.

    `connections` are the most that each loop has. Raises `ConfigurationError` for a `tls` whose
    files cannot be used.
    """

    def __init__(
        self, *, clock: Clock = SYSTEM, connections: int = CONNECTIONS, tls: Tls | None = None
    ) -> None:
        from noctule.runtime.transport.loop_pools import LoopPools

        self._clock = clock
        self._routes = Routes()
        self._pools = LoopPools(connections, DEFAULT if tls is None else TlsContext(tls))

    async def asend(self, request: Request) -> Response:
        fork.check()
        route, engine_request = _engine_request(request, self._routes, self._clock)
        pool = self._pools.pool(route.proxy) or await self._pools.open(route.proxy)
        boundary = EngineBoundary(route)
        with boundary:
            engine_response = await pool.handle_async_request(engine_request)
            response, decompress = _head(engine_response, request)
            body = AsyncEngineBody(engine_response, decompress, boundary)
            if request.stream and response.status < 300:
                response.body = body
            else:
                response.content = await body.read()
        return response

    async def aclose(self) -> None:
        await self._pools.close()


class SyncHttpTransport:
    """For threads; one may be shared by all of them, and by the children of a fork."""

    def __init__(
        self, *, clock: Clock = SYSTEM, connections: int = CONNECTIONS, tls: Tls | None = None
    ) -> None:
        self._clock = clock
        self._routes = Routes()
        self._pools = ThreadPools(connections, DEFAULT if tls is None else TlsContext(tls))

    def send(self, request: Request) -> Response:
        fork.check()
        route, engine_request = _engine_request(request, self._routes, self._clock)
        pool = self._pools.pool(route.proxy)
        boundary, total = EngineBoundary(route), request.limits.total
        with (
            boundary,
            ThreadDeadline(None if total is None else self._clock.real(total)),
        ):
            engine_response = pool.handle_request(engine_request)
            response, decompress = _head(engine_response, request)
            body = SyncEngineBody(engine_response, decompress, boundary)
            if request.stream and response.status < 300:
                response.body = body
            else:
                response.content = body.read()
        return response

    def close(self) -> None:
        self._pools.close()


def _engine_request(
    request: Request, routes: Routes, clock: Clock
) -> tuple[Route, httpcore2.Request]:
    scheme, _, rest = request.url.partition("://")
    host, slash, target = rest.partition("/")
    route = routes.find(f"{scheme}://{host}")
    headers = [(b"Host", route.header)]
    try:
        headers += [
            (name.encode("ascii"), value.encode("latin-1"))
            for name, value in request.headers.items()
        ]
    except UnicodeEncodeError:
        raise errors.ConfigurationError("a header contains a character outside latin-1") from None
    length = _length(request)
    if length is None:
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif length or request.method in ("POST", "PUT", "PATCH"):
        headers.append((b"Content-Length", b"%d" % length))
    limits = request.limits
    engine_request = httpcore2.Request(
        request.method,
        httpcore2.URL(
            scheme=route.scheme,
            host=route.host,
            port=route.port,
            target=(slash or "/").encode() + target.encode("ascii"),
        ),
        content=NO_CONTENT if request.content == b"" else request.content,
        extensions={
            "timeout": {
                "connect": None if limits.connect is None else clock.real(limits.connect),
                "pool": None if limits.pool is None else clock.real(limits.pool),
                "read": clock.real(limits.total) if request.stream and limits.total else None,
            }
        },
    )
    # Not as an argument: the engine would check each name and value for what they are.
    engine_request.headers = headers
    return route, engine_request


def _length(request: Request) -> int | None:
    """Bytes of the body; None when that is not known in advance."""
    if isinstance(request.content, bytes):
        return len(request.content)
    length: int | None = getattr(request.content, "length", None)
    return length


def _head(response: httpcore2.Response, request: Request) -> tuple[Response, Decompressor]:
    headers = Headers(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers
    )
    decompress = Decompressor(headers.get("content-encoding", ""), request.limits.max_bytes)
    return Response(response.status, headers), decompress


class EngineBoundary:
    """`with boundary: …`, any number of times: redacts what the engine logs, and translates its
    errors."""

    __slots__ = ("_logs", "_route")

    def __init__(self, route: Route) -> None:
        self._route = route
        self._logs = scrubbed_logs()

    def __enter__(self) -> None:
        self._logs.__enter__()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._logs.__exit__()
        service_error = None if error is None else translate(error, self._route)
        if error is not None and not isinstance(error, Exception):
            # A cancellation is passed on without the engine's frames, which hold what was sent.
            error.__traceback__ = None
        if service_error is not None:
            try:
                raise service_error from None
            finally:
                del service_error, error, trace
