"""Calls through the public surface, by both drivers, in virtual time."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import (
    JSON,
    OFF,
    Backoff,
    CallOptions,
    CircuitOpen,
    ConfigurationError,
    Conflict,
    ConnectionFailed,
    DeadlineExceeded,
    InvalidArgument,
    InvalidResponse,
    NotFound,
    Operation,
    OutcomeUnknown,
    Policies,
    RateLimited,
    RateLimitHeaders,
    Response,
    RetryLimits,
    ServerError,
    ServiceError,
    TimedOut,
    Unprocessable,
    deadline,
    key_for,
)
from noctule.runtime.fallback.reconcile import NOT_DONE, UNKNOWN, Done
from support.runtime_calling import (
    CHARGE,
    CREATE,
    DELETE,
    DOWNLOAD,
    NO_RETRY,
    PUT,
    READ,
    Item,
    MakeShop,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from noctule.runtime.testing import Received

ITEM = {"id": "i1", "amount": 3}


def test_a_call_sends_what_it_was_given_and_returns_what_it_was_promised(
    make_shop: MakeShop,
) -> None:
    shop = make_shop(headers={"Shop-Version": "7"})
    shop.provider.replies(json=ITEM)
    item = shop.call(
        CREATE, query={"expand": "all"}, headers={"X-Trace": "t"}, body={"amount": 3, "no": None}
    )
    assert item == Item(id="i1", amount=3)
    (request,) = shop.provider.requests
    assert (request.method, request.path, request.query) == ("POST", "/items", {"expand": "all"})
    assert request.json == {"amount": 3}
    assert request.headers["shop-version"] == "7"
    assert request.headers["x-trace"] == "t"
    assert request.headers["accept"] == "application/json"


def test_a_service_may_have_a_name_of_its_own_for_its_json(make_shop: MakeShop) -> None:
    shop = make_shop(headers={"Accept": "application/vnd.shop+json"})
    shop.provider.replies(json=ITEM).replies(content=b"x")
    shop.call(CREATE, body={"amount": 3})
    shop.call(Operation("get", "GET", "/x", returns=bytes))
    hook_calls = [request.headers["accept"] for request in shop.provider.requests]
    assert hook_calls == ["application/vnd.shop+json", "*/*"]


@pytest.mark.parametrize(
    ("returns", "content", "result"),
    [(bytes, b"\x00\x01", b"\x00\x01"), (str, "né".encode(), "né"), (None, b"x", None)],
)
def test_what_is_no_json_is_returned_as_it_is(
    make_shop: MakeShop, returns: Any, content: bytes, result: object
) -> None:
    shop = make_shop()
    shop.provider.replies(content=content)
    assert shop.call(Operation("get", "GET", "/x", returns=returns)) == result


def test_raw_gives_status_headers_and_bytes(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(503).replies(201, json=ITEM, headers={"Request-Id": "req_1"})
    answer = shop.raw(READ, path={"id": "i1"})
    assert answer.value == Item(id="i1", amount=3)
    assert answer.response.status == 201
    assert answer.response.content == b'{"id":"i1","amount":3}'
    assert (answer.request_id, answer.attempts) == ("req_1", 2)


# Retries


@pytest.mark.parametrize(
    "fault", [408, 425, 429, 500, 502, 503, 504, "connect", "reset", "timeout"]
)
@pytest.mark.parametrize("operation", [READ, CHARGE, PUT, DELETE])
def test_what_may_be_repeated_is_repeated(
    make_shop: MakeShop, fault: Any, operation: Operation[Any]
) -> None:
    shop = make_shop()
    shop.provider.fails(fault) if isinstance(fault, str) else shop.provider.replies(fault)
    shop.provider.replies(json=ITEM)
    arguments: dict[str, Any] = {"path": {"id": "i1"}} if "{id}" in operation.path else {}
    shop.call(operation, **arguments, body={"a": 1} if operation.body else None)
    assert shop.sent == 2


def test_three_retries_then_the_last_error(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(503, times=None, headers={"Request-Id": "req_9"})
    with pytest.raises(ServerError) as caught:
        shop.call(READ, path={"id": "i1"})
    error = caught.value
    assert shop.sent == error.attempts == 4
    assert error.elapsed == pytest.approx(sum(e["wait"] for e in shop.events_named("retry")))
    assert 1 + 2 + 4 <= error.elapsed <= 1.25 * (1 + 2 + 4)
    assert (error.service, error.operation, error.status) == ("shop", "read", 503)
    assert error.request_id == "req_9"
    assert error.safe_to_retry
    assert "shop.read" in str(error)
    assert "503" in str(error)


@pytest.mark.parametrize("fault", [500, 502, 503, 504, 408, "reset", "timeout"])
def test_a_write_without_a_key_is_sent_once_and_its_outcome_is_unknown(
    make_shop: MakeShop, fault: Any
) -> None:
    shop = make_shop()
    shop.provider.fails(fault) if isinstance(fault, str) else shop.provider.replies(fault)
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(CREATE, body={"amount": 3})
    assert shop.sent == 1
    assert not caught.value.safe_to_retry
    assert caught.value.__cause__ is not None
    again = make_shop()
    again.provider.replies(500)
    with pytest.raises(OutcomeUnknown) as same:
        again.call(CREATE, body={"amount": 3})
    assert same.value.fingerprint == caught.value.fingerprint != ""


@pytest.mark.parametrize("fault", ["connect", 429])
def test_a_write_that_did_nothing_is_repeated(make_shop: MakeShop, fault: Any) -> None:
    shop = make_shop()
    shop.provider.fails(fault) if isinstance(fault, str) else shop.provider.replies(fault)
    shop.provider.replies(json=ITEM)
    shop.call(CREATE, body={"amount": 3})
    assert shop.sent == 2


def test_a_refused_write_is_known_to_have_done_nothing(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(422, json={"error": "card 4242424242424242 declined"})
    with pytest.raises(Unprocessable) as caught:
        shop.call(CREATE, body={"amount": 3})
    assert shop.sent == 1
    assert "4242" not in str(caught.value) + repr(caught.value)
    assert caught.value.response is not None
    assert caught.value.response.json()["error"].startswith("card")


def test_one_key_for_all_attempts_and_another_for_the_next_call(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(500).fails("reset").replies(json=ITEM).replies(json=ITEM)
    shop.call(CHARGE, body={"amount": 3})
    shop.call(CHARGE, body={"amount": 3})
    keys = [request.headers["idempotency-key"] for request in shop.provider.requests]
    assert len(keys) == 4
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_a_key_of_the_callers_own_makes_any_write_repeatable(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(500).replies(json=ITEM)
    key = key_for("order", 7)
    shop.call(CREATE, body={"amount": 3}, options=CallOptions(idempotency_key=key))
    assert [r.headers["idempotency-key"] for r in shop.provider.requests] == [key, key]
    assert key == key_for("order", 7) != key_for("order", 70)


def test_a_key_that_the_provider_does_not_honour_protects_nothing(make_shop: MakeShop) -> None:
    shop = make_shop(idempotency_header="")
    shop.provider.replies(500)
    with pytest.raises(OutcomeUnknown):
        shop.call(CHARGE, body={"a": 1})
    assert "idempotency-key" not in shop.provider.requests[0].headers


@pytest.mark.parametrize("operation", [CHARGE, CREATE, READ])
def test_a_key_that_nobody_would_see_is_refused(
    make_shop: MakeShop, operation: Operation[Any]
) -> None:
    shop = make_shop(idempotency_header="")
    arguments = {"path": {"id": 1}} if operation is READ else {"body": {"a": 1}}
    with pytest.raises(InvalidArgument, match=rf"shop\.{operation.name}: .*idempotency_header"):
        shop.call(operation, options=CallOptions(idempotency_key="k"), **arguments)
    assert shop.sent == 0


def test_a_failed_keyed_write_tells_the_key_under_which_to_go_on(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout", times=None)
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(CHARGE, body={"amount": 3})
    assert caught.value.safe_to_retry
    assert caught.value.idempotency_key == shop.provider.requests[0].headers["idempotency-key"]


def test_409_is_waited_for_when_our_own_attempt_is_still_at_work(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(409, json={"error": {"code": "idempotency_key_in_use"}})
    shop.provider.replies(json=ITEM).replies(409, json={"error": "already paid"})
    assert shop.call(CHARGE, body={"amount": 3}).id == "i1"
    with pytest.raises(Conflict):
        shop.call(CHARGE, body={"amount": 3})
    assert shop.sent == 3


def test_the_providers_advice_wins(make_shop: MakeShop) -> None:
    shop = make_shop(should_retry_header="Shop-Should-Retry")
    shop.provider.replies(500, headers={"Shop-Should-Retry": "false"})
    with pytest.raises(ServerError):
        shop.call(READ, path={"id": "i1"})
    shop.provider.replies(404, headers={"X-Should-Retry": "true"}).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert shop.sent == 3


# Waiting


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"Retry-After-Ms": "7000"},
        {"Retry-After": "Fri, 15 Jan 2027 08:00:07 GMT"},
    ],
)
def test_retry_after_is_honoured_to_a_tenth(make_shop: MakeShop, headers: dict[str, str]) -> None:
    shop = make_shop()
    shop.provider.replies(429, headers=headers).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert 7.0 <= shop.clock.monotonic() <= 7.7


@pytest.mark.parametrize("hook_calls", [29.9, 3600])
def test_a_wait_beyond_the_deadline_fails_at_once_and_closes_the_gate(
    make_shop: MakeShop, hook_calls: float
) -> None:
    shop = make_shop(policies=Policies(deadline=20))
    shop.provider.replies(429, headers={"Retry-After": str(hook_calls)})
    with pytest.raises(RateLimited) as caught:
        shop.call(READ, path={"id": "i1"})
    assert caught.value.retry_after == hook_calls
    assert shop.clock.monotonic() == 0
    with pytest.raises(RateLimited) as second:
        shop.call(READ, path={"id": "i1"})
    assert (second.value.retry_after, second.value.attempts) == (min(hook_calls, 300), 0)
    assert shop.sent == 1


def test_the_gate_holds_other_calls_until_the_provider_wants_them(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(retry=RetryLimits(attempts=1)))
    shop.provider.replies(429, headers={"Retry-After": "5"}).replies(json=ITEM)
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": "i1"})
    shop.call(READ, path={"id": "i1"})
    assert 5.0 <= shop.clock.monotonic() <= 5.5


def test_an_empty_rate_window_closes_the_gate_before_the_429(make_shop: MakeShop) -> None:
    shop = make_shop(rate_limit=RateLimitHeaders("X-Left", "X-Reset", "seconds"))
    shop.provider.replies(json=ITEM, headers={"X-Left": "0", "X-Reset": "4"})
    shop.provider.replies(json=ITEM, headers={"X-Left": "9", "X-Reset": "4"}, times=None)
    for _ in range(3):
        shop.call(READ, path={"id": "i1"})
    assert 4.0 <= shop.clock.monotonic() <= 4.4


@pytest.mark.parametrize("seconds", [0.5, 3.0, 12.0])
def test_no_call_outlives_its_deadline(make_shop: MakeShop, seconds: float) -> None:
    shop = make_shop(policies=Policies(breaker=None))
    shop.provider.replies(503, times=None, after=0.4)
    for _ in range(20):
        start = shop.clock.monotonic()
        with pytest.raises(ServiceError):
            shop.call(READ, path={"id": "i"}, options=CallOptions(deadline=seconds, attempts=99))
        assert shop.clock.monotonic() - start <= seconds + 1e-9


def test_a_surrounding_deadline_only_shortens(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(breaker=None))
    shop.provider.replies(503, headers={"Retry-After": "3"}, times=None)
    for inner, outer in ((30.0, 2.0), (2.0, 30.0)):
        start = shop.clock.monotonic()
        with (
            deadline(outer, clock=shop.clock),
            deadline(inner, clock=shop.clock),
            pytest.raises((ServerError, RateLimited)),
        ):
            shop.call(READ, path={"id": "i1"})
        assert shop.clock.monotonic() - start <= 2.0 + 1e-9


def test_nothing_is_sent_when_the_deadline_has_passed(make_shop: MakeShop) -> None:
    shop = make_shop()
    with deadline(0.0, clock=shop.clock), pytest.raises(DeadlineExceeded) as caught:
        shop.call(CREATE, body={"amount": 3})
    assert shop.sent == 0
    assert caught.value.safe_to_retry


# The breaker


def test_an_open_breaker_spares_the_provider_and_closes_after_two_good_calls(
    make_shop: MakeShop,
) -> None:
    shop = make_shop()
    shop.provider.fails("connect", times=5)
    for _ in range(5):
        with pytest.raises(ConnectionFailed):
            shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    with pytest.raises(CircuitOpen) as caught:
        shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    assert shop.sent == 5
    assert 0 < (caught.value.retry_after or 0) <= 0.6
    shop.clock.advance(0.6)
    shop.provider.fails("connect")
    with pytest.raises(ConnectionFailed):
        shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    shop.clock.advance(1.2)
    shop.provider.replies(json=ITEM, times=2)
    shop.call(READ, path={"id": "i1"})
    shop.call(READ, path={"id": "i1"})
    assert [event["state"] for event in shop.events_named("breaker")] == ["open", "closed"]
    trial_states = [event["state"] for event in shop.events_named("trial_call")]
    assert trial_states == ["half-open", "open", "half-open"]


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
def test_a_refusal_is_no_outage(make_shop: MakeShop, status: int) -> None:
    shop = make_shop()
    shop.provider.replies(status, times=30)
    shop.provider.replies(json=ITEM)
    for _ in range(30):
        with pytest.raises(ServiceError):
            shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    assert shop.call(READ, path={"id": "i1"}).id == "i1"


def test_an_answer_of_the_wrong_shape_is_no_outage(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(content=b"<html>", times=30).replies(json=ITEM)
    for _ in range(30):
        with pytest.raises(InvalidResponse) as caught:
            shop.call(READ, path={"id": "i1"})
        assert caught.value.attempts == 1
    assert shop.call(READ, path={"id": "i1"}).id == "i1"


def test_the_retry_budget_stops_the_retries_of_an_outage(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(breaker=None, max_concurrency=None))
    shop.provider.replies(500, times=None)
    for _ in range(100):
        with pytest.raises(ServerError):
            shop.call(READ, path={"id": "i1"})
    assert shop.sent == 100 + 35


# The contract


def test_an_answer_that_breaks_its_promise_is_told_once_and_crashes_nothing(
    make_shop: MakeShop,
) -> None:
    shop = make_shop()
    shop.provider.replies(json={"id": "i1", "amount": "three"}, times=3)
    for _ in range(3):
        assert shop.call(READ, path={"id": "i1"}).id == "i1"
    (told,) = shop.events_named("contract_violation")
    assert told["pointer"] == "/amount"
    assert "three" not in str(told)


# Reconciling


def answering(answer: object) -> tuple[Callable[[OutcomeUnknown], Any], list[OutcomeUnknown]]:
    hook_calls: list[OutcomeUnknown] = []

    def hook(unknown: OutcomeUnknown) -> object:
        hook_calls.append(unknown)
        return answer

    return hook, hook_calls


def test_a_write_that_turns_out_done_is_a_success(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout")
    hook, hook_calls = answering(Done(Item(id="found")))
    item = shop.call(CREATE, body={"a": 1}, options=CallOptions(reconcile=hook))
    assert item.id == "found"
    assert len(hook_calls) == shop.sent == 1
    assert hook_calls[0].fingerprint


def test_a_write_that_turns_out_undone_is_sent_again(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout").replies(json=ITEM)
    hook, _ = answering(NOT_DONE)
    assert shop.call(CREATE, body={"a": 1}, options=CallOptions(reconcile=hook)).id == "i1"
    assert shop.sent == 2


@pytest.mark.parametrize("answer", [UNKNOWN, None])
def test_a_write_that_stays_in_doubt_raises(make_shop: MakeShop, answer: object) -> None:
    shop = make_shop()
    shop.provider.fails("timeout", times=None)
    hook, _ = answering(answer)
    with pytest.raises(OutcomeUnknown):
        shop.call(CREATE, body={"a": 1}, options=CallOptions(reconcile=hook))
    assert shop.sent == 1


def test_a_write_that_was_never_done_raises_what_prevented_it(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.fails("timeout", times=None)
    hook, hook_calls = answering(NOT_DONE)
    with pytest.raises(TimedOut) as caught:
        shop.call(CREATE, body={"a": 1}, options=CallOptions(reconcile=hook))
    assert len(hook_calls) == shop.sent == caught.value.attempts == 4
    assert caught.value.safe_to_retry
    assert caught.value.operation == "create"


# Options


def test_the_nearest_option_counts(make_shop: MakeShop) -> None:
    shop = make_shop(methods={"read": CallOptions(attempts=2, headers={"X-From": "method"})})
    shop.provider.replies(500, times=None)
    for options, sent in ((None, 2), (CallOptions(attempts=3), 3)):
        before = shop.sent
        with pytest.raises(ServerError):
            shop.call(READ, path={"id": "i1"}, options=options)
        assert shop.sent - before == sent
        assert shop.provider.requests[-1].headers["x-from"] == "method"


def test_waits_can_be_changed(make_shop: MakeShop) -> None:
    slow = RetryLimits(attempts=2, backoff=Backoff(base=0.0))
    shop = make_shop(policies=Policies(retry=slow))
    shop.provider.replies(500).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert shop.clock.monotonic() == 0


# Redirects


def redirect(location: str, status: int = 302) -> dict[str, Any]:
    return {"status": status, "headers": {"Location": location}}


def test_a_read_follows_redirects_within_its_origin(make_shop: MakeShop) -> None:
    shop = make_shop(headers={"X-Key": "k"})
    shop.provider.replies(**redirect("/items/i2?a=1")).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert shop.provider.requests[1].url == "https://shop.example/items/i2?a=1"
    assert shop.provider.requests[1].headers["x-key"] == "k"


def test_a_location_may_hold_anything(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(**redirect("/caf\xe9 %C3%A9?q=a b#part")).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert shop.provider.requests[1].url == "https://shop.example/caf%C3%A9%20%C3%A9?q=a%20b"


def test_a_location_without_a_path(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(**redirect("https://shop.example?q=1")).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert shop.provider.requests[1].url == "https://shop.example/?q=1"


@pytest.mark.parametrize("name", ["X-\u00e9", "X\r\nInjected", "X Y"])
def test_a_header_that_cannot_be_sent_is_refused(make_shop: MakeShop, name: str) -> None:
    shop = make_shop()
    for arguments in ({"headers": {name: "v"}}, {"options": CallOptions(headers={name: "v"})}):
        with pytest.raises(InvalidArgument):
            shop.call(READ, path={"id": "i1"}, **arguments)
    with pytest.raises(InvalidArgument):
        shop.call(READ, path={"id": "i1"}, headers={"X": "a\r\nb: c"})
    assert shop.sent == 0


def test_nothing_of_ours_goes_to_another_origin(make_shop: MakeShop) -> None:
    shop = make_shop(headers={"X-Key": "k"})
    shop.provider.replies(**redirect("https://cdn.example/f")).replies(content=b"data")
    assert shop.call(DOWNLOAD, path={"id": "f"}) == b"data"
    assert dict(shop.provider.requests[1].headers) == {}


@pytest.mark.parametrize(
    "location",
    ["http://cdn.example/f", "http://shop.example/f", "https://[", "https://x:y/", "ftp://x/y"],
)
def test_a_redirect_out_of_encryption_is_not_followed(make_shop: MakeShop, location: str) -> None:
    shop = make_shop()
    shop.provider.replies(**redirect(location)).replies(content=b"data")
    with pytest.raises((InvalidResponse, ConfigurationError)):
        shop.call(DOWNLOAD, path={"id": "f"})
    assert shop.sent == 1


def test_circles_end(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(status=302, headers={"Location": "/items/i1"}, times=None)
    with pytest.raises(InvalidResponse):
        shop.call(READ, path={"id": "i1"})
    assert shop.sent == 6


def test_a_write_is_not_redirected(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(**redirect("/elsewhere", 303))
    with pytest.raises(OutcomeUnknown) as caught:
        shop.call(CREATE, body={"a": 1})
    assert shop.sent == 1
    assert isinstance(caught.value.__cause__, InvalidResponse)
    assert not caught.value.safe_to_retry
    shop.provider.replies(**redirect("/elsewhere", 308))
    with pytest.raises(InvalidResponse) as moved:
        shop.call(CREATE, body={"a": 1})
    assert moved.value.safe_to_retry


@pytest.mark.parametrize(
    ("location", "told"),
    [
        ("/elsewhere", "to /elsewhere"),
        ("https://u:p@cdn.example/a?sig=s#f", "to https://cdn.example/a"),
        ("//cdn.example/a", "to //cdn.example/a"),
        ("https://cdn.example/sk_live_abcdefghijklmnop1234", "to https://cdn.example/"),
        ("https://cdn.example/" + "a" * 9000, "a…"),
        ("https://[", "to an invalid URL"),
        ("", "to "),
    ],
)
def test_a_redirect_that_is_not_followed_says_where_to(
    make_shop: MakeShop, location: str, told: str
) -> None:
    shop = make_shop()
    shop.provider.replies(**redirect(location, 308))
    with pytest.raises(InvalidResponse) as caught:
        shop.call(CREATE, body={"a": 1})
    text = str(caught.value)
    assert told in text
    assert len(text) < 400
    assert not any(secret in text for secret in ("sig=", "u:p", "sk_live_abc", "#"))


def test_a_redirect_to_nowhere_says_so(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(308)
    with pytest.raises(InvalidResponse, match="no Location"):
        shop.call(CREATE, body={"a": 1})


def test_all_redirects_together_take_no_longer_than_one_attempt(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(302, headers={"Location": "/next"}, times=None, after=3.0)
    with pytest.raises(TimedOut):
        shop.call(READ, path={"id": "i1"}, options=NO_RETRY)
    assert shop.clock.monotonic() == pytest.approx(10.0)


# Errors


def test_an_error_survives_the_trip_between_processes(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(404, json={"error": "gone"}, headers={"Request-Id": "req_1"})
    with pytest.raises(NotFound) as caught:
        shop.call(READ, path={"id": "i1"})
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert (copy.status, copy.request_id) == (404, "req_1")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 500])
def test_every_error_has_a_message_for_the_user_in_both_languages(
    make_shop: MakeShop, status: int
) -> None:
    shop = make_shop()
    shop.provider.replies(status, times=None)
    with pytest.raises(ServiceError) as caught:
        shop.call(READ, path={"id": "i1"})
    english, french = caught.value.user_message(), caught.value.user_message("fr")
    assert english
    assert french
    assert english != french


def test_a_hook_that_raises_does_not_fail_the_call(
    make_shop: MakeShop, caplog: pytest.LogCaptureFixture
) -> None:
    shop = make_shop()

    def broken(event: object) -> None:
        raise RuntimeError("secret detail")

    shop.service._builder._telemetry._on_event = broken
    shop.provider.replies(json=ITEM)
    assert shop.call(READ, path={"id": "i1"}).id == "i1"
    assert "RuntimeError" in caplog.text
    assert "secret detail" not in caplog.text


def test_a_bug_in_a_transport_frees_what_the_call_held(make_shop: MakeShop) -> None:
    shop = make_shop(policies=Policies(max_concurrency=1))

    def bug(_: Received) -> Response:
        raise ZeroDivisionError

    for _ in range(3):
        shop.provider.answers(bug)
        with pytest.raises(ZeroDivisionError):
            shop.call(READ, path={"id": "i1"})
    shop.provider.replies(json=ITEM)
    assert shop.call(READ, path={"id": "i1"}).id == "i1"


def test_any_json_can_be_asked_for(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(json=[1, {"a": None}])
    assert shop.call(Operation("any", "GET", "/any", returns=JSON)) == [1, {"a": None}]


def test_the_event_of_an_attempt_has_its_status(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(500).replies(201, json=ITEM)
    shop.call(READ, path={"id": "i1"})
    events = [
        (event["number"], event["status"], event["error"]) for event in shop.events_named("attempt")
    ]
    assert events == [(1, 500, "ServerError"), (2, 201, None)]


def test_successes_refill_the_retry_budget(make_shop: MakeShop) -> None:
    shop = make_shop()
    tokens = shop.service._builder._settings_for(READ, None).engine_config.state.retry_tokens
    tokens.tokens = 100
    shop.provider.replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert tokens.tokens == 101
    shop.provider.replies(500).replies(500).replies(json=ITEM)
    shop.call(READ, path={"id": "i1"})
    assert tokens.tokens == 101 - 14 - 14 + 14


def test_without_a_retry_budget_every_call_may_retry(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(500).replies(json=ITEM)
    assert shop.call(READ, path={"id": "i1"}, options=CallOptions(retry_budget=OFF)).id == "i1"
