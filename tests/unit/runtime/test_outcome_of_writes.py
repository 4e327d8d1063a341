"""What a write that may have happened ends in: its result, a refusal, or `OutcomeUnknown`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from noctule.runtime import (
    BadRequest,
    CallOptions,
    CircuitOpen,
    ConnectionFailed,
    DeadlineExceeded,
    Forbidden,
    InvalidResponse,
    NotFound,
    OAuth2ClientCredentials,
    Operation,
    OutcomeUnknown,
    Policies,
    RateLimited,
    RateLimitHeaders,
    Request,
    Response,
    RetryBudget,
    ServerError,
    ServiceError,
    TimedOut,
    Unauthorized,
    Unprocessable,
    deadline,
    env,
)
from noctule.runtime.fallback.fallback import Value
from noctule.runtime.policy.backoff import Backoff
from noctule.runtime.policy.retry import RetryLimits
from noctule.runtime.testing import MockProvider, Received
from support.runtime_calling import (
    CHARGE,
    CREATE,
    DELETE,
    PUT,
    READ,
    Item,
    MakeShop,
    Shop,
    config,
)

ITEM = {"id": "i1", "amount": 3}
BODY = {"amount": 3}
BOTH_DOUBT = [500, 502, 503, 504, 408, "reset", "timeout"]
"""Failures after which a write may have happened."""
WRITES: list[tuple[Operation[Any], dict[str, Any]]] = [
    (CHARGE, {"body": BODY}),
    (CREATE, {"body": BODY}),
    (PUT, {"path": {"id": "i1"}, "body": BODY}),
    (DELETE, {"path": {"id": "i1"}}),
]
UNREADABLE = [
    {"content": b'{"id": "i1", "amo'},
    {"content": b""},
    {"content": b"<html>maintenance</html>"},
    {"json": ["i1"]},
    {"json": "done"},
    {"content": b"null"},
]
HOLLOW = [{"json": {}}, {"json": {"message": "accepted"}}]


def fail(shop: Shop, fault: int | str, times: int | None = 1, **more: Any) -> None:
    if isinstance(fault, str):
        shop.provider.fails(fault, times=times)  # type: ignore[arg-type]
    else:
        shop.provider.replies(fault, times=times, **more)


def unknown(shop: Shop, operation: Operation[Any], **arguments: Any) -> OutcomeUnknown:
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(operation, **arguments)
    return caught.value


# Every attempt left a doubt


@pytest.mark.parametrize("fault", BOTH_DOUBT)
@pytest.mark.parametrize(("operation", "arguments"), WRITES)
def test_a_write_that_nothing_tells_about_is_an_unknown_outcome(
    make_shop: MakeShop, operation: Operation[Any], arguments: dict[str, Any], fault: int | str
) -> None:
    shop = make_shop()
    fail(shop, fault, times=None)
    error = unknown(shop, operation, **arguments)
    repeatable = operation.retry != "never"
    assert shop.sent == error.attempts == (4 if repeatable else 1)
    assert error.safe_to_retry is repeatable
    assert isinstance(error.__cause__, ServiceError)
    assert error.status == error.__cause__.status == (fault if isinstance(fault, int) else None)
    assert (error.response is not None) is isinstance(fault, int)
    assert error.fingerprint
    keys = {request.headers.get("idempotency-key") for request in shop.provider.requests}
    assert keys == {error.idempotency_key}
    assert (error.idempotency_key is not None) is (operation is CHARGE)


@pytest.mark.parametrize("fault", BOTH_DOUBT)
def test_a_read_is_never_an_unknown_outcome(make_shop: MakeShop, fault: int | str) -> None:
    shop = make_shop()
    fail(shop, fault, times=None)
    with pytest.raises((ServerError, TimedOut, ConnectionFailed, ServiceError)) as caught:
        shop.call(READ, path={"id": "i1"})
    assert not isinstance(caught.value, OutcomeUnknown)
    assert caught.value.safe_to_retry


def test_a_search_by_post_is_a_read(make_shop: MakeShop) -> None:
    search = Operation("search", "POST", "/search", returns=Item, body="json", reads=True)
    shop = make_shop()
    shop.provider.fails("reset", times=4)
    with pytest.raises(ConnectionFailed):
        shop.call(search, body={})
    assert shop.sent == 4
    shop.provider.fails("reset", times=4)
    nothing = Item(id="none")
    assert shop.call(search, body={}, fallback=Value(nothing)).value == nothing


def test_the_text_says_what_to_do(make_shop: MakeShop) -> None:
    texts = []
    for operation, arguments in WRITES:
        shop = make_shop()
        fail(shop, 500, times=None)
        texts.append(str(unknown(shop, operation, **arguments)))
    assert all("ServerError" in text and "status 500" in text for text in texts)
    steps = [text.rpartition("; ")[2] for text in texts]
    assert steps == [
        "repeat it only under the idempotency key of this error",
        "find out before doing it again",
        *["it can be repeated: twice has the effect of once"] * 2,
    ]


# One attempt left a doubt, and something else ended the call


def test_the_breaker_that_opens_leaves_the_doubt(make_shop: MakeShop) -> None:
    shop = make_shop()
    fail(shop, 500, times=None)
    ended: list[ServiceError] = []
    for _ in range(30):
        with pytest.raises(ServiceError) as caught:
            shop.call(CHARGE, body=BODY)
        ended.append(caught.value)
    sent = [error for error in ended if error.attempts]
    assert all(isinstance(error, OutcomeUnknown) for error in sent)
    unsent = [error for error in ended if not error.attempts]
    assert unsent
    assert all(isinstance(error, CircuitOpen) and error.safe_to_retry for error in unsent)


def test_an_empty_budget_leaves_the_doubt(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(retry_budget=RetryBudget(capacity=0), breaker=None))
    fail(shop, 500, times=None)
    error = unknown(shop, CHARGE, body=BODY)
    assert shop.sent == 1
    assert error.safe_to_retry


@pytest.mark.parametrize("operation", [CHARGE, CREATE])
def test_a_deadline_leaves_the_doubt(make_shop: MakeShop, operation: Operation[Any]) -> None:
    shop = make_shop()
    shop.provider.replies(json=ITEM, after=100.0, times=None)
    for arguments, seconds in (
        ({"options": CallOptions(deadline=5)}, 5.0),
        ({"options": CallOptions(deadline=13)}, 13.0),
    ):
        error = unknown(shop, operation, body=BODY, **arguments)
        expected = min(seconds, 10.0) if operation is CREATE else seconds
        assert error.elapsed <= expected
    with deadline(2.0, clock=shop.clock):
        error = unknown(shop, operation, body=BODY)
    assert isinstance(error.__cause__, DeadlineExceeded)


@pytest.mark.parametrize(
    ("status", "headers", "kind"),
    [
        (429, {"Retry-After": "3600"}, RateLimited),
        (401, {}, Unauthorized),
        (403, {}, ServiceError),
        (409, {"X-Should-Retry": "false"}, ServiceError),
        (412, {}, ServiceError),
        (425, {"X-Should-Retry": "false"}, ServiceError),
        (307, {}, InvalidResponse),
    ],
)
def test_a_refusal_that_says_nothing_about_the_first_attempt(
    make_shop: MakeShop, status: int, headers: dict[str, str], kind: type[ServiceError]
) -> None:
    shop = make_shop()
    shop.provider.replies(502).replies(status, headers=headers)
    error = unknown(shop, CHARGE, body=BODY)
    assert isinstance(error.__cause__, kind)
    assert isinstance(error.__cause__.__cause__, ServerError)
    assert error.status == status
    assert error.safe_to_retry


def test_how_long_to_wait_before_the_repetition_is_kept(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(502).replies(429, headers={"Retry-After": "3600"})
    assert unknown(shop, CHARGE, body=BODY).retry_after == 3600


def test_a_token_that_cannot_be_renewed_leaves_the_doubt(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ID", "id")
    monkeypatch.setenv("KEY", "key")
    shop = make_shop(
        auth=OAuth2ClientCredentials("https://shop.example/token", env("ID"), env("KEY"))
    )
    token = {"access_token": "t1", "token_type": "bearer", "expires_in": 3}
    shop.provider.replies(json=token, on="POST /token").replies(400, on="POST /token", times=None)
    shop.provider.replies(json=ITEM, on="POST /charges", after=20.0, times=None)
    error = unknown(shop, CHARGE, body=BODY)
    assert not isinstance(error.__cause__, TimedOut)
    assert len([r for r in shop.provider.requests if r.path == "/charges"]) == 1


def test_a_token_that_never_comes_is_no_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent yet, so a write without a key is neither lost nor in doubt."""
    monkeypatch.setenv("ID", "id")
    monkeypatch.setenv("KEY", "key")
    auth = OAuth2ClientCredentials("https://shop.example/token", env("ID"), env("KEY"))
    shop = Shop(sync=False, config=config(auth=auth))
    shop.provider.replies(json={}, on="POST /token", after=100.0, times=None)
    with pytest.raises(ServiceError) as caught:
        shop.call(CREATE, body=BODY)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert not [r for r in shop.provider.requests if r.path == "/items"]


# What settles a doubt


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadRequest), (402, ServiceError), (404, NotFound), (422, Unprocessable)],
)
def test_a_refusal_under_the_same_key_settles_the_doubt(
    make_shop: MakeShop, status: int, kind: type[ServiceError]
) -> None:
    shop = make_shop()
    shop.provider.replies(500).replies(status)
    with pytest.raises(kind) as caught:
        shop.call(CHARGE, body=BODY)
    assert not isinstance(caught.value, OutcomeUnknown)


def test_without_a_key_a_refusal_may_come_from_the_first_attempts_effect(
    make_shop: MakeShop,
) -> None:
    shop = make_shop()
    shop.provider.fails("reset").replies(422)
    assert isinstance(unknown(shop, PUT, path={"id": "i1"}, body=BODY).__cause__, Unprocessable)


def test_what_was_to_be_deleted_is_gone(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("reset").replies(404)
    with pytest.raises(NotFound):
        shop.call(DELETE, path={"id": "i1"})


@pytest.mark.parametrize(("operation", "arguments"), WRITES)
def test_a_write_that_never_arrived_is_no_doubt(
    make_shop: MakeShop, operation: Operation[Any], arguments: dict[str, Any]
) -> None:
    shop = make_shop()
    shop.provider.fails("connect", times=None)
    with pytest.raises(ConnectionFailed) as caught:
        shop.call(operation, **arguments)
    assert caught.value.safe_to_retry


# A success that cannot be read


@pytest.mark.parametrize("answer", UNREADABLE + HOLLOW)
def test_under_a_key_an_unreadable_success_is_fetched_again(
    make_shop: MakeShop, answer: dict[str, Any]
) -> None:
    shop = make_shop()
    shop.provider.replies(**answer).replies(json=ITEM)
    assert shop.call(CHARGE, body=BODY) == Item(id="i1", amount=3)
    first, second = (r.headers["idempotency-key"] for r in shop.provider.requests)
    assert first == second
    assert [event["error"] for event in shop.events_named("retry")] == ["InvalidResponse"]


@pytest.mark.parametrize("answer", UNREADABLE)
@pytest.mark.parametrize(("operation", "arguments"), WRITES[:3])
def test_a_success_that_stays_unreadable(
    make_shop: MakeShop,
    operation: Operation[Any],
    arguments: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    shop = make_shop()
    shop.provider.replies(**answer, times=None)
    error = unknown(shop, operation, **arguments)
    assert isinstance(error.__cause__, InvalidResponse)
    assert error.status == 200
    assert error.response is not None
    assert shop.sent == error.attempts == (1 if operation is CREATE else 4)


@pytest.mark.parametrize("answer", UNREADABLE)
def test_the_result_of_a_put_is_fetched_again(make_shop: MakeShop, answer: dict[str, Any]) -> None:
    shop = make_shop()
    shop.provider.replies(**answer).replies(json=ITEM)
    assert shop.call(PUT, path={"id": "i1"}, body=BODY).id == "i1"


def test_what_was_deleted_is_not_deleted_again(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(content=b"")
    told = Operation("delete_told", "DELETE", "/items/{id}", returns=Item)
    error = unknown(shop, told, path={"id": "i1"})
    assert shop.sent == 1
    assert error.safe_to_retry


def test_a_result_with_a_flaw_is_a_result(make_shop: MakeShop) -> None:
    shop = make_shop()
    for answer in HOLLOW:
        shop.provider.replies(**answer)
        assert shop.call(CREATE, body=BODY).amount is None
    shop.provider.replies(json={"id": "i1", "amount": "three"}).replies(json={"amount": 3})
    assert shop.call(CHARGE, body=BODY).id == "i1"
    assert shop.call(CHARGE, body=BODY).amount == 3


# A conflict with another request


@pytest.mark.parametrize("operation", [CHARGE, CREATE, READ, PUT])
def test_a_status_that_the_provider_means_as_wait_is_waited_for(
    make_shop: MakeShop, operation: Operation[Any]
) -> None:
    shop = make_shop(retry_statuses=(409, 423, 503))
    shop.provider.replies(409).replies(423).replies(json=ITEM)
    arguments: dict[str, Any] = {"path": {"id": "i1"}} if "{id}" in operation.path else {}
    shop.call(operation, **arguments, body=BODY if operation.body else None)
    assert shop.sent == 3
    assert shop.clock.monotonic() >= 1 + 2


def test_a_status_that_the_provider_leaves_out_is_not_repeated(make_shop: MakeShop) -> None:
    shop = make_shop(retry_statuses=(409, 503))
    shop.provider.replies(500)
    with pytest.raises(ServerError):
        shop.call(READ, path={"id": "i1"})
    assert shop.sent == 1


def test_a_key_that_stays_in_use_leaves_the_doubt(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout")
    shop.provider.replies(409, json={"error": {"code": "idempotency_key_in_use"}}, times=None)
    error = unknown(shop, CHARGE, body=BODY)
    assert shop.sent == 4
    assert (error.status, error.safe_to_retry) == (409, True)


# How long to wait


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0"},
        {"Retry-After": "-1"},
        {"Retry-After": "0.01"},
        {"Retry-After-Ms": "5"},
        {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_hint_of_nothing_leaves_our_own_waits(
    make_shop: MakeShop, status: int, headers: dict[str, str]
) -> None:
    shop = make_shop()
    shop.provider.replies(status, headers=headers, times=3).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert 7.0 <= shop.clock.monotonic() <= 8.75 + 0.1


@pytest.mark.parametrize("seconds", [2.0, 3.0, 4.0, 5.0, 6.0, 6.9])
@pytest.mark.parametrize(("operation", "arguments"), WRITES)
def test_a_blip_is_outlasted(
    make_shop: MakeShop,
    operation: Operation[Any],
    arguments: dict[str, Any],
    seconds: float,
) -> None:
    """The provider is away from just before the first attempt on."""
    shop = make_shop()

    def answer(_: Received) -> Response:
        if shop.clock.monotonic() < seconds:
            raise ConnectionFailed("Connection refused")
        return Response(200, content=b'{"id": "i1"}')

    shop.provider.answers(answer, times=None)
    shop.call(operation, **arguments)
    assert shop.clock.monotonic() >= seconds


LIMITED = RateLimitHeaders("X-RateLimit-Remaining", "X-RateLimit-Reset", "epoch", (403,))
"""As GitHub tells its limits."""


@pytest.mark.parametrize("window", [False, True])
@pytest.mark.parametrize(("operation", "arguments"), [(READ, {"path": {"id": "i"}}), WRITES[1]])
def test_a_403_that_is_a_rate_limit_is_waited_for(
    make_shop: MakeShop, operation: Operation[Any], arguments: dict[str, Any], window: bool
) -> None:
    shop = make_shop(rate_limit=LIMITED)
    moment = str(int(shop.clock.time()) + 5)
    emptied = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": moment}
    headers = emptied if window else {"Retry-After": "5"}
    shop.provider.replies(403, headers=headers).replies(json=ITEM)
    shop.call(operation, **arguments)
    assert 4.0 <= shop.clock.monotonic() <= 6.0
    long = emptied | {"X-RateLimit-Reset": str(int(shop.clock.time()) + 900)}
    shop.provider.replies(403, headers=long if window else {"Retry-After": "900"})
    for sent in (3, 3):
        with pytest.raises(RateLimited) as caught:
            shop.call(operation, **arguments)
        assert shop.sent == sent
        assert caught.value.safe_to_retry
    shop.clock.advance(400)
    shop.provider.replies(403)
    with pytest.raises(Forbidden):
        shop.call(operation, **arguments)


# Cancelled


@pytest.mark.parametrize("operation", [CHARGE, CREATE])
def test_what_a_cancelled_write_may_have_done_is_not_lost(operation: Operation[Any]) -> None:
    shop = Shop(sync=False, config=config())
    received: list[Request] = []

    async def cancelled() -> asyncio.CancelledError:
        arrived = asyncio.Event()

        class Silent(MockProvider):
            async def asend(self, request: Request) -> Response:
                received.append(request)
                arrived.set()
                await asyncio.Event().wait()
                raise AssertionError

        shop.service._driver._transport = Silent(clock=shop.clock)
        task = asyncio.ensure_future(shop.service.call(operation, body=BODY))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    error = asyncio.run(cancelled())
    [event] = shop.events_named("outcome_unknown")
    [note] = error.__notes__
    assert event["error"] == "CancelledError"
    assert event["idempotency_key"] == received[0].headers.get("Idempotency-Key")
    assert f"fingerprint {event['fingerprint']}" in note
    assert "shop." in note
    if operation is CHARGE:
        assert str(event["idempotency_key"]) in note


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, RuntimeError])
@pytest.mark.parametrize("sync", [True, False])
def test_an_interrupted_write_is_noted(
    sync: bool, kind: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    class Interrupting(MockProvider):
        def send(self, request: Any) -> Any:
            raise kind

        async def asend(self, request: Any) -> Any:
            raise kind

    shop = Shop(sync=sync, config=config())
    shop.service._driver._transport = Interrupting(clock=shop.clock)
    with pytest.raises(kind) as caught:
        shop.call(CHARGE, body=BODY, options=CallOptions(idempotency_key="of-anna@example.com"))
    [note] = caught.value.__notes__
    assert "may have happened" in note
    assert "anna" not in note + caplog.text
    [event] = shop.events_named("outcome_unknown")
    assert event["idempotency_key"] == "of-anna@example.com"
    with pytest.raises(kind) as read:
        shop.call(READ, path={"id": "i1"})
    assert not getattr(read.value, "__notes__", [])


# Beside a fallback


def test_a_fallback_does_not_hide_an_unknown_outcome(make_shop: MakeShop) -> None:
    shop = make_shop()
    fail(shop, 500, times=None)
    with pytest.raises(OutcomeUnknown):
        shop.call(PUT, path={"id": "i1"}, body=BODY, fallback=Value(Item(id="none")))
    shop.provider.fails("connect", times=None)


def test_every_unknown_outcome_is_told(make_shop: MakeShop) -> None:
    quick = Policies(retry=RetryLimits(backoff=Backoff(base=0.0)))
    shop = make_shop(policies=quick)
    fail(shop, 500, times=None)
    error = unknown(shop, CHARGE, body=BODY)
    [event] = shop.events_named("outcome_unknown")
    assert event["idempotency_key"] == error.idempotency_key
    assert (event["error"], event["attempts"]) == ("ServerError", 4)
