"""Both drivers, the same promises, over real sockets and a server that keeps none of its own."""

from __future__ import annotations

import contextlib
import threading
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    CallOptions,
    ConnectionFailed,
    InvalidResponse,
    Operation,
    OutcomeUnknown,
    Policies,
    ResponseTooLarge,
    ServerError,
    ServiceError,
    TimedOut,
)
from noctule.runtime.testing import FastClock
from support import hostile
from support.hostile import BODY, LOST, SLOW, Connection, HostileServer, Step
from support.runtime_calling import CHARGE, CREATE, DOWNLOAD, READ, Caller, Item, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPEED = 25.0
UPLOAD = Operation("upload", "PUT", "/files", returns=None, body="bytes")


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def make(server: HostileServer | str, **policies: Any) -> Caller:
        url = server if isinstance(server, str) else server.url
        caller = Caller(
            sync=request.param == "sync",
            config=config(policies=Policies(**policies)),
            clock=FastClock(SPEED),
            base_url=url,
        )
        callers.append(caller)
        return caller

    yield make
    for caller in callers:
        caller.close()


def name(step: Step) -> str:
    return step.__name__


@pytest.mark.parametrize("fault", LOST, ids=name)
def test_a_read_whose_answer_is_lost_is_read_again(connect: Any, fault: Step) -> None:
    with HostileServer(fault) as server:
        assert connect(server).call(READ, path={"id": "i1"}) == Item(id="i1", amount=3)
        assert len(server.requests) == 2


@pytest.mark.parametrize("fault", LOST, ids=name)
def test_a_write_whose_answer_is_lost_is_not_sent_again(connect: Any, fault: Step) -> None:
    with HostileServer(fault) as server:
        with pytest.raises(OutcomeUnknown):
            connect(server).call(CREATE, body={"amount": 3})
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", LOST, ids=name)
def test_a_keyed_write_is_sent_again_under_its_key(connect: Any, fault: Step) -> None:
    with HostileServer(fault, fault) as server:
        connect(server).call(CHARGE, body={"amount": 3})
        keys = {
            line
            for request in server.requests
            for line in request.lower().split(b"\r\n")
            if line.startswith(b"idempotency-key")
        }
        assert len(server.requests) == 3
        assert len(keys) == 1


@pytest.mark.parametrize("fault", SLOW, ids=name)
def test_an_attempt_ends_on_time_however_the_bytes_drip(connect: Any, fault: Step) -> None:
    with HostileServer(fault) as server:
        caller = connect(server)
        start = time.monotonic()
        with pytest.raises(TimedOut):
            caller.call(READ, path={"id": "i1"}, options=CallOptions(attempts=1))
        assert time.monotonic() - start < 10 / SPEED + 0.3
        server.script.append(fault)
        with pytest.raises(OutcomeUnknown):
            caller.call(CREATE, body={"amount": 3})
        assert len(server.requests) == 2


def test_a_connection_that_is_reset_when_it_opens(connect: Any) -> None:
    with HostileServer(reset_on_accept=1) as server:
        caller = connect(server)
        # When the reset comes after the request was written, it may have been read.
        with contextlib.suppress(OutcomeUnknown):
            assert caller.call(CREATE, body={"amount": 3}).id == "i1"
        assert len(server.requests) <= 1


def test_nobody_listens(connect: Any) -> None:
    with HostileServer() as server:
        url = server.url
    caller = connect(url)
    with pytest.raises(ConnectionFailed) as caught:
        caller.call(CREATE, body={"amount": 3})
    assert caught.value.attempts == 4
    assert caught.value.safe_to_retry
    assert "refused" in str(caught.value)


def test_bytes_after_the_body_do_not_reach_the_next_call(connect: Any) -> None:
    def too_much(c: Connection) -> None:
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n" + BODY + b'{"id":"evil"}')

    with HostileServer(too_much) as server:
        caller = connect(server)
        assert caller.call(READ, path={"id": "i1"}).id == "i1"
        assert caller.call(READ, path={"id": "i1"}).id == "i1"


def test_an_idle_connection_that_the_server_closed_is_not_used(connect: Any) -> None:
    closed = threading.Event()

    def answer_and_close(c: Connection) -> None:
        c.answer()
        c.close()
        closed.set()

    with HostileServer(answer_and_close) as server:
        caller = connect(server)
        assert caller.call(CREATE, body={"amount": 3}).id == "i1"
        assert closed.wait(5)
        assert caller.call(CREATE, body={"amount": 3}).id == "i1"
        assert len(server.requests) == 2


def test_a_reset_after_the_whole_answer_harms_no_call(connect: Any) -> None:
    def answer_and_reset(c: Connection) -> None:
        c.answer(headers="Connection: close\r\n")
        c.server.closing.wait(0.1)  # or the answer, still on its way, is thrown away by the reset
        c.reset()

    with HostileServer(answer_and_reset) as server:
        caller = connect(server)
        assert caller.call(CREATE, body={"amount": 3}).id == "i1"
        assert caller.call(CREATE, body={"amount": 3}).id == "i1"
        assert len(server.requests) == 2


@pytest.mark.parametrize("length", ["21", "-1", "22, 23", "many"])
def test_a_length_that_is_wrong_gives_no_answer_of_another_shape(connect: Any, length: str) -> None:
    def answer(c: Connection) -> None:
        c.send(f"HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n".encode() + BODY)
        c.close()

    with HostileServer(answer) as server:
        with pytest.raises((InvalidResponse, OutcomeUnknown)):
            connect(server).call(CREATE, body={"amount": 3})
        assert len(server.requests) == 1


@pytest.mark.parametrize("wbits", [31, 15], ids=["gzip", "deflate"])
def test_a_compressed_answer(connect: Any, wbits: int) -> None:
    packed = zlib.compress(BODY, wbits=wbits)
    encoding = {31: "gzip", 15: "deflate"}[wbits]

    def answer(c: Connection) -> None:
        c.answer(packed, headers=f"Content-Encoding: {encoding}\r\n")

    with HostileServer(answer) as server:
        assert connect(server).call(READ, path={"id": "i1"}).amount == 3
        assert b"gzip" in server.requests[0]


def test_a_compressed_answer_that_is_cut_short(connect: Any) -> None:
    with HostileServer(hostile.damaged_gzip_tail) as server, pytest.raises(InvalidResponse):
        connect(server).call(READ, path={"id": "i1"})


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_beyond_the_limit_is_cut_off(connect: Any, packed: bool) -> None:
    body = b" " * 3_000_000

    def answer(c: Connection) -> None:
        if packed:
            c.answer(zlib.compress(body, wbits=31), headers="Content-Encoding: gzip\r\n")
        else:
            c.answer(body)

    with HostileServer(answer) as server:
        caller = connect(server, max_response_bytes=1_000_000)
        with pytest.raises(OutcomeUnknown) as caught:
            caller.call(CHARGE, body={"a": 1})
        assert len(server.requests) == 1
        assert isinstance(caught.value.__cause__, ResponseTooLarge)


@pytest.mark.parametrize("status", ["100 Continue", "103 Early Hints"])
def test_interim_answers_are_not_the_answer(connect: Any, status: str) -> None:
    def answer(c: Connection) -> None:
        c.send(f"HTTP/1.1 {status}\r\n\r\n".encode())
        c.answer()

    with HostileServer(answer) as server:
        assert connect(server).call(READ, path={"id": "i1"}).id == "i1"


def test_an_answer_that_ends_with_the_connection(connect: Any) -> None:
    def answer(c: Connection) -> None:
        c.send(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        c.close()

    with HostileServer(answer) as server:
        assert connect(server).call(READ, path={"id": "i1"}).id == "i1"


def test_an_answer_before_the_body_was_read(connect: Any) -> None:
    def answer(c: Connection) -> None:
        c.answer(b"", status="503 Busy", headers="Connection: close\r\n")

    with HostileServer(answer) as server, pytest.raises(OutcomeUnknown) as caught:
        connect(server).call(UPLOAD, body=b"x" * 500_000, options=CallOptions(attempts=1))
    assert isinstance(caught.value.__cause__, ServerError)


# Streams


def test_a_download_piece_by_piece(connect: Any) -> None:
    def answer(c: Connection) -> None:
        c.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(50):
            c.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        c.send(b"0\r\n\r\n")

    with HostileServer(Connection.reset, answer) as server:
        chunks = connect(server).read_stream(DOWNLOAD, path={"id": "f"})
        assert sum(map(len, chunks)) == 50_000
        assert len(chunks) > 1


def test_a_download_that_breaks_off_is_not_taken_for_whole(connect: Any) -> None:
    with HostileServer(hostile.reset_during_body) as server, pytest.raises(ConnectionFailed):
        connect(server).read_stream(DOWNLOAD, path={"id": "f"})


def test_a_download_that_stalls(connect: Any) -> None:
    def stall(c: Connection) -> None:
        c.send(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nabc")
        hostile.silence(c)

    with HostileServer(stall) as server:
        start = time.monotonic()
        with pytest.raises(TimedOut):
            connect(server).read_stream(DOWNLOAD, path={"id": "f"})
        assert time.monotonic() - start < 2


def test_a_download_beyond_the_limit(connect: Any) -> None:
    def answer(c: Connection) -> None:
        c.answer(b"x" * 100_000)

    with HostileServer(answer) as server, pytest.raises(ResponseTooLarge):
        connect(server, max_response_bytes=10_000).read_stream(DOWNLOAD, path={"id": "f"})


def test_a_refused_download_is_an_error_like_any_other(connect: Any) -> None:
    def answer(c: Connection) -> None:
        c.answer(b'{"error":"gone"}', status="404 Not Found")

    with HostileServer(answer) as server, pytest.raises(ServiceError) as caught:
        connect(server).read_stream(DOWNLOAD, path={"id": "f"})
    assert caught.value.response is not None
    assert caught.value.response.json() == {"error": "gone"}


def test_a_file_is_uploaded_and_sent_again_from_its_start(connect: Any, tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.write_bytes(b"abc" * 100_000)
    with HostileServer(hostile.reset_after_request) as server:
        connect(server).call(UPLOAD, body=path)
        assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [
            path.read_bytes()
        ] * 2


def test_a_body_that_can_be_read_once_is_sent_once(connect: Any) -> None:
    with HostileServer(hostile.close_after_request) as server:
        with pytest.raises(OutcomeUnknown):
            connect(server).call(UPLOAD, body=(part for part in [b"abc", b"def"]))
        assert len(server.requests) == 1
