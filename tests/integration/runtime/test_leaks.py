"""No credential and no card number in any log, traceback, repr or span, whatever happens."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    All,
    ApiKeyHeader,
    ApiKeyQuery,
    Basic,
    Bearer,
    CallOptions,
    Operation,
    ServiceError,
    env,
)
from noctule.runtime.call.tracing import Tracing
from noctule.runtime.testing import FastClock
from support import hostile
from support.hostile import Connection, HostileServer, Step
from support.runtime_calling import Caller, Item, config

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRETS = {
    "SHOP_KEY": "sk_live_51HxZtokenTOKENtokenTOKEN",
    "SHOP_PASSWORD": "correct-horse-battery-staple",
    "SHOP_QUERY_KEY": "AIzaSyQUERYkeyQUERYkeyQUERY",
    "SHOP_APP_KEY": "app-0123456789-abcdef-secret",
}
CARD = "4242424242424242"
PAY = Operation("pay", "POST", "/pay/{card}", returns=Item, body="form", retry="with_key")


def echoing(status: str) -> Step:
    """Answers with everything it was told, in headers and body."""

    def answer(c: Connection) -> None:
        shown = c.server.requests[-1].decode("latin-1")
        line = shown.splitlines()[0]
        lines = f"X-Echo: {line}\r\nSet-Cookie: session={SECRETS['SHOP_KEY']}\r\n"
        c.answer(shown.encode("latin-1"), status=status, headers=lines)

    return answer


FAULTS: tuple[Step, ...] = (
    echoing("200 OK"),
    echoing("400 Bad"),
    echoing("401 No"),
    echoing("500 Oh"),
    hostile.reset_after_request,
    hostile.reset_during_body,
    hostile.bad_status_line,
    hostile.no_http,
    hostile.truncated_chunk,
    hostile.silence,
)


class Everything(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        formatted = logging.Formatter("%(name)s %(message)s").format(record)
        self.lines.append(formatted + repr(record.args) + repr(vars(record)))


class Span:
    def __init__(self, recorded: list[str]) -> None:
        self.recorded = recorded

    def __enter__(self) -> Span:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def set_attribute(self, *facts: object) -> None:
        self.recorded.append(repr(facts))

    set_status = set_attribute


class Tracer:
    def __init__(self) -> None:
        self.recorded: list[str] = []

    def start_as_current_span(self, *facts: object, **more: object) -> Span:
        self.recorded.append(repr((facts, more)))
        return Span(self.recorded)


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[Everything]:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    handler, root = Everything(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("sync", [False, True], ids=["async", "sync"])
@pytest.mark.parametrize("number", range(len(FAULTS)))
def test_nothing_secret_is_told(everything: Everything, number: int, sync: bool) -> None:
    auth = All(
        Bearer(env("SHOP_KEY")),
        ApiKeyQuery("key", env("SHOP_QUERY_KEY")),
        ApiKeyHeader("X-App", env("SHOP_APP_KEY")),
        Basic("user", env("SHOP_PASSWORD")) if number % 2 else ApiKeyHeader("X-B", env("SHOP_KEY")),
    )
    pytest.importorskip("opentelemetry.trace")
    tracer = Tracer()
    texts: list[str] = []
    with HostileServer(*[FAULTS[number]] * 2) as server:
        caller = Caller(
            sync=sync, config=config(auth=auth), clock=FastClock(20), base_url=server.url
        )
        caller.service._tracing = Tracing(tracer, "shop")
        try:
            texts.append(repr(call(caller)))
        except ServiceError as error:
            texts += [repr(error), str(error), repr(vars(error)), repr(error.response)]
            texts += traceback.format_exception(error)
            texts += traceback.TracebackException.from_exception(
                error, capture_locals=False
            ).format()
        finally:
            caller.close()
        assert CARD.encode() in server.requests[0]
        assert SECRETS["SHOP_KEY"].encode() in server.requests[0]
    texts += [repr(event) for event in caller.events] + tracer.recorded + everything.lines
    texts += [repr(caller.service), repr(caller.service.config), repr(vars(caller.service))]
    assert len(everything.lines) > 3
    assert tracer.recorded
    shown = "\n".join(texts)
    for value in (*SECRETS.values(), CARD):
        assert value not in shown


def call(caller: Any) -> object:
    return caller.call(
        PAY,
        path={"card": CARD},
        query={"token": SECRETS["SHOP_KEY"]},
        body={"number": CARD, "nested": {"cvc": "123"}},
        options=CallOptions(attempts=2),
    )
