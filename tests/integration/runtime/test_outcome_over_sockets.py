"""The table of writes over real sockets and in real time: what is done, what is told, what is
repeated. The provider does each write it reads, once per idempotency key, and then misbehaves."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    CallOptions,
    CircuitOpen,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidResponse,
    Operation,
    OutcomeUnknown,
    Policies,
    ResponseTooLarge,
    RetryBudget,
    ServerError,
    ServiceError,
    deadline,
)
from noctule.runtime.policy.backoff import Backoff
from noctule.runtime.policy.retry import RetryLimits
from support import hostile
from support.hostile import Connection, HostileServer, Step
from support.runtime_calling import CHARGE, CREATE, PUT, READ, Caller, Item, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BASE = 0.02
QUICK = Policies(timeout=0.5, retry=RetryLimits(backoff=Backoff(base=BASE, cap=0.08)))
BODY = {"amount": 3}
ITEM = Item(id="i1", amount=3)
IN_USE = b'{"error":{"code":"idempotency_key_in_use"}}'


class Till(HostileServer):
    """Does each write that it reads, before it carries out the step of its script."""

    def __init__(self, *script: Step) -> None:
        super().__init__()
        self.times: list[float] = []
        self.effects: list[str] = []
        """One for each write: its key, or "" for one without."""
        self.script = [self.doing(step) for step in (*script, *[Connection.answer] * 4)]

    def doing(self, step: Step) -> Step:
        def do(connection: Connection) -> None:
            self.times.append(time.monotonic())
            head = self.requests[-1].partition(b"\r\n\r\n")[0].decode("latin-1")
            lines = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
            key = lines.get("idempotency-key", "")
            if not head.startswith("GET") and (not key or key not in self.effects):
                self.effects.append(key)
            step(connection)

        return do


def answering(body: bytes, status: str = "200 OK", headers: str = "") -> Step:
    def step(connection: Connection) -> None:
        connection.answer(body, status=status, headers=headers)

    return step


LOST: dict[str, Step] = {
    "reset": hostile.reset_after_request,
    "closed": hostile.close_after_request,
    "reset in the head": hostile.reset_during_head,
    "reset in the body": hostile.reset_during_body,
    "half a chunk": hostile.truncated_chunk,
    "no last chunk": hostile.missing_last_chunk,
    "shorter than said": hostile.length_too_long,
    "no HTTP": hostile.no_http,
    "hangs": hostile.silence,
    "500": answering(b"", "500 Internal Server Error"),
    "502 with HTML": answering(b"<html>", "502 Bad Gateway"),
    "503": answering(b"{}", "503 Busy"),
    "408": answering(b"", "408 Request Timeout"),
}
UNREADABLE: dict[str, Step] = {
    "broken JSON": answering(b'{"id":"i1","am'),
    "empty": answering(b""),
    "HTML": answering(b"<!doctype html>Back soon", headers="Content-Type: text/html\r\n"),
    "a list": answering(b"[]"),
    "a string": answering(b'"done"'),
    "null": answering(b"null"),
    "not UTF-8": answering(b'{"id":"\xff"}'),
    "not gzip": answering(b"plain", headers="Content-Encoding: gzip\r\n"),
}  # fmt: skip
WRITES: dict[str, tuple[Any, dict[str, Any]]] = {
    "keyed": (CHARGE, {"body": BODY}),
    "PUT": (PUT, {"path": {"id": "i1"}, "body": BODY}),
    "without a key": (CREATE, {"body": BODY}),
}


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Caller]]:
    callers: list[Caller] = []

    def make(server: HostileServer | str, **settings: Any) -> Caller:
        url = server if isinstance(server, str) else server.url
        settings = {"policies": QUICK, **settings}
        callers.append(
            Caller(sync=request.param == "sync", config=config(**settings), base_url=url)
        )
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


def unknown(caller: Caller, write: str, **arguments: Any) -> OutcomeUnknown:
    operation, usual = WRITES[write]
    with pytest.raises(OutcomeUnknown) as caught:
        caller.call(operation, **usual, **arguments)
    error = caught.value
    assert error.safe_to_retry is (write != "without a key")
    assert (error.idempotency_key is not None) is (write == "keyed")
    assert isinstance(error.__cause__, ServiceError)
    assert caller.events_named("outcome_unknown")
    return error


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", LOST)
def test_no_answer_to_the_end(connect: Any, write: str, fault: str) -> None:
    with Till(*[LOST[fault]] * 4) as till:
        unknown(connect(till), write)
        assert len(till.requests) == (1 if write == "without a key" else 4)
        assert len(set(till.effects)) == 1


@pytest.mark.parametrize("write", ["keyed", "PUT"])
@pytest.mark.parametrize("fault", LOST)
def test_one_answer_lost(connect: Any, write: str, fault: str) -> None:
    operation, usual = WRITES[write]
    with Till(LOST[fault]) as till:
        assert connect(till).call(operation, **usual) == ITEM
        assert len(set(till.effects)) == 1


@pytest.mark.parametrize("write", ["keyed", "PUT"])
@pytest.mark.parametrize("fault", UNREADABLE)
def test_one_unreadable_success(connect: Any, write: str, fault: str) -> None:
    operation, usual = WRITES[write]
    with Till(UNREADABLE[fault]) as till:
        assert connect(till).call(operation, **usual) == ITEM
        assert len(till.requests) == 2
        assert len(set(till.effects)) == 1


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("fault", UNREADABLE)
def test_success_that_stays_unreadable(connect: Any, write: str, fault: str) -> None:
    with Till(*[UNREADABLE[fault]] * 4) as till:
        error = unknown(connect(till), write)
        assert isinstance(error.__cause__, InvalidResponse)
        assert len(till.requests) == (1 if write == "without a key" else 4)
        assert len(set(till.effects)) == 1


def test_key_in_use_is_waited_for(connect: Any) -> None:
    with Till(hostile.reset_after_request, answering(IN_USE, "409 Conflict")) as till:
        assert connect(till).call(CHARGE, body=BODY) == ITEM
        assert len(till.requests) == 3
        assert len(till.effects) == 1


def test_any_conflict_of_a_repetition_is_waited_for(connect: Any) -> None:
    """Some providers answer a plain 409 while the first request under the key is at work."""
    with Till(hostile.reset_after_request, answering(b"{}", "409 Conflict")) as till:
        assert connect(till).call(CHARGE, body=BODY) == ITEM
        assert len(till.requests) == 3
        assert len(till.effects) == 1


def test_object_in_use_is_waited_for_where_the_provider_says_so(connect: Any) -> None:
    busy = answering(b'{"error":{"message":"locked"}}', "409 Conflict")
    with Till(busy, busy) as till:
        caller = connect(till, retry_statuses=(409, 429, 500))
        assert caller.call(CHARGE, body=BODY) == ITEM
        assert len(till.requests) == 3


@pytest.mark.parametrize(
    "header",
    ["Retry-After: 0", "Retry-After: -3", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"],
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Busy"])
def test_no_wait_is_shorter_than_our_own(connect: Any, status: str, header: str) -> None:
    with Till(*[answering(b"", status, f"{header}\r\n")] * 3) as till:
        assert connect(till).call(CHARGE, body=BODY) == ITEM
        gaps = [after - before for before, after in zip(till.times, till.times[1:], strict=False)]
        assert len(gaps) == 3
        assert all(gap >= BASE * 2**number for number, gap in enumerate(gaps))


def test_provider_that_is_away_for_a_while(connect: Any) -> None:
    """Nobody listens until the second retry is due."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
    caller = connect(
        f"http://127.0.0.1:{port}",
        policies=Policies(retry=RetryLimits(backoff=Backoff(base=0.1)), breaker=None),
    )

    def come_back() -> None:
        while len(caller.events_named("retry")) < 2:
            time.sleep(0.005)
        with socket.create_server(("127.0.0.1", port)) as server:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n" + hostile.BODY)

    thread = threading.Thread(target=come_back, daemon=True)
    thread.start()
    assert caller.call(CHARGE, body=BODY) == ITEM
    thread.join()


# Whatever ends the call


def test_doubt_survives_the_deadline(connect: Any) -> None:
    with Till(*[hostile.silence] * 4) as till:
        caller = connect(till, policies=Policies())
        error = unknown(caller, "keyed", options=CallOptions(deadline=0.5))
        assert isinstance(error.__cause__, DeadlineExceeded)
        with deadline(0.5):
            unknown(caller, "without a key")


def test_doubt_survives_an_empty_budget(connect: Any) -> None:
    policies = Policies(timeout=0.5, retry_budget=RetryBudget(capacity=0))
    with Till(hostile.reset_after_request) as till:
        unknown(connect(till, policies=policies), "keyed")
        assert len(till.requests) == 1


def test_doubt_survives_the_breaker(connect: Any) -> None:
    """Once it is open, a call that sent nothing says so; any other is an unknown outcome."""
    with Till(*[LOST["500"]] * 200) as till:
        caller = connect(till)
        told: list[ServiceError] = []
        for _ in range(12):
            options = CallOptions(deadline=0.4)
            with pytest.raises(ServiceError) as caught:
                caller.call(CHARGE, body=BODY, options=options)
            told.append(caught.value)
        assert {type(error) for error in told if error.attempts} == {OutcomeUnknown}
        assert all(isinstance(e, CircuitOpen | DeadlineExceeded) for e in told if not e.attempts)


@pytest.mark.parametrize("status", ["401 Unauthorized", "403 Forbidden", "412 Failed"])
def test_doubt_survives_a_refusal_before_the_key_is_looked_at(connect: Any, status: str) -> None:
    with Till(hostile.reset_after_request, answering(b"{}", status)) as till:
        error = unknown(connect(till), "keyed")
        assert isinstance(error.__cause__, ServiceError)
        assert isinstance(error.__cause__.__cause__, ConnectionFailed)


@pytest.mark.parametrize("status", ["400 Bad Request", "402 Payment Required", "422 No"])
def test_refusal_under_the_key_settles_the_doubt(connect: Any, status: str) -> None:
    with Till(hostile.reset_after_request, answering(b"{}", status)) as till:
        with pytest.raises(ServiceError) as caught:
            connect(till).call(CHARGE, body=BODY)
        assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("fault", LOST)
def test_read_is_never_an_unknown_outcome(connect: Any, fault: str) -> None:
    with Till(*[LOST[fault]] * 4) as till:
        with pytest.raises(ServiceError) as caught:
            connect(till).call(READ, path={"id": "i1"})
        assert not isinstance(caught.value, OutcomeUnknown)
        assert caught.value.safe_to_retry


def test_read_of_an_unreadable_success_is_an_invalid_response(connect: Any) -> None:
    with Till(UNREADABLE["broken JSON"]) as till, pytest.raises(InvalidResponse):
        connect(till).call(READ, path={"id": "i1"})


# What else can be lost


def test_result_that_is_too_large(connect: Any) -> None:
    policies = Policies(max_response_bytes=10)
    with Till() as till:
        error = unknown(connect(till, policies=policies), "keyed")
        assert isinstance(error.__cause__, ResponseTooLarge)
        assert (error.status, len(till.requests)) == (200, 1)


@pytest.mark.parametrize("write", [True, False])
def test_stream_that_breaks_off(connect: Any, write: bool) -> None:
    export = Operation("export", "POST", "/exports", returns=bytes, body="json", reads=not write)
    with Till(hostile.reset_during_body) as till:
        caller = connect(till)
        with pytest.raises(ServiceError) as caught:
            caller.read_stream(export, body=BODY)
        lost = caught.value.__cause__ if write else caught.value
        assert isinstance(lost, ConnectionFailed)
        assert isinstance(caught.value, OutcomeUnknown) is write
        assert len(caller.events_named("outcome_unknown")) == write
        assert caught.value.operation == ("export" if write else "")


# Cancelled


def test_cancelled_write_cancels_and_says_what_may_have_happened() -> None:
    with Till(hostile.silence) as till:
        caller = Caller(sync=False, config=config(policies=QUICK), base_url=till.url)

        async def main() -> asyncio.CancelledError:
            task = asyncio.ensure_future(caller.service.call(CHARGE, body=BODY))
            while not till.effects:  # noqa: ASYNC110 - another thread adds to them
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            await caller.service.aclose()
            return caught.value

        error = asyncio.run(main())
        assert till.effects[0] in error.__notes__[0]
        [event] = caller.events_named("outcome_unknown")
        assert event["idempotency_key"] == till.effects[0]


def test_users_own_timeout_shows_what_may_have_happened() -> None:
    with Till(hostile.silence) as till:
        caller = Caller(sync=False, config=config(policies=Policies()), base_url=till.url)

        async def main() -> TimeoutError:
            async def expire(limit: asyncio.Timeout) -> None:
                while not till.effects:  # noqa: ASYNC110 - another thread adds to them
                    await asyncio.sleep(0.005)
                limit.reschedule(asyncio.get_running_loop().time())

            async def limited() -> None:
                async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
                    group.create_task(expire(limit))
                    await caller.service.call(CHARGE, body=BODY)

            with pytest.raises(TimeoutError) as caught:
                await limited()
            await caller.service.aclose()
            return caught.value

        error = asyncio.run(main())
        assert error.__cause__ is not None
        assert till.effects[0] in error.__cause__.__notes__[0]


def test_server_error_is_in_the_unknown_outcome(connect: Any) -> None:
    with Till(*[answering(b'{"error":"late"}', "500 Oops", "Request-Id: req_7\r\n")] * 4) as till:
        error = unknown(connect(till), "keyed")
        assert isinstance(error.__cause__, ServerError)
        assert (error.status, error.request_id, error.attempts) == (500, "req_7", 4)
        assert error.response is not None
        assert error.response.json() == {"error": "late"}
