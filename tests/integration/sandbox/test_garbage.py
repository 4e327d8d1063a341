"""Whatever comes in on the socket, the fake answers or closes, and serves the next one."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule.sandbox import FakeProvider
from support.sandbox_samples import PARCELS, get, play, said

if TYPE_CHECKING:
    import httpx2

HEAD = b"POST /v1/parcels HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
JSON = HEAD + b"content-type: application/json\r\n"
UNREADABLE: dict[str, bytes] = {
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"\0" * 200 + b"\r\n\r\n",
    "two words": b"GET /v1/parcels\r\n\r\n",
    "another protocol": b"GET / SSH/2.0\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no host": b"GET /v1/parcels HTTP/1.1\r\n\r\n",
    "a header without colon": HEAD + b"nothing\r\n\r\n",
    "a length that is no number": HEAD + b"content-length: many\r\n\r\n",
    "a negative length": HEAD + b"content-length: -1\r\n\r\n",
    "a length beyond all bounds": HEAD + b"content-length: 99999999999\r\n\r\n",
    "a chunk that is no number": HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    "a negative chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n-1\r\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_request_is_a_400_and_the_end_of_the_connection(name: str) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        assert (await said(fake, UNREADABLE[name])).startswith(b"HTTP/1.1 400 ")
        assert not fake.ledger.exchanges
        assert (await client.get("/parcels")).status_code == 200

    play(scene)


CUT: dict[str, bytes] = {
    "nothing": b"",
    "half a line": b"GET /v1/par",
    "a head without an end": HEAD,
    "half a body": JSON + b'content-length: 12\r\n\r\n{"wei',
    "half a chunk": JSON + b"transfer-encoding: chunked\r\n\r\nc\r\n{",
    "chunks without an end": JSON + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
}


@pytest.mark.parametrize("name", CUT)
def test_a_request_cut_short_is_no_request(name: str) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        host, port = fake.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(CUT[name])
        writer.write_eof()
        assert await reader.read() == b""
        writer.close()
        assert not fake.ledger.exchanges
        assert (await client.get("/parcels")).status_code == 200

    play(scene)


CHUNK = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
FLOODS = {
    "a head": b"GET / HTTP/1.1\r\nx: " + b"x" * 1_000_000,
    "chunks": HEAD + b"transfer-encoding: chunked\r\n\r\n" + CHUNK * 17,
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
def test_a_request_beyond_all_bounds_is_not_read(flood: bytes) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        try:
            answer = await said(fake, flood)
        except ConnectionError:  # it had closed with our bytes unread
            answer = b""
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")
        assert not fake.ledger.exchanges
        assert (await client.get("/parcels")).status_code == 200

    play(scene)


def test_chunks_continue_and_pipelines_are_understood() -> None:
    chunked = b'transfer-encoding: chunked\r\n\r\n5\r\n{"wei\r\n8;x=y\r\nght": 3}\r\n0\r\n\r\n'

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        answer = await said(fake, JSON + chunked)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert fake.ledger.exchanges[0].body == b'{"weight": 3}'
        two = get().replace(b"connection: close\r\n", b"") + get()
        assert (await said(fake, two)).count(b"HTTP/1.1 200 OK") == 2
        assert fake.ledger.connections == 2

    play(scene)


def test_a_client_that_waits_for_it_is_told_to_continue() -> None:
    async def scene(fake: FakeProvider, _: httpx2.AsyncClient) -> None:
        host, port = fake.origin.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(JSON + b"expect: 100-continue\r\ncontent-length: 13\r\n\r\n")
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b'{"weight": 3}')
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK\r\n")
        writer.close()

    play(scene)


def test_a_head_request_has_no_body() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        answer = await said(fake, get().replace(b"GET", b"HEAD", 1))
        assert answer.endswith(b"\r\n\r\n")
        assert b"content-length: 0" not in answer

    play(scene)


targets = st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=1, max_size=40)
places = st.sampled_from(
    ["", "/v1/parcels", "/v1/parcels/p_1", "/v1/search?q", "/v1/parcels?limit"]
)
types = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "",
    ]
)
requests = st.builds(
    lambda method, place, more, kind, body: (
        (
            f"{method} {place}{more} HTTP/1.1\r\ncontent-type: {kind}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        ).encode("latin-1")
        + body
    ),
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
    places,
    targets,
    types,
    st.binary(max_size=60)
    | st.sampled_from([b'{"weight": 3}', b"--x\r\n\r\n\r\n--x--", b"a[b]=1&a=2"]),
)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.lists(requests | st.binary(max_size=200), min_size=1, max_size=10))
def test_no_bytes_bring_it_down(data: list[bytes], caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        async with FakeProvider(PARCELS) as fake:
            for each in data:
                ended = each + b"\r\n\r\n"
                answer = await said(fake, ended + get())
                assert answer.startswith(b"HTTP/1.1 ")
            assert (await said(fake, get())).startswith(b"HTTP/1.1 200 OK")

    caplog.clear()
    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert not caplog.records
