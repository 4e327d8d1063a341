"""Compressed bodies: gzip of several members, both kinds of deflate, damaged ones, and bounds."""

from __future__ import annotations

import contextlib
import gzip
import sys
import tracemalloc
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import JSON, InvalidResponse, Operation, ResponseTooLarge
from noctule.runtime.transport import optional_codings
from noctule.runtime.transport.content_codings import accepted_encodings
from noctule.runtime.transport.response_body import MAX_OVERHEAD, Decompressor

if TYPE_CHECKING:
    from support.runtime_calling import MakeShop

BODY = b'{"id":"i1","amount":3}'
RAW = -zlib.MAX_WBITS


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=RAW)
    return packer.compress(data) + packer.flush()


def unpack(encoding: str, *chunks: bytes, limit: int = 10_000) -> bytes:
    decompress = Decompressor(encoding, limit)
    body = b"".join([decompress(chunk) for chunk in chunks])
    decompress.end()
    return body


TWO = gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])

WHOLE = {
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip": (" X-GZip ", gzip.compress(BODY)),
    "two members": ("gzip", TWO),
    "empty members between": ("gzip", gzip.compress(b"") + TWO + gzip.compress(b"")),
    "zeros after the last member": ("gzip", TWO + bytes(8)),
    "other bytes after the last member": ("gzip", TWO + b"\x1ftrailing"),
    "zlib": ("deflate", zlib.compress(BODY)),
    "bare deflate": ("deflate", raw_deflate(BODY)),
    "none": ("", BODY),
    "not ours": ("aws-chunked", BODY),
    "gzip in gzip": ("gzip, gzip", gzip.compress(gzip.compress(BODY))),
    "gzip, named twice": ("GZIP, gzip", gzip.compress(BODY)),
    "deflate in gzip": ("deflate, gzip", gzip.compress(zlib.compress(BODY))),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_body_is_read_however_it_is_cut(name: str) -> None:
    encoding, packed = WHOLE[name]
    assert unpack(encoding, packed) == BODY
    assert unpack(encoding, *(packed[n : n + 1] for n in range(len(packed)))) == BODY
    for cut in range(len(packed)):
        assert unpack(encoding, packed[:cut], packed[cut:]) == BODY


@pytest.mark.parametrize("name", ["gzip", "two members", "zlib", "bare deflate"])
def test_a_truncated_body_is_never_whole(name: str) -> None:
    encoding, packed = WHOLE[name]
    # The first member of two is whole by itself: nothing tells that another one was to come.
    whole = {0, len(gzip.compress(BODY[:9]))} if name == "two members" else {0}
    for end in set(range(len(packed))) - whole:
        with pytest.raises(InvalidResponse):
            unpack(encoding, packed[:end])


def test_no_body_at_all_is_none() -> None:
    """A response to HEAD has the header, and no body."""
    for encoding in ("gzip", "deflate"):
        assert unpack(encoding) == unpack(encoding, b"") == b""


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@given(noise=st.binary(min_size=1, max_size=200))
def test_noise_is_an_error_of_ours(encoding: str, noise: bytes) -> None:
    try:
        unpack(encoding, noise)
    except InvalidResponse:
        return
    assert encoding == "deflate"  # short noise may be deflate data by chance


def test_a_damaged_second_member() -> None:
    damaged = bytearray(TWO)
    damaged[-6] ^= 1
    with pytest.raises(InvalidResponse, match="damaged"):
        unpack("gzip", bytes(damaged))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, raw_deflate])
def test_the_limit_is_on_what_comes_out(pack: object) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    packed = pack(bytes(5_000_000))  # type: ignore[operator]
    with pytest.raises(ResponseTooLarge):
        unpack(encoding, packed)
    assert unpack(encoding, pack(bytes(10_000))) == bytes(10_000)  # type: ignore[operator]
    with pytest.raises(ResponseTooLarge):
        unpack(encoding, pack(bytes(10_001)))  # type: ignore[operator]


def test_the_limit_is_on_all_members_together() -> None:
    member = gzip.compress(bytes(4_000))
    assert len(unpack("gzip", member * 2)) == 8_000
    with pytest.raises(ResponseTooLarge):
        unpack("gzip", member * 3)


def test_empty_members_have_a_limit_as_well() -> None:
    empty = gzip.compress(b"") * 1_000
    decompress = Decompressor("gzip", 10_000)
    chunks = (10_000 + MAX_OVERHEAD) // len(empty)
    for _ in range(chunks):
        assert decompress(empty) == b""
    with pytest.raises(ResponseTooLarge):
        decompress(empty)


# -- brotli and zstd, where they are installed


def brotli_of(data: bytes) -> bytes:
    packed: bytes = pytest.importorskip("brotli").compress(data)
    return packed


def zstd_of(data: bytes) -> bytes:
    packed: bytes = pytest.importorskip("zstandard").compress(data)
    return packed


OPTIONAL = {"br": brotli_of, "zstd": zstd_of}


@pytest.mark.parametrize("coding", OPTIONAL)
def test_an_installed_coding_is_asked_for_and_read_however_it_is_cut(coding: str) -> None:
    packed = OPTIONAL[coding](BODY)
    assert coding in accepted_encodings()
    assert unpack(coding, packed) == BODY
    assert unpack(coding, *(packed[n : n + 1] for n in range(len(packed)))) == BODY
    assert unpack(f"{coding}, gzip", gzip.compress(packed)) == BODY
    for cut in range(1, len(packed)):
        with pytest.raises(InvalidResponse, match=r"incomplete|damaged"):
            unpack(coding, packed[:cut])


def test_frames_of_zstd_follow_one_another() -> None:
    assert unpack("zstd", zstd_of(BODY[:9]) + zstd_of(b"") + zstd_of(BODY[9:])) == BODY


@pytest.mark.parametrize("coding", OPTIONAL)
@given(data=st.binary(max_size=200), damaged=st.binary(min_size=1, max_size=60))
def test_any_body_comes_back_and_damage_is_told(coding: str, data: bytes, damaged: bytes) -> None:
    assert unpack(coding, OPTIONAL[coding](data)) == data
    with contextlib.suppress(InvalidResponse, ResponseTooLarge):
        unpack(coding, damaged)


@pytest.mark.parametrize("coding", [*OPTIONAL, "gzip", "gzip, gzip", "br, gzip"])
def test_little_that_unpacks_to_much_is_stopped_in_time(coding: str) -> None:
    data = bytes(64 * 1024 * 1024)
    for name in coding.split(", "):
        data = OPTIONAL.get(name, gzip.compress)(data)
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLarge):
            unpack(coding, data, limit=1024 * 1024)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024


@pytest.mark.parametrize("coding", OPTIONAL)
def test_a_library_that_is_missing_or_unbounded_is_not_asked_for(
    coding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Old:
        def process(self, data: bytes) -> bytes:
            return data

    if coding == "br":
        monkeypatch.setitem(sys.modules, "brotli", SimpleNamespace(Decompressor=Old))
        assert optional_codings.brotli() is None
    for name in ("brotli", "brotlicffi", "compression.zstd", "backports.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    assert (optional_codings.brotli(), optional_codings.zstd()) == (None, None)


@pytest.mark.parametrize("returns", [str, bytes, JSON])
def test_what_nobody_can_unpack_is_no_result(make_shop: MakeShop, returns: Any) -> None:
    shop = make_shop()
    shop.provider.replies(content=b"\x0b\x03", headers={"Content-Encoding": "compress"}, times=None)
    with pytest.raises(InvalidResponse, match="compressed with compress"):
        shop.call(Operation("read", "GET", "/x", returns=returns))
