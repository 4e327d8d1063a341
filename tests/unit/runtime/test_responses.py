"""Structured fields, moments, limits, deprecations and problem details: laws for any header."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from noctule.runtime import (
    BadRequest,
    CallOptions,
    Headers,
    OutcomeUnknown,
    ProviderStates,
    RateLimitHeaders,
    Response,
    Secret,
    ServiceError,
)
from noctule.runtime.policy.classify import classify_response
from noctule.runtime.policy.cooldown import Cooldown
from noctule.runtime.responses.deprecation import deprecation
from noctule.runtime.responses.moments import duration, moment, number, seconds_until
from noctule.runtime.responses.presence import tell_deprecation, tell_limits
from noctule.runtime.responses.problem_details import problem_details
from noctule.runtime.responses.rate_limits import (
    FAMILIES,
    exhausted,
    rate_windows,
)
from noctule.runtime.responses.retry_after import retry_after, should_retry
from noctule.runtime.responses.structured_fields import (
    FieldDate,
    StructuredItem,
    parse_dictionary,
    parse_item,
    parse_list,
)
from support.header_table import rows
from support.runtime_calling import CREATE, READ, Shop, config

if TYPE_CHECKING:
    from support.runtime_calling import MakeShop

NOW = 1_800_000_000.0
KNOWN_NAMES = sorted(
    {name.lower() for row in rows() for name in row.headers}
    | {family.remaining for family in FAMILIES}
    | {
        "ratelimit",
        "x-fancy-quota-remaining",
        "x-fancy-quota-reset",
        "x-deprecation",
        "date",
        "link",
        "ratelimit-policy",
        "x-ratelimit-bucket",
    }
)
VALUES = (
    st.sampled_from(sorted({value for row in rows() for value in row.headers.values()}))
    | st.text(max_size=80)
    | st.text('0123456789-+.,;:@="()?% \taZGMTrwqt', max_size=60)
)
HEADERS = st.dictionaries(st.sampled_from(KNOWN_NAMES), VALUES, max_size=6)
NAMES = st.none() | st.builds(
    RateLimitHeaders,
    st.sampled_from(["X-RateLimit-Remaining", "x-left"]),
    st.sampled_from(["X-RateLimit-Reset", "x-reset"]),
    st.sampled_from(["epoch", "epoch-ms", "seconds", "milliseconds", "date"]),
)


@given(HEADERS, NAMES, st.sampled_from([200, 204, 301, 403, 410, 429, 500, 503]))
@example({"retry-after": "Fri, 15 Jan 2027 08:00:20 +99999999999999999"}, None, 429)
@example({"ratelimit": '("a";b=?1)', "ratelimit-policy": '("a" 1);q=2'}, None, 200)
def test_no_header_can_break_a_call(
    headers: dict[str, str], names: RateLimitHeaders | None, status: int
) -> None:
    response = Response(status, Headers(headers.items()), b"{}")
    outcome = classify_response(response, NOW, rate_limit=names)
    assert outcome.cooldown >= 0
    assert outcome.retry_after is None or outcome.retry_after > 0
    window = outcome.window
    assert window is None or window.remaining >= 0
    notice = deprecation(response.headers)
    assert notice is None or all(
        text is None or (text.isprintable() and len(text) <= 200)
        for text in (notice.header, notice.date, notice.sunset, notice.link)
    )


@pytest.mark.parametrize(
    "piece",
    [",", ";", "1,", '"', "\\", "(", "1 ", "a=", ";a=1", "299 ", "@1", "<a>;rel=", "Mon, ", "date=",
     "9", "1m", "-", "%", "' "],
)  # fmt: skip
def test_hostile_headers_take_linear_time(piece: str) -> None:
    """A quadratic reader would need minutes for this."""
    text = piece * (400_000 // len(piece))
    headers = Headers((name, text) for name in KNOWN_NAMES)
    classify_response(Response(429, headers, b"{}"), NOW)
    deprecation(headers)
    retry_after({"x-ratelimit-reset-after": text}, NOW)


@given(HEADERS, st.sets(st.sampled_from(["server", "x-powered-by", "x-remain", "vary", "x-rate"])))
def test_names_without_the_words_have_nothing_to_tell(
    headers: dict[str, str], others: set[str]
) -> None:
    response = Headers([*headers.items(), *((name, "0") for name in others)])
    if not tell_limits(response.names):
        assert rate_windows(response, None, NOW) == []
    if not tell_deprecation(response.names):
        assert deprecation(response) is None


class TestStructuredFields:
    """Examples of RFC 9651."""

    @pytest.mark.parametrize(
        ("text", "items"),
        [
            ("", []),
            ("sugar, tea, rum", ["sugar", "tea", "rum"]),
            ('"foo", "bar", "It was the best"', ["foo", "bar", "It was the best"]),
            ("42, -7, 4.5, ?1, ?0", [42, -7, 4.5, True, False]),
            (":cHJldGVuZA==:", [b"pretend"]),
            ("@1659578233", [FieldDate(1659578233)]),
            ('%"This is intended for display to %c3%bcsers."',
             ["This is intended for display to üsers."]),
            (r'"a\"b\\c"', ['a"b\\c']),
        ],
    )  # fmt: skip
    def test_lists(self, text: str, items: list[Any]) -> None:
        members = parse_list(text)
        assert members is not None
        assert [member.value for member in members] == items
        assert [type(member.value) for member in members] == [type(item) for item in items]

    def test_inner_lists_and_parameters(self) -> None:
        assert parse_list('("foo"; a=1;b=2);lvl=5, ("bar" "baz");lvl=1') == [
            StructuredItem((StructuredItem("foo", {"a": 1, "b": 2}),), {"lvl": 5}),
            StructuredItem((StructuredItem("bar"), StructuredItem("baz")), {"lvl": 1}),
        ]
        assert parse_list("abc;a=1;b=2; cde_456") == [
            StructuredItem("abc", {"a": 1, "b": 2, "cde_456": True})
        ]

    def test_dictionaries(self) -> None:
        members = parse_dictionary('en="Applepie", da=:w4ZibGV0w6ZydGU=:, a=?0, b, c; foo=bar')
        assert members is not None
        assert members["a"].value is False
        assert members["b"].value is True
        assert members["c"] == StructuredItem(True, {"foo": "bar"})

    @pytest.mark.parametrize(
        "text",
        ["a,", ",", "a b", '"a', '"ü"', "1.2345", "1.", "1234567890123456", "?2", "@1.5", "(a",
         "(a,b)", ":a:b:", ":!:", '%"%C3%BC"', '%"%ff"', "a;", "a;=1", "=", "a" * 20_000],
    )  # fmt: skip
    def test_a_field_that_breaks_the_grammar_is_malformed_as_a_whole(self, text: str) -> None:
        assert parse_list(text) is None
        assert parse_item(text) is None

    @given(st.text(max_size=60) | st.text('"\\();=,:?@%a1.-* \t', max_size=40))
    def test_no_text_makes_it_raise(self, text: str) -> None:
        for parse in (parse_list, parse_dictionary, parse_item):
            parse(text)


@pytest.mark.parametrize("value", ["inf", "nan", "1e400", "1_0", "1.2.3", "٣", "soon", "9" * 30])
def test_what_is_no_number_of_seconds_is_not_read(value: str) -> None:
    assert number(value) is None
    assert retry_after({"retry-after": value}, NOW) is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("12ms", 0.012), ("2m59.56s", 179.56), ("1d2h", 93_600), ("2 minutes", 120),
     ("90", None), ("5x", None), ("s5", None), ("5s!", None), ("", None)],
)  # fmt: skip
def test_durations(text: str, seconds: float | None) -> None:
    assert duration(text) == pytest.approx(seconds)


@given(st.text(max_size=120))
def test_no_text_breaks_the_reading_of_a_moment(text: str) -> None:
    for read in (number, moment, duration):
        read(text)
    seconds_until(text, NOW)


def test_advice_is_read_from_the_providers_header_or_the_common_one() -> None:
    assert should_retry({"stripe-should-retry": "false"}, "stripe-should-retry") is False
    assert should_retry({"x-should-retry": "TRUE"}, "stripe-should-retry") is True
    assert should_retry({"x-should-retry": "maybe"}, "") is None
    assert should_retry({}, "") is None


def test_the_limit_that_is_nearest_to_its_end_is_kept() -> None:
    headers = Headers({
        "ratelimit": '"hour";r=10;t=5, "day";r=900;t=50',
        "ratelimit-policy": '"hour";q=1000;w=3600, "day";q=1000;w=86400',
    }.items())  # fmt: skip
    window = classify_response(Response(200, headers), NOW).window
    assert window is not None
    assert (window.name, window.remaining, window.limit) == ("hour", 10, 1000)
    assert exhausted(rate_windows(headers, None, NOW)) is None


def test_a_cooldown_of_one_operation_leaves_the_others_alone() -> None:
    cooldown = Cooldown()
    cooldown.extend(0.0, 30.0, "search")
    assert cooldown.wait(10.0, "search") == 20.0
    assert cooldown.wait(10.0, "read") == 0.0
    cooldown.extend(10.0, 5.0)
    assert (cooldown.wait(10.0, "search"), cooldown.wait(10.0, "read")) == (20.0, 5.0)
    assert cooldown.not_before == 30.0


class TestDeprecations:
    HEADERS: ClassVar = {"Deprecation": "@1688169599", "Sunset": "Fri, 31 Dec 2027 23:59:59 GMT"}
    EVENT: ClassVar = {
        "header": "deprecation", "date": "2023-06-30", "sunset": "2027-12-31", "link": None,
    }  # fmt: skip

    def test_one_is_told_once_per_operation(
        self, make_shop: MakeShop, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop = make_shop()
        shop.provider.replies(json={"id": "i1"}, headers=self.HEADERS, times=None)
        for _ in range(3):
            shop.call(READ, path={"id": "i1"})
        shop.call(CREATE, body={"id": "i1"})
        told = [event for event in shop.events if event.name == "deprecated"]
        assert [(event.operation, dict(event.data)) for event in told] == [
            ("read", self.EVENT),
            ("create", self.EVENT),
        ]
        lines = [r for r in caplog.records if "deprecated" in r.getMessage()]
        assert len(lines) == 2
        assert lines[0].levelno == logging.WARNING
        assert "date=2023-06-30 sunset=2027-12-31" in lines[0].getMessage()

    def test_a_new_date_is_told_again(self, make_shop: MakeShop) -> None:
        shop = make_shop()
        for sunset in ("2027-12-31", "2027-12-31", "2028-06-30"):
            shop.provider.replies(json={"id": "i1"}, headers={"Sunset": sunset})
            shop.call(READ, path={"id": "i1"})
        assert [event["sunset"] for event in shop.events_named("deprecated")] == [
            "2027-12-31",
            "2028-06-30",
        ]

    def test_services_of_a_process_tell_it_once_together(self) -> None:
        """A service made for each request would tell it with each request."""
        states = ProviderStates()
        shops = [Shop(sync=True, config=config(), provider_states=states) for _ in range(3)]
        for shop in shops:
            shop.provider.replies(json={"id": "i1"}, headers=self.HEADERS)
            shop.call(READ, path={"id": "i1"})
        assert [len(shop.events_named("deprecated")) for shop in shops] == [1, 0, 0]

    def test_a_link_shows_no_secret_and_no_query(self, make_shop: MakeShop) -> None:
        secret = Secret("hunter2-hunter2-hunter2")
        shop = make_shop()
        link = f"<https://u:p@x.example/{secret.reveal()}/a?token=1>; rel=deprecation"
        shop.provider.replies(json={"id": "i1"}, headers={"Deprecation": "true", "Link": link})
        shop.call(READ, path={"id": "i1"})
        (event,) = shop.events_named("deprecated")
        assert event["link"] == "https://x.example/[redacted]/a"


class TestProblems:
    def test_the_members_are_read_and_redacted(self, make_shop: MakeShop) -> None:
        secret = Secret("hunter2-hunter2-hunter2")
        shop = make_shop()
        body = {
            "type": "https://example.com/probs/card",
            "title": "Card declined",
            "status": 400,
            "detail": f"4242424242424242 was declined for {secret.reveal()}",
            "code": "card_declined",
            "password": "abc",
        }
        shop.provider.replies(
            400,
            content=json.dumps(body).encode(),
            headers={"Content-Type": "application/problem+json"},
        )
        with pytest.raises(BadRequest) as raised:
            shop.call(READ, path={"id": "i1"})
        error = raised.value
        problem = error.problem
        assert problem is not None
        assert (problem.type, problem.title, problem.status) == (body["type"], body["title"], 400)
        assert problem.detail == "[redacted] was declined for [redacted]"
        assert problem.extensions == {"code": "card_declined", "password": "[redacted]"}
        assert error.provider_code == "card_declined"
        quoted = "Card declined: [redacted] was declined for [redacted]"
        assert str(error).endswith(f'it says "{quoted}" (status 400)')

    def test_the_problem_of_an_unknown_outcome_is_there_too(self, make_shop: MakeShop) -> None:
        shop = make_shop()
        shop.provider.replies(
            500,
            content=b'{"title": "Oops", "code": "E1"}',
            headers={"Content-Type": "application/problem+json"},
            times=None,
        )
        with pytest.raises(OutcomeUnknown) as raised:
            shop.call(CREATE, body={"id": "i1"}, options=CallOptions(attempts=1))
        assert raised.value.problem is not None
        assert (raised.value.problem.title, raised.value.provider_code) == ("Oops", "E1")

    def test_an_error_without_a_response_has_none(self) -> None:
        assert ServiceError().problem is None

    @given(st.binary(max_size=80) | st.sampled_from([b"[" * 50_000, b"{}" + b" " * 70_000]))
    def test_no_body_makes_it_raise(self, content: bytes) -> None:
        headers = Headers([("content-type", "application/problem+json")])
        problem_details(Response(400, headers, content))
