"""A failure inside a 200 is the error, the retry and the hold that its code means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime import (
    BodyFailure,
    ClientError,
    ConfigurationError,
    Headers,
    OAuth2RefreshToken,
    OutcomeUnknown,
    RateLimited,
    RateLimitHeaders,
    Response,
    ServerError,
    Unauthorized,
    env,
)
from noctule.runtime.errors import Forbidden
from support.runtime_calling import CHARGE, CREATE, READ, MakeShop, Shop

SLACK = BodyFailure(
    flag="ok",
    code="error",
    rate_limited=("ratelimited",),
    retryable=("service_unavailable",),
    uncertain=("internal_error",),
    unauthorized=("invalid_auth",),
)
ITEM = {"ok": True, "id": "i1"}


@pytest.mark.parametrize(
    ("failure", "failing", "well"),
    [
        (
            BodyFailure(error="error"),
            [({"id": "i1", "error": "gone"}, "gone"), ({"error": {"code": "gone"}}, "")],
            [{"id": "i1", "error": value} for value in (None, "", [], {}, False, 0)]
            + [{"id": "i1"}],
        ),
        (
            BodyFailure(error="errors", code="errors.0.extensions.code"),
            [
                ({"data": None, "errors": [{"extensions": {"code": "gone"}}]}, "gone"),
                ({"errors": [{"message": "no such field"}]}, ""),
                ({"errors": ["a text"]}, ""),
            ],
            [{"id": "i1", "errors": []}, {"id": "i1", "data": {"errors": ["those of an item"]}}],
        ),
        (
            BodyFailure(flag="status", failed=("error", "fail"), code="code"),
            [({"status": "fail", "code": 4001}, "4001"), ({"status": False}, "")],
            [{"id": "i1", "status": "success"}, {"id": "i1", "status": "failed"}],
        ),
        (
            BodyFailure(flag="meta.ok", error="meta.error"),
            [({"meta": {"error": "gone"}}, "gone"), ({"meta": {"ok": False}}, "")],
            [{"id": "i1", "meta": {"ok": True}}, {"id": "i1", "meta": None}, {"id": "i1"}],
        ),
    ],
)
def test_what_reports_a_failure_and_what_does_not(
    make_shop: MakeShop,
    failure: BodyFailure,
    failing: list[tuple[dict[str, Any], str]],
    well: list[dict[str, Any]],
) -> None:
    for body, code in failing:
        shop = make_shop(failure=failure)
        shop.provider.replies(json=body)
        with pytest.raises(ClientError) as raised:
            shop.call(CREATE, body={"amount": 1})
        assert (raised.value.provider_code, shop.sent) == (code, 1)
    for body in well:
        shop = make_shop(failure=failure)
        shop.provider.replies(json=body)
        assert shop.call(CREATE, body={"amount": 1}).id == "i1"


def test_a_declaration_that_declares_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="flag or an error"):
        BodyFailure(code="error")


def refused(code: object) -> dict[str, object]:
    return {"ok": False, "error": code}


def shop_with(make_shop: MakeShop, code: object, times: int = 1, **headers: str) -> Shop:
    shop = make_shop(failure=SLACK)
    shop.provider.replies(json=refused(code), times=times, headers=headers)
    shop.provider.replies(json=ITEM)
    return shop


def test_a_rate_limit_is_waited_for_and_retried(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "ratelimited", **{"retry-after": "7"})
    started = shop.clock.monotonic()
    assert shop.call(CREATE, body={"amount": 1}).id == "i1"
    assert shop.sent == 2
    assert shop.clock.monotonic() - started >= 7
    assert [attempt["error"] for attempt in shop.events_named("attempt")] == ["RateLimited", None]


def test_a_rate_limit_longer_than_the_call_is_an_error(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "ratelimited", **{"retry-after": "90"})
    with pytest.raises(RateLimited, match="ratelimited") as raised:
        shop.call(READ, path={"id": 1})
    assert (raised.value.retry_after, raised.value.provider_code) == (90.0, "ratelimited")
    assert (raised.value.status, shop.sent) == (200, 1)
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": 1})
    assert shop.sent == 1  # nobody calls while the provider asks us to wait


def test_a_code_that_did_nothing_is_retried_for_a_write_as_well(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "service_unavailable")
    assert shop.call(CREATE, body={"amount": 1}).id == "i1"


def test_an_uncertain_write_is_not_repeated(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "internal_error")
    with pytest.raises(OutcomeUnknown) as raised:
        shop.call(CREATE, body={"amount": 1})
    assert shop.sent == 1
    assert not raised.value.safe_to_retry
    assert raised.value.provider_code == "internal_error"
    assert isinstance(raised.value.__cause__, ServerError)


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [(READ, {"path": {"id": 1}}), (CHARGE, {"body": {"amount": 1}})],
)
def test_an_uncertain_call_that_may_repeat_is_retried(
    make_shop: MakeShop, operation: Any, arguments: dict[str, Any]
) -> None:
    shop = shop_with(make_shop, "internal_error")
    assert shop.call(operation, **arguments).id == "i1"
    assert shop.sent == 2


def test_refused_credentials_are_unauthorized(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "invalid_auth")
    with pytest.raises(Unauthorized, match="invalid_auth"):
        shop.call(READ, path={"id": 1})
    assert shop.sent == 1


def test_refused_tokens_are_renewed_once(
    make_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ID", "SECRET", "REFRESH"):
        monkeypatch.setenv(name, f"{name.lower()}-0123456789")
    auth = OAuth2RefreshToken(
        "https://auth.example/token", env("ID"), env("SECRET"), env("REFRESH")
    )
    shop = make_shop(auth=auth, failure=SLACK)
    tokens = iter(("token-1-xxxxxxxx", "token-2-xxxxxxxx"))
    shop.provider.answers(
        lambda _: Response(200, Headers(), b'{"access_token":"%s"}' % next(tokens).encode()),
        times=2,
        on="POST /token",
    )
    shop.provider.replies(json=refused("invalid_auth"), on="GET /items/1")
    shop.provider.replies(json=ITEM, on="GET /items/1")
    assert shop.call(READ, path={"id": 1}).id == "i1"
    sent = [r.headers["authorization"] for r in shop.provider.requests if r.method == "GET"]
    assert sent == ["Bearer token-1-xxxxxxxx", "Bearer token-2-xxxxxxxx"]


def test_any_other_code_is_a_refusal(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "channel_not_found")
    with pytest.raises(ClientError, match="channel_not_found") as raised:
        shop.call(CREATE, body={"amount": 1})
    assert type(raised.value) is ClientError
    assert (shop.sent, raised.value.provider_code) == (1, "channel_not_found")


def test_a_code_that_is_no_identifier_stays_out_of_the_message(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "no user jane@example.com")
    with pytest.raises(ClientError) as raised:
        shop.call(READ, path={"id": 1})
    assert "jane" not in str(raised.value)
    assert raised.value.provider_code == "no user jane@example.com"


def test_failures_inside_a_200_open_the_breaker(make_shop: MakeShop) -> None:
    shop = shop_with(make_shop, "internal_error", times=40)
    for _ in range(40):
        if shop.events_named("breaker"):
            break
        with pytest.raises(OutcomeUnknown):
            shop.call(CREATE, body={"amount": 1})
    assert shop.events_named("breaker")[0]["state"] == "open"


@pytest.mark.parametrize(
    "content",
    [
        b'{"ok": true, "id": "i1"}',
        b'{"id": "i1"}',
        b'{"ok": null, "id": "i1"}',
        b'{"ok": 0, "id": "i1"}',
        b'{"ok": "false", "id": "i1"}',
    ],
)
def test_a_flag_that_is_not_false_is_a_success(make_shop: MakeShop, content: bytes) -> None:
    shop = make_shop(failure=SLACK)
    shop.provider.replies(content=content)
    assert shop.call(READ, path={"id": 1}).id == "i1"


@pytest.mark.parametrize("code", [{}, True, 1.5, None])
def test_a_failure_without_a_readable_code_is_a_refusal(make_shop: MakeShop, code: object) -> None:
    shop = shop_with(make_shop, code)
    with pytest.raises(ClientError) as raised:
        shop.call(READ, path={"id": 1})
    assert raised.value.provider_code == ""


def test_flag_and_code_may_be_nested() -> None:
    failure = BodyFailure(flag="meta.success", code="meta.error.type")
    content = b'\xef\xbb\xbf {"meta": {"success": false, "error": {"type": "gone"}}}'
    assert failure.code_of(Response(200, content=content)) == "gone"
    assert failure.code_of(Response(404, content=content)) is None


@given(st.binary(max_size=60) | st.builds(lambda tail: b'{"ok":false,' + tail, st.binary()))
def test_no_body_makes_it_raise(content: bytes) -> None:
    code = SLACK.code_of(Response(200, content=content))
    assert code is None or isinstance(code, str)


def test_deep_nesting_is_left_to_the_decoder() -> None:
    assert SLACK.code_of(Response(200, content=b'{"ok":' + b"[" * 100_000)) is None


LIMIT = RateLimitHeaders("x-remaining", "x-reset", "seconds", statuses=(403,))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "60"}, 60.0), ({"x-remaining": "0", "x-reset": "1800"}, 1800.0)],
)
def test_a_status_of_the_pack_with_a_limit_is_a_rate_limit(
    make_shop: MakeShop, headers: dict[str, str], seconds: float
) -> None:
    shop = make_shop(rate_limit=LIMIT)
    shop.provider.replies(403, headers=headers)
    with pytest.raises(RateLimited) as raised:
        shop.call(READ, path={"id": 1})
    assert (raised.value.status, raised.value.retry_after) == (403, seconds)
    with pytest.raises(RateLimited):
        shop.call(READ, path={"id": 1})
    assert shop.sent == 1


def test_such_a_status_without_a_limit_is_what_it_says(make_shop: MakeShop) -> None:
    shop = make_shop(rate_limit=LIMIT)
    shop.provider.replies(403, headers={"x-remaining": "12", "x-reset": "1800"})
    with pytest.raises(Forbidden):
        shop.call(READ, path={"id": 1})


def test_a_403_with_a_limit_is_forbidden_where_the_pack_says_nothing(make_shop: MakeShop) -> None:
    shop = make_shop()
    shop.provider.replies(403, headers={"retry-after": "60"})
    with pytest.raises(Forbidden):
        shop.call(READ, path={"id": 1})
