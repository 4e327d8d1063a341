"""What a failed connection is told to be, over real sockets, by both drivers."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    CallOptions,
    ConfigurationError,
    ConnectionFailed,
    ServiceError,
    TimedOut,
)
from noctule.runtime.testing import FastClock
from support import hostile
from support.hostile import HostileServer
from support.runtime_calling import READ, Caller, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ONCE = CallOptions(attempts=1)


@pytest.fixture(params=["async", "sync"])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[[str], Caller]]:
    callers: list[Caller] = []

    def make(url: str) -> Caller:
        sync = request.param == "sync"
        callers.append(Caller(sync=sync, config=config(), clock=FastClock(10), base_url=url))
        return callers[-1]

    yield make
    for caller in callers:
        caller.close()


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.example", "shop.example", "https://", "https://u:p@shop.example", "http://[:1"],
)
def test_a_base_url_that_is_none(connect: Any, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        connect(url).call(READ, path={"id": "i1"})
    assert "u:p" not in str(caught.value)


def failure(caller: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        caller.call(READ, path={"id": "i1"}, options=ONCE)
    return caught.value


def refused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_the_log_of_a_failed_call_names_host_and_cause(
    connect: Any, caplog: pytest.LogCaptureFixture
) -> None:
    address = refused()
    causes = {
        "nowhere.invalid:80": "DNS",
        address: "Connection refused",
    }
    for host, cause in causes.items():
        caplog.clear()
        with caplog.at_level(logging.WARNING, "noctule.runtime"):
            error = failure(connect(f"http://{host.removesuffix(':80')}"))
        assert isinstance(error, ConnectionFailed)
        for text in (str(error), caplog.text):
            assert f"{host}: " in text
            assert cause in text


@pytest.mark.parametrize(
    ("step", "kind", "cause"),
    [
        (hostile.reset_after_request, ConnectionFailed, "Connection reset by peer"),
        (hostile.close_after_request, ConnectionFailed, "closed before the answer"),
        (hostile.silence, TimedOut, "no answer in time"),
    ],
)
def test_a_lost_answer_names_host_and_cause(
    connect: Any, caplog: pytest.LogCaptureFixture, step: Any, kind: type, cause: str
) -> None:
    with HostileServer(step) as server:
        error = failure(connect(server.url))
        assert type(error) is kind
        for text in (str(error), caplog.text):
            assert server.url.removeprefix("http://") in text
            assert cause in text
