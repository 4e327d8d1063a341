"""Brotli and zstd, by whichever library is installed that can bound what a few bytes unpack to.
Damage is an error of zlib, as in the other codings."""

from __future__ import annotations

import zlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_LOG = 23
"""8 MB: the largest window that a sender may use (RFC 9659)."""
MOST_GROWTH = 128 * 1024 // 4
"""Four bytes of zstd are 128 KB at most, in a block that repeats one byte."""
SHORTEST = 16


def brotli() -> Callable[[], Any] | None:
    """None for libraries older than 1.2, which unpack without a bound."""
    module = _first("brotli", "brotlicffi")
    if module is None:
        return None
    try:
        module.Decompressor().process(b"", output_buffer_limit=1)
    except TypeError:
        return None
    return lambda: _BrotliStream(module)


def zstd() -> Callable[[], Any] | None:
    module = _first("compression.zstd", "backports.zstd")
    if module is not None:
        return lambda: _ZstdStream(module)
    module = _first("zstandard")
    return None if module is None else lambda: _ZstandardStream(module)


def _first(*names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    return None


class _BrotliStream:
    def __init__(self, module: Any) -> None:
        self._module = module
        self._stream = module.Decompressor()
        self._empty = True

    def decompress(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        try:
            while limit > 0 and not self._stream.is_finished():
                part: bytes = self._stream.process(data, output_buffer_limit=limit)
                self._empty = self._empty and not data
                data = b""
                parts.append(part)
                limit -= len(part)
                if not part:
                    break
        except self._module.error:
            raise zlib.error from None
        return b"".join(parts)

    @property
    def complete(self) -> bool:
        return self._empty or bool(self._stream.is_finished())


class _ZstdStream:
    """Any number of frames, one after the other (RFC 8878, 3.1), by Python 3.14 or its backport."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._options = {module.DecompressionParameter.window_log_max: WINDOW_LOG}
        self._frame = self._new()
        self._empty = True

    def _new(self) -> Any:
        return self._module.ZstdDecompressor(options=self._options)

    def decompress(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        try:
            while limit > 0 and (data or not self._frame.needs_input):
                if self._frame.eof:
                    self._frame = self._new()
                part: bytes = self._frame.decompress(data, limit)
                self._empty = False
                parts.append(part)
                limit -= len(part)
                data = self._frame.unused_data if self._frame.eof else b""
                if self._frame.eof and not data:
                    break
        except self._module.ZstdError:
            raise zlib.error from None
        return b"".join(parts)

    @property
    def complete(self) -> bool:
        return self._empty or bool(self._frame.eof)


class _ZstandardStream:
    """The same by `zstandard`, which has no bound of its own: it gets so few bytes at a time that
    they unpack to about the limit at most."""

    def __init__(self, module: Any) -> None:
        self._module = module
        self._frame = self._new()
        self._empty = True

    def _new(self) -> Any:
        return self._module.ZstdDecompressor(max_window_size=1 << WINDOW_LOG).decompressobj()

    def decompress(self, data: bytes, limit: int) -> bytes:
        parts: list[bytes] = []
        try:
            while data and limit > 0:
                if self._frame.eof:
                    self._frame = self._new()
                size = max(SHORTEST, limit // MOST_GROWTH)
                part: bytes = self._frame.decompress(data[:size])
                self._empty = False
                parts.append(part)
                limit -= len(part)
                rest: bytes = self._frame.unused_data if self._frame.eof else b""
                data = rest + data[size:]
        except self._module.ZstdError:
            raise zlib.error from None
        return b"".join(parts)

    @property
    def complete(self) -> bool:
        return self._empty or bool(self._frame.eof)
