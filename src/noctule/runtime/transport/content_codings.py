"""Content codings (RFC 9110, 8.4.1): gzip and deflate, and brotli and zstd where libraries for them
are installed. Every stream gives at most as many bytes as it is asked for, or a little more."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Stream(Protocol):
        """One coding of one body. It raises `zlib.error` for damaged data."""

        def decompress(self, data: bytes, limit: int) -> bytes: ...

        @property
        def complete(self) -> bool: ...


MAX_CODINGS = 4
"""Codings of one body, one in the other: servers use one, or name it twice."""
OTHERS = ("br", "zstd")
UNREADABLE = frozenset({*OTHERS, "compress", "x-compress", "dcb", "dcz"})
"""Codings that nothing is readable without; other names are those of mistaken servers."""


@lru_cache(maxsize=1)
def accepted_encodings() -> str:
    """The header `Accept-Encoding`: what is not installed is not asked for."""
    return ", ".join(["gzip", "deflate", *(name for name in OTHERS if _optional(name))])


def decompressing(header: str) -> Stream | None:
    """What undoes the codings that a header `Content-Encoding` names; None for none that is known.
    One named twice, by a server and a proxy, is undone twice only where the body has it twice."""
    names = [name.strip().lower() for name in header.split(",")][-MAX_CODINGS:]
    streams = [stream() for name in reversed(names) if (stream := _stream(name)) is not None]
    if len(streams) < 2:
        return streams[0] if streams else None
    return _Chain([streams[0], *(_IfPacked(stream) for stream in streams[1:])])


def unreadable(header: str) -> str:
    """A coding in the header that was not undone, because nothing here knows it; "" for none."""
    names = [name.strip().lower() for name in header.split(",")]
    return next((name for name in names if name in UNREADABLE and _stream(name) is None), "")


def _stream(name: str) -> Callable[[], Stream] | None:
    return _BUILT_IN.get(name) or (_optional(name) if name in OTHERS else None)


@lru_cache(maxsize=8)
def _optional(name: str) -> Callable[[], Stream] | None:
    modules = {"br": ("brotli", "brotlicffi"), "zstd": ("compression", "backports", "zstandard")}
    from importlib.machinery import PathFinder  # `importlib.util` takes longer to import

    if not any(map(PathFinder.find_spec, modules[name])):
        return None
    from noctule.runtime.transport import optional_codings

    return optional_codings.brotli() if name == "br" else optional_codings.zstd()


class _GzipStream:
    """Any number of gzip members, one after the other (RFC 1952, 2.2). What follows them and is no
    member is ignored, as gzip does."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._between = b""
        """What has arrived of the next member's first two bytes."""
        self._empty = True
        self._ended = False

    def decompress(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        while data and limit > 0 and not self._ended:
            if self._member.eof and not self._begin_member(data):
                break
            data, self._between = self._between + data, b""
            part = self._member.decompress(data, limit)
            self._empty = False
            parts.append(part)
            limit -= len(part)
            data = self._member.unused_data
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _begin_member(self, data: bytes) -> bool:
        start = (self._between + data[:2])[:2]
        if start == b"\x1f\x8b":
            self._member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            return True
        self._ended = start != b"\x1f"
        self._between = b"" if self._ended else start
        return False

    @property
    def complete(self) -> bool:
        return self._empty or (self._member.eof and not self._between)


class _DeflateStream:
    """zlib data (RFC 9110, 8.4.1.2), or the bare deflate data that some servers send."""

    def __init__(self) -> None:
        self._start = b""
        self._stream: Any = None

    def decompress(self, data: bytes, limit: int) -> bytes:
        if self._stream is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        part: bytes = self._stream.decompress(data, limit)
        return part

    @property
    def complete(self) -> bool:
        return bool(self._stream.eof) if self._stream is not None else not self._start


class _IfPacked:
    """A gzip stream that may be none: its header was written twice, the body packed once."""

    def __init__(self, stream: Stream) -> None:
        self._stream: Stream | None = stream
        self._start: bytes | None = b""

    def decompress(self, data: bytes, limit: int) -> bytes:
        if self._start is not None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            if isinstance(self._stream, _GzipStream) and data[:2] != GZIP_MAGIC:
                self._stream = None
            self._start = None
        return data if self._stream is None else self._stream.decompress(data, limit)

    @property
    def complete(self) -> bool:
        return self._stream is None or (not self._start and self._stream.complete)


class _Chain:
    """Several codings, the one that was applied last first."""

    def __init__(self, streams: list[Stream]) -> None:
        self._streams = streams

    def decompress(self, data: bytes, limit: int) -> bytes:
        for stream in self._streams:
            data = stream.decompress(data, limit)
            if len(data) >= limit:
                break  # too large already
        return data

    @property
    def complete(self) -> bool:
        return all(stream.complete for stream in self._streams)


GZIP_MAGIC = b"\x1f\x8b"
_BUILT_IN: dict[str, Callable[[], Stream]] = {
    "gzip": _GzipStream,
    "x-gzip": _GzipStream,
    "deflate": _DeflateStream,
}
