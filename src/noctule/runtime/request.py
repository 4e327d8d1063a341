"""One HTTP request and its response, as transports carry them."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, overload

import msgspec

T = TypeVar("T")

Content = bytes | Iterable[bytes] | AsyncIterable[bytes]


class Headers(Mapping[str, str]):
    """Response headers; names are not case sensitive, repeated ones are joined with a comma."""

    __slots__ = ("_names", "_values")

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._names: str | None = None
        self._values: dict[str, str] = {}
        for name, value in pairs:
            key = name.lower()
            before = self._values.get(key)
            self._values[key] = value if before is None else f"{before}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    @overload
    def get(self, key: str, /) -> str | None: ...

    @overload
    def get(self, key: str, default: str | T, /) -> str | T: ...

    def get(self, key: str, default: object = None, /) -> object:
        # The mixin's raises and catches a KeyError, which is ten times as slow.
        return self._values.get(key.lower(), default)

    @property
    def names(self) -> str:
        """All names, in lower case, one on each line: the fastest way to see that a kind of header
        is not there."""
        if self._names is None:
            self._names = "\n".join(self._values)
        return self._names

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self._values)}>"


class Limits(msgspec.Struct):
    """Limits of one attempt: seconds in total and per phase, redirects that are followed, and bytes
    of the response."""

    total: float | None = 10.0
    connect: float | None = 3.0
    pool: float | None = 3.0
    max_bytes: int = 32 * 1024 * 1024
    max_redirects: int = 5

    def within(self, total: float | None) -> Limits:
        """These, with other seconds in total."""
        return Limits(total, self.connect, self.pool, self.max_bytes, self.max_redirects)


@dataclass(slots=True)
class Request:
    """One HTTP request. `url` is absolute. Its repr shows neither query, headers nor body."""

    method: str
    url: str = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    content: Content = field(default=b"", repr=False)
    limits: Limits = field(default_factory=Limits, repr=False)
    stream: bool = False
    """Leave the body of a successful response unread; the caller reads and closes it."""

    def copy(self) -> Request:
        """A copy with its own headers, to be signed."""
        return Request(
            self.method, self.url, dict(self.headers), self.content, self.limits, self.stream
        )


@dataclass(slots=True)
class Response:
    """One response. `content` is the whole body, decompressed; empty while `body` is unread."""

    status: int
    headers: Headers = field(default_factory=Headers, repr=False)
    content: bytes = field(default=b"", repr=False)
    body: AsyncBody | SyncBody | None = field(default=None, repr=False)

    def json(self) -> Any:
        """The body as plain JSON values; raises ValueError when it is not JSON."""
        return msgspec.json.decode(self.content)

    @property
    def text(self) -> str:
        from noctule.runtime.charset import decoded_text  # few responses are read as text

        return decoded_text(self.content, self.headers.get("content-type", ""))


class AsyncBody(Protocol):
    """A body that is read as it arrives: iterate it to its end, or close it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class SyncBody(Protocol):
    """`AsyncBody`, for a thread."""

    def __iter__(self) -> Iterator[bytes]: ...

    def close(self) -> None: ...
