"""A scripted provider in memory: a transport for both kinds of service."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

import msgspec

from noctule.runtime import errors
from noctule.runtime.clock import SYSTEM
from noctule.runtime.request import Headers, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping

    from noctule.runtime.clock import Clock

Failure = Literal["connect", "timeout", "reset"]


@dataclass(frozen=True)
class Received:
    """A request, as the provider received it."""

    method: str
    path: str
    """Not decoded: with percent escapes, without the query."""
    query: dict[str, str]
    headers: Headers
    body: bytes
    url: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form body; the last value of a repeated field."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


Answer = Callable[[Received], Response]


@dataclass
class _Step:
    answer: Answer
    on: str
    left: int | None
    after: float


@dataclass
class MockProvider:
    """Give it as `transport`. Steps are used in the order in which they were written.

    `times` uses a step that often, None without limit; `on` keeps a step for one route
    ("POST /v1/refunds"); `after` lets that many seconds of `clock` pass before the answer. A
    request for which no step is left raises AssertionError.
    """

    clock: Clock = SYSTEM
    requests: list[Received] = field(default_factory=list[Received])
    _script: list[_Step] = field(default_factory=list[_Step])
    closed: bool = False

    def replies(
        self,
        status: int = 200,
        *,
        json: object = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
        on: str = "",
        after: float = 0.0,
    ) -> Self:
        """Answer with this status, and `json` or `content` as the body."""
        pairs = {"content-type": "application/json"} if json is not None else {}
        pairs |= {name.lower(): value for name, value in (headers or {}).items()}
        body = msgspec.json.encode(json) if json is not None else content
        return self.answers(
            lambda _: Response(status, Headers(pairs.items()), body),
            times=times,
            on=on,
            after=after,
        )

    def fails(
        self,
        how: Failure | type[errors.ServiceError] | errors.ServiceError = "connect",
        *,
        times: int | None = 1,
        on: str = "",
        after: float = 0.0,
    ) -> Self:
        """Do not respond: "connect" refuses the connection, "reset" loses it after the request was
        sent, "timeout" is a timeout that takes no time."""

        def fail(_: Received) -> Response:
            raise _failure(how)

        return self.answers(fail, times=times, on=on, after=after)

    def answers(
        self, answer: Answer, *, times: int | None = 1, on: str = "", after: float = 0.0
    ) -> Self:
        """Answer with what `answer(received)` returns, or fail with what it raises."""
        self._script.append(_Step(answer, on, times, after))
        return self

    async def asend(self, request: Request) -> Response:
        content = request.content
        if isinstance(content, AsyncIterable):
            content = b"".join([part async for part in content])
        step, received = self._next(request, content)
        if step.after:
            await self.clock.sleep(step.after)
        return _streamed(request, step.answer(received))

    def send(self, request: Request) -> Response:
        content = request.content
        if not isinstance(content, Iterable):
            raise TypeError("an asynchronous body in a synchronous service")
        step, received = self._next(request, content)
        total = request.limits.total
        if total is not None and step.after > total:
            self.clock.block(total)
            raise errors.TimedOut
        if step.after:
            self.clock.block(step.after)
        return _streamed(request, step.answer(received))

    async def aclose(self) -> None:
        self.closed = True

    def close(self) -> None:
        self.closed = True

    def _next(self, request: Request, content: bytes | Iterable[bytes]) -> tuple[_Step, Received]:
        parts = urlsplit(request.url)
        received = Received(
            request.method,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            Headers(request.headers.items()),
            content if isinstance(content, bytes) else b"".join(content),
            request.url,
        )
        self.requests.append(received)
        route = f"{received.method} {received.path}"
        for step in self._script:
            if step.left != 0 and step.on in ("", route):
                if step.left is not None:
                    step.left -= 1
                return step, received
        raise AssertionError(f"no response is scripted for {route}, request {len(self.requests)}")


@dataclass
class _InMemory:
    """A body in memory that is read in chunks."""

    content: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self:
            yield part

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self.content), 1024):
            yield self.content[start : start + 1024]

    async def aclose(self) -> None:
        return

    def close(self) -> None:
        return


def _streamed(request: Request, response: Response) -> Response:
    if request.stream and response.status < 300:
        return Response(response.status, response.headers, body=_InMemory(response.content))
    return response


def _failure(how: Failure | type[errors.ServiceError] | errors.ServiceError) -> errors.ServiceError:
    if isinstance(how, errors.ServiceError):
        return how
    if isinstance(how, type):
        return how()
    if how == "timeout":
        return errors.TimedOut()
    error = errors.ConnectionFailed("refused" if how == "connect" else "connection lost")
    error.sent = how == "reset"
    return error
