"""Nothing secret is left in a text, whatever the text is."""

from __future__ import annotations

import base64
import io
import json
import logging
import urllib.parse
from itertools import pairwise, product
from re import _constants, _parser
from time import thread_time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from noctule.runtime.redaction import (
    LOG_FIELDS,
    MASK,
    KnownSecrets,
    Redactor,
    is_card_number,
    log_fields,
    patterns,
    scrubbed_logs,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VISA = "4242424242424242"
redact = Redactor(secrets=KnownSecrets()).text
redact_beginning = Redactor(secrets=KnownSecrets()).beginning

TOKENS = [
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "rk_test_51HqLyjWDarjtT1zdp7dc",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0123456789_abcdef",
    "xoxb-123456789012-abcdefABCDEF",
    "xapp-1-A0123-456-abcdef",
    "AC0123456789abcdef0123456789abcdef",
    "SK0123456789abcdef0123456789abcdef",
    "SG.abcdefghijklmnopqrstuv.abcdefghijklmnopqrstuvwxyz",
    "sk-proj-abcdefghijklmnopqrstuvwxyz",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize(
    "frame", ["{}", "key {} was refused", "https://x/{}?y", "('{}',)", "a={}&b"]
)
def test_tokens_are_known_by_their_shape(token: str, frame: str) -> None:
    assert redact(frame.format(token)) == frame.format(MASK)


NAMED = [
    ('{"password": "hunter2", "user": "bob"}', '{"password": "[redacted]", "user": "bob"}'),
    (r'{"password": "hun\"ter2", "user": "bob"}', '{"password": "[redacted]", "user": "bob"}'),
    (
        r"{\"client_secret\": \"hunter2\", \"n\": 1}",
        r"{\"client_secret\": \"[redacted]\", \"n\": 1}",
    ),
    ("{'api_key': 'hunter2', 'n': 1}", "{'api_key': '[redacted]', 'n': 1}"),
    ("a=1&client_secret=hunter2&b=2", "a=1&client_secret=[redacted]&b=2"),
    ("card[cvc]=123&card[exp_year]=30", "card[cvc]=[redacted]&card[exp_year]=30"),
    ("https://x/y?access_token=hunter2&n=1", "https://x/y?access_token=[redacted]&n=1"),
    ("Authorization: Basic aHVudGVyMg==", "Authorization: [redacted]"),
    ("cookie: a=hunter2; b=3\nx: y", "cookie: [redacted]\nx: y"),
    (
        "[(b'Set-Cookie', b'hunter2'), (b'A', b'1')]",
        "[(b'Set-Cookie', b'[redacted]'), (b'A', b'1')]",
    ),
    ("{'Authorization': 'Bearer hunter2'}", "{'Authorization': '[redacted]'}"),
    ("sent Bearer abcDEF123 to them", "sent Bearer [redacted] to them"),
    ("x-api-key: hunter2", "x-api-key: [redacted]"),
    ("postgres://bob:hunter2@db/x", "postgres://[redacted]@db/x"),
    ("password='hunter2 unclosed", "password='[redacted]"),
]


@pytest.mark.parametrize(("text", "expected"), NAMED)
def test_values_are_known_by_their_name(text: str, expected: str) -> None:
    assert redact(text) == expected
    assert redact(redact(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication failed for user bob",
        "order 6735 of 24 November 2026, 12.50 EUR, at 1732420000000",
        '{"token_type": "bearer", "expires_in": 3600, "max_tokens": 100}',
        "GET https://api.stripe.com/v1/payment_intents?limit=3 503",
        "the secret was not found",
        "4111 1111 1111 1112 is no card number",
        "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    ],
)
def test_harmless_texts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "number", [VISA, "378282246310005", "5555555555554444", "4222222222222", "6011000990139424"]
)
@pytest.mark.parametrize(
    "grouped",
    [
        lambda n: n,
        lambda n: f"{n[:4]} {n[4:8]} {n[8:12]} {n[12:]}",
        lambda n: f"{n[:4]}-{n[4:8]}-{n[8:12]}-{n[12:]}",
        lambda n: f"{n[:4]}+{n[4:8]}+{n[8:12]}+{n[12:]}",
        lambda n: f"{n[:4]}%20{n[4:10]}%20{n[10:]}",
        lambda n: f"12 {n[:4]} {n[4:10]} {n[10:]} 07",
        lambda n: f"card={n}&exp=12",
        lambda n: f"x{n}x",
        lambda n: " ".join(n),
    ],
)
def test_card_numbers_in_any_grouping(number: str, grouped: Callable[[str], str]) -> None:
    left = redact(grouped(number))
    assert MASK in left
    assert number[4:8] not in left
    assert redact(left) == left


def luhn(digits: list[int]) -> str:
    """The digits with the check digit that makes them a card number (the textbook way)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        double = digit * 2 if at % 2 == 0 else digit
        total += double - 9 if double > 9 else double
    return "".join(map(str, digits)) + str(-total % 10)


@given(st.integers(2, 6), st.lists(st.integers(0, 9), min_size=11, max_size=17), st.data())
def test_every_luhn_number_is_masked_however_it_is_split(
    first: int, rest: list[int], data: st.DataObject
) -> None:
    number = luhn([first, *rest])
    assert is_card_number(number)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(number) - 1), max_size=4)))
    ends = [0, *cuts, len(number)]
    separator = data.draw(st.sampled_from([" ", "-", "+", "\u00a0", "%20", "."]))
    text = separator.join(number[a:b] for a, b in pairwise(ends))
    assert redact(f"<{text}>") == f"<{MASK}>"


@given(st.text(st.sampled_from("0123456789"), min_size=13, max_size=19))
def test_is_card_number_agrees_with_the_textbook(digits: str) -> None:
    expected = digits[0] in "23456" and luhn([int(d) for d in digits[:-1]]) == digits
    assert is_card_number(digits) is expected


SECRETS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=8, max_size=40
).filter(lambda s: s not in MASK)
ANY = st.text(max_size=40)
SPELT: list[Callable[[str], str]] = [
    str,
    urllib.parse.quote,
    urllib.parse.quote_plus,
    lambda s: urllib.parse.quote(s, safe=""),
    lambda s: urllib.parse.urlencode({"x": s}),
    json.dumps,
    lambda s: json.dumps(s, ensure_ascii=False),
    repr,
    lambda s: repr(s.encode()),
    lambda s: repr({"a": [s]}),
]


@given(SECRETS, ANY, ANY, st.sampled_from(SPELT))
def test_a_known_secret_survives_in_no_spelling(
    secret: str, before: str, after: str, spell: Callable[[str], str]
) -> None:
    secrets = KnownSecrets()
    secrets.add(secret)
    spelling = spell(secret)
    left = Redactor(secrets=secrets).text(f"{before} {spelling} {after}")
    assert spelling not in left
    assert secret not in left


@given(SECRETS, st.binary(max_size=20), st.binary(max_size=20), st.booleans())
def test_a_known_secret_does_not_survive_inside_base64(
    secret: str, before: bytes, after: bytes, urlsafe: bool
) -> None:
    secrets = KnownSecrets()
    secrets.add(secret)
    encoder = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    encoded = encoder(before + secret.encode() + after).decode()
    left = secrets.scrub(encoded)
    assert MASK in left
    # At most the two characters at each end that hold bits of the neighbours are left.
    assert len(left.replace(MASK, "")) <= len(encoded) - (len(secret.encode()) * 8 // 6 - 3)


def test_a_secret_that_is_part_of_the_mask_does_not_mask_the_mask() -> None:
    secrets = KnownSecrets()
    for secret in ("redacted", "[redact", "edacte"):
        secrets.add(secret)
    assert Redactor(secrets=secrets).text("password=x") == f"password={MASK}"


def test_a_secret_that_begins_like_another_leaves_no_tail() -> None:
    secrets = KnownSecrets()
    secrets.add("secret-one")
    secrets.add("secret-one-and-more")
    assert secrets.scrub("secret-one-and-more secret-one") == f"{MASK} {MASK}"


def test_passing_values_are_bounded_and_pinned_ones_stay() -> None:
    secrets = KnownSecrets(keep=3)
    secrets.add("pinned-value", pinned=True)
    for number in range(10):
        secrets.add(f"token-number-{number}")
    text = "pinned-value token-number-0 token-number-7 token-number-9"
    assert secrets.scrub(text) == f"{MASK} token-number-0 {MASK} {MASK}"
    secrets.add("short")
    assert secrets.scrub("a short text") == "a short text"


@given(ANY | st.text(st.sampled_from("\"'\\:=&; {}[]paswordtkenBbr 0123456789-"), max_size=80))
@example('password="\\')
@example("token: [redacted]")
def test_redaction_never_fails_and_is_stable(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.binary(max_size=60))
def test_bytes_of_any_encoding_pass(data: bytes) -> None:
    clean = b"\xff\xfe caf\xc3\xa9 "
    assert Redactor().data(clean + b"password=hunter2") == clean + b"password=[redacted]"
    assert isinstance(Redactor().data(data), bytes)


def test_structures_are_redacted_by_name_and_by_value() -> None:
    given_ = {
        "id": "ch_1",
        "client_secret": {"nested": "hunter2"},
        "card": {"number": int(VISA), "cvc": 123, "last4": "4242"},
        "headers": [("Authorization", "Bearer abcDEF123"), (b"x", b"password=a")],
        b"Cookie": b"session",
        "note": f"paid with {VISA}",
        "amount": 2000,
        "ratio": 0.5,
        "ok": True,
        "none": None,
        "password": None,
        "error": ValueError("api_key=hunter2"),
    }
    assert Redactor().value(given_) == {
        "id": "ch_1",
        "client_secret": MASK,
        "card": {"number": MASK, "cvc": MASK, "last4": "4242"},
        "headers": [["Authorization", f"Bearer {MASK}"], [b"x", b"password=[redacted]"]],
        b"Cookie": MASK,
        "note": f"paid with {MASK}",
        "amount": 2000,
        "ratio": 0.5,
        "ok": True,
        "none": None,
        "password": None,
        "error": f"ValueError('api_key={MASK}')",
    }


def test_structures_without_end_are_cut() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert MASK in repr(Redactor().value(loop))


def test_shapes_of_ones_own() -> None:
    redactor = Redactor(shapes=(r"acme_[a-z0-9]{6}",))
    assert redactor.text("key acme_abc123 refused") == f"key {MASK} refused"


def test_exceptions_are_redacted_with_their_causes() -> None:
    def fail() -> None:
        try:
            raise ValueError("password=hunter2")
        except ValueError as error:
            raise RuntimeError(f"card {VISA}") from error

    with pytest.raises(RuntimeError) as caught:
        fail()
    text = Redactor().exception(caught.value)
    # The source lines of the traceback are those of this test.
    said = [line for line in text.splitlines() if not line.startswith("  ")]
    assert f"ValueError: password={MASK}" in said
    assert f"RuntimeError: card {MASK}" in said


PATTERNS = [
    patterns._BEARER,
    patterns._PEM,
    patterns._USERINFO,
    patterns._NAMED,
    patterns._HEADER_LINE,
    patterns.token_pattern(),
]
HOSTILE = [
    'password="',
    "password=\\",
    "password='a\\'",
    "token:",
    "token : ",
    "eyJaaaaaa.",
    "sk_live_",
    "Bearer ",
    "Cookie:",
    "://a:",
    "://" + "a" * 300,
    "-----BEGIN PRIVATE KEY-----",
    "4242 ",
    "4242",
    "1 ",
    "\\",
    "a",
    "xoxb-",
    "_token",
    "a.",
    "%20",
    "4%20",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """Nothing is timed: a pattern that takes quadratic time would not end within the hour."""
    text = piece * (300_000 // len(piece))
    assert "hunter2" not in redact(f"{text}\n password=hunter2")


FRAGMENTS = [
    "eyJhbGciOi",
    "4-",
    ".",
    "password=",
    "-----BEGIN PRIVATE KEY-----",
    "://",
    "4242 ",
    "Bearer ",
    "eyJ.",
    '"token":"\\"',
    "a:b@",
    "--",
    "SG.abcdefghijklmnopqr",
    "_",
    "sk_",
    "\\",
    "\n",
    "'b'",
    "cookie: ",
    "authorization: ",
    "%20",
    " ",
    "=",
    "{'",
    "xoxb-",
    "secret",
    "1//",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
]
SHORT, LONG = 1_000, 8_000


def growth(piece: str) -> float:
    """How much longer it takes when the text is eight times as long: 8, or up to 64 where the time
    is quadratic. The time is that of this thread alone."""

    def seconds(length: int) -> float:
        text = (piece * (length // len(piece) + 1))[:length]
        before = thread_time()
        redact(text)
        return thread_time() - before

    return seconds(LONG) / max(seconds(SHORT), seconds(SHORT))


def test_any_two_or_three_fragments_take_linear_time() -> None:
    """Noise can make a time longer, so whatever looks quadratic is tried again, and again."""
    combinations = [*product(FRAGMENTS, repeat=2), *product(FRAGMENTS[:7], repeat=3)]
    suspects = ["".join(combination) for combination in combinations]
    for _ in range(4):
        suspects = [piece for piece in suspects if growth(piece) > 16]
    assert suspects == []


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "before", ["", "session-", "id-1-", "-", "a.b.", "key=", "eyJ-", "https://x.y/"]
)
def test_a_token_is_masked_wherever_its_run_begins(before: str) -> None:
    left = redact(f"{before}{TOKEN} and {before}{TOKEN}")
    assert "c2lnbmF0dXJl" not in left
    assert "eyJzdWIiOiIxIn0" not in left


PASSPHRASE = "correct horse, battery staple"


@pytest.mark.parametrize("hidden", [PASSPHRASE, TOKEN, TOKENS[0], "cvc='hunter 2'", VISA])
def test_a_cut_shows_no_part_of_a_secret(hidden: str) -> None:
    secrets = KnownSecrets()
    secrets.add(PASSPHRASE)
    redactor = Redactor(secrets=secrets)
    beginning = hidden.partition("=")[2][:6] or hidden[:6]
    for before in range(50, 110):
        text = f"{'x' * before} {hidden}{' z' * 5000}"
        cut = redactor.beginning(text, 100)
        assert 50 < len(cut) <= 100
        assert beginning not in cut


def test_a_cut_is_as_safe_behind_many_secrets() -> None:
    text = f"{(TOKENS[0] + ' ') * 130}{VISA}"
    assert VISA[:6] not in redact_beginning(text, 4000)
    assert redact_beginning("short", 100) == "short"


def _unbounded(tree: Any) -> Iterator[Any]:
    """The repeats without limit in a parsed pattern, outermost first."""
    for op, argument in tree:
        if op in (_constants.MAX_REPEAT, _constants.MIN_REPEAT):
            if argument[1] == _constants.MAXREPEAT:
                yield argument[2]
            yield from _unbounded(argument[2])
        elif op is _constants.BRANCH:
            for branch in argument[1]:
                yield from _unbounded(branch)
        elif op is _constants.SUBPATTERN:
            yield from _unbounded(argument[3])
        elif op in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from _unbounded(argument[1])


@pytest.mark.parametrize("pattern", PATTERNS, ids=range(len(PATTERNS)))
def test_no_pattern_repeats_a_repeat(pattern: str) -> None:
    """`(a+)+` is how a pattern becomes exponential."""
    for body in _unbounded(_parser.parse(pattern)):
        assert not list(_unbounded(body))


@pytest.fixture
def third_party() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(url)s"))
    logger = logging.getLogger("third_party.wire")
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield logger, stream
    logger.removeHandler(handler)


def test_records_of_others_are_redacted_during_our_calls_only(
    third_party: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = third_party
    ours = {"url": "https://x/?api_key=hunter2"}
    with scrubbed_logs("third_party.wire"):
        logger.debug("sent %r with %s", {"Authorization": "Bearer hunter2"}, VISA, extra=ours)
        try:
            raise ValueError("password=hunter2")
        except ValueError:
            logger.exception("failed", extra=ours)
    inside = stream.getvalue()
    assert "third_party.wire DEBUG sent {'Authorization': '[redacted]'} with [redacted]" in inside
    assert f"ValueError: password={MASK}" in inside
    assert "https://x/?api_key=[redacted]" in inside
    said = [line for line in inside.splitlines() if not line.startswith("  ")]
    assert not [line for line in said if "hunter2" in line or VISA in line]
    logger.debug("sent %s", VISA, extra=ours)
    assert VISA in stream.getvalue()


def test_scrubbing_keeps_a_logger_what_it_was(
    third_party: tuple[logging.Logger, io.StringIO],
) -> None:
    class Own(logging.Logger):
        def shout(self) -> str:
            return "own"

    logger = Own("third_party.own")
    logging.Logger.manager.loggerDict[logger.name] = logger
    for _ in range(3):
        with scrubbed_logs(logger.name):
            assert logger.filters == []
    assert isinstance(logger, Own)
    assert (type(logger).__name__, logger.shout()) == ("Own", "own")


def test_a_filter_of_the_user_sees_the_redacted_record(
    third_party: tuple[logging.Logger, io.StringIO], caplog: pytest.LogCaptureFixture
) -> None:
    logger, _ = third_party
    seen: list[str] = []

    def watch(record: logging.LogRecord) -> bool:
        seen.append(record.getMessage())
        return True

    logger.addFilter(watch)
    with scrubbed_logs("third_party.wire"), caplog.at_level(logging.DEBUG):
        logger.debug("password=%s", "hunter2", extra={"url": ""})
    logger.removeFilter(watch)
    assert seen == [f"password={MASK}"]
    assert caplog.messages == [f"password={MASK}"]


def test_our_own_lines_hold_what_is_allowed_and_nothing_else() -> None:
    facts = {
        "operation": "create",
        "status": 200,
        "seconds": 0.25,
        "headers": {"Authorization": "Bearer x"},
        "body": VISA,
        "request_id": "req_1\n" + "x" * 500 + VISA,
        "error": None,
    }
    shown = log_fields(facts)
    assert set(shown) == {"operation", "status", "seconds", "request_id", "error"} <= LOG_FIELDS
    assert "\n" not in str(shown["request_id"])
    assert len(str(shown["request_id"])) <= 200
    assert shown["seconds"] == 0.25


@settings(max_examples=50)
@given(st.dictionaries(ANY, ANY | st.integers(), max_size=5))
def test_unknown_fields_are_silent(facts: dict[str, object]) -> None:
    assert set(log_fields(facts)) <= LOG_FIELDS
