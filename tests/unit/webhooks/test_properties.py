"""Forged deliveries are rejected, and a sender causes no exception but Rejection."""

from __future__ import annotations

import contextlib
import json
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from noctule.webhooks import InvalidSecret, Reason, Rejection, WebhookRequest
from noctule.webhooks.request import form_fields
from noctule.webhooks.signing.sign import compose, new_key, sign
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply
from noctule.webhooks.verification.verify import verify_blocking
from support.webhook_samples import (
    KEYS,
    NOW,
    SCHEMES,
    URL,
    check,
    delivery,
    payload_for,
    signed_locators,
)

UNREADABLE = {
    Reason.BODY_NOT_COVERED,
    Reason.MALFORMED_TIMESTAMP,
    Reason.MISSING_FIELD,
    Reason.MISSING_TIMESTAMP,
    Reason.UNPARSEABLE,
    Reason.UNSUPPORTED_MEDIA,
}
"""Why a genuine delivery may be rejected: its body does not hold what the scheme reads."""
few = settings(max_examples=8)
"""For each of many schemes; benchmarks/webhooks/fuzz.py does millions."""

NAMES = sorted(SCHEMES)
STAMPED = [name for name in NAMES if SCHEMES[name].timestamp]
EXACT = [name for name in NAMES if not {"body", "sha256"}.isdisjoint(SCHEMES[name].signed.parts)]
LOOSE = [name for name in NAMES if name not in EXACT]
"""Those that sign something else than the bytes: fields, a form, a token, a checksum."""
ADDRESSED = [n for n in NAMES if SCHEMES[n].scope.url or SCHEMES[n].scope.path]
SIGNED_IN_HEADERS = [name for name in NAMES if SCHEMES[name].signature_locator is None]
MACS = [name for name in NAMES if SCHEMES[name].algorithm.startswith("hmac")]


def flips(data):
    """Every way to change one bit."""
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


def meaning(verified):
    """What a handler may rely on: the data where it is signed, else what of it is."""
    scheme, events = verified.view.scheme, items(verified)
    if scheme.scope.body_fields:
        return verified.view.data
    if "sorted_form" in scheme.signed:
        return verified.view.sorted_form
    covered = [
        all(map(scheme.scope.includes, next(iter(locators), ())))
        for locators in (scheme.id, scheme.type)
    ]
    pairs = [(item.id, item.type) for item in events]
    return [tuple(t for t, signed in zip(p, covered, strict=True) if signed) for p in pairs]


@pytest.mark.parametrize("name", NAMES)
def test_the_delivery_itself_is_accepted(name):
    body, headers = delivery(name)
    verified = check(name, body, headers)
    assert verified.secret == 0
    assert items(verified)


@pytest.mark.parametrize("name", EXACT)
def test_one_changed_bit_of_the_body_is_rejected(name):
    body, headers = delivery(name)
    for changed in flips(body):
        with pytest.raises(Rejection):
            check(name, changed, headers)


@pytest.mark.parametrize("name", LOOSE)
def test_one_changed_bit_of_the_body_is_rejected_or_changes_nothing_that_is_signed(name):
    body, headers = delivery(name)
    genuine = meaning(check(name, body, headers))
    rejected = 0
    for changed in flips(body):
        try:
            assert meaning(check(name, changed, headers)) == genuine
        except Rejection:
            rejected += 1
    assert rejected


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_bit_of_a_signed_header_is_rejected(name):
    scheme = SCHEMES[name]
    body, headers = delivery(name)
    read = {header.replace("*", "1") for header in scheme.headers}
    read |= {at.name for at in signed_locators(scheme) if at.kind == "header"}
    read |= {at.name for at, _ in scheme.expected if at.kind == "header"}
    read |= {scheme.timestamp.locator.name} if scheme.timestamp else set()
    if "listed_headers" in scheme.signed:
        read |= set(headers)
    for header in read & headers.keys():
        for changed in flips(headers[header].encode()):
            with pytest.raises(Rejection):
                check(name, body, headers | {header: changed})


@pytest.mark.parametrize("name", [*MACS, "aws-sns", "paypal", "fal"])
def test_one_changed_bit_of_the_secret_is_rejected(name):
    body, headers = delivery(name)
    secret = KEYS[name].secret
    letters = "0123456789abcdef"
    for place, letter in enumerate(secret[:-2]):
        if letter in letters:
            other = secret[:place] + letters[letters.index(letter) ^ 1] + secret[place + 1 :]
            with pytest.raises((Rejection, InvalidSecret)):
                check(name, body, headers, secret=other)


@pytest.mark.parametrize("name", [n for n in NAMES if n not in MACS])
def test_another_provider_s_key_is_rejected(name):
    scheme = SCHEMES[name]
    other = new_key(scheme)
    headers, body = compose(scheme, payload_for(scheme), other.signing, now=NOW, url=URL)
    with pytest.raises(Rejection) as rejected:
        check(name, body, headers)
    assert rejected.value.reason is Reason.MISMATCH


@pytest.mark.parametrize("name", ADDRESSED)
def test_one_changed_bit_of_a_signed_address_is_rejected(name):
    body, headers = delivery(name)
    host = 0 if SCHEMES[name].scope.url else URL.index("/webhooks")
    for changed in flips(URL[host:].encode()):
        url = URL[:host] + changed.decode("latin-1")
        if address(name, url) == address(name, URL):
            continue
        with pytest.raises(Rejection):
            check(name, body, headers, url=url)


def address(name, url):
    """The part of an address that is signed."""
    scheme = SCHEMES[name]
    if "@authority" not in scheme.components:
        return url
    with contextlib.suppress(ValueError):
        return urlsplit(url).netloc.lower(), urlsplit(url).path
    return ""


@pytest.mark.parametrize("name", STAMPED)
def test_a_delivery_out_of_its_time_is_rejected(name):
    body, headers = delivery(name)
    stamp = SCHEMES[name].timestamp
    for tolerated in (-stamp.future, 0, stamp.past):
        check(name, body, headers, now=NOW + tolerated)
    year = 365 * 86400
    for age, reason in (
        (stamp.past + 1, Reason.STALE),
        (year, Reason.STALE),
        (-stamp.future - 1, Reason.FROM_THE_FUTURE),
        (-year, Reason.FROM_THE_FUTURE),
    ):
        with pytest.raises(Rejection) as rejected:
            check(name, body, headers, now=NOW + age)
        assert rejected.value.reason is reason


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_doubled_header_is_rejected(name):
    body, headers = delivery(name)
    scheme = SCHEMES[name]
    for header in set(headers) - {"content-type"}:
        rest = {other: value for other, value in headers.items() if other != header}
        signed = header in {at.name for at in signed_locators(scheme)}
        if header.startswith(tuple(h.rstrip("*") for h in scheme.headers)) or signed:
            with pytest.raises(Rejection):
                check(name, body, rest)
            if not scheme.repeat:
                with pytest.raises(Rejection) as rejected:
                    check(name, body, [*headers.items(), (header, headers[header])])
                assert rejected.value.reason is Reason.DOUBLED_HEADER


@pytest.mark.parametrize("name", NAMES)
def test_a_delivery_without_a_signature_is_rejected(name):
    body, headers = delivery(name)
    place = SCHEMES[name].signature_locator
    if place is not None:
        last = place.name.rpartition(".")[2].encode()
        assert last in body
        body = body.replace(last, b"z" * len(last))
    signatures = {header.replace("*", "1") for header in SCHEMES[name].headers}
    rest = {header: value for header, value in headers.items() if header not in signatures}
    with pytest.raises(Rejection) as rejected:
        check(name, body, rest)
    assert rejected.value.reason is Reason.MISSING_SIGNATURE


ANY_HEADER = st.one_of(st.binary(max_size=200), st.text(max_size=80), st.just("v1=" + "é" * 64))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.just("id"), inner),
    max_leaves=8,
)
ANY_BODY = st.one_of(
    st.binary(),
    ANY_JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [b"[" * 100_000, b'{"id":' + b"9" * 5000 + b"}", b"payload=%ff", b'{"id":1e999}']
    ),
)
ANY_URL = st.one_of(st.text(), st.just("http://[::1"), st.just("http://a:b/?x=%ff"), st.just(URL))


@pytest.mark.parametrize("name", NAMES)
@few
@given(data=st.data())
def test_a_sender_causes_no_exception_but_rejection(name, data):
    scheme = SCHEMES[name]
    genuine_body, genuine = delivery(name)
    headers = []
    for header, value in genuine.items():
        kept = data.draw(st.sampled_from(["kept", "changed", "doubled", "dropped"]))
        changed = data.draw(ANY_HEADER) if kept == "changed" else value
        headers += [(header, changed)] * {"dropped": 0, "doubled": 2}.get(kept, 1)
    body = data.draw(st.just(genuine_body) | ANY_BODY)
    now = data.draw(st.just(NOW) | st.floats(allow_nan=False, allow_infinity=False))
    method = data.draw(st.sampled_from(["POST", "GET", "HEAD", "é"]))
    request = WebhookRequest(method, data.draw(ANY_URL), headers, body)
    view = DeliveryView(scheme, request)
    with contextlib.suppress(Rejection):
        if handshake := find_handshake(view, signed=False):
            handshake_reply(handshake, view, KEYS[name].secret)
    try:
        verified = verify_blocking(scheme, request, [KEYS[name].secret], now)
    except Rejection:
        return
    assert name in LOOSE or body == genuine_body
    read_all(name, verified)


def read_all(name, verified):
    """Everything that a receiver reads of a verified delivery: events, or the Rejection."""
    try:
        if handshake := find_handshake(verified.view, signed=True):
            handshake_reply(handshake, verified.view, KEYS[name].secret)
        events = items(verified)
    except Rejection as rejection:
        return rejection
    assert all(isinstance(event.type, str) and event.identity for event in events)
    return events


@pytest.mark.parametrize("name", SIGNED_IN_HEADERS)
@few
@given(body=ANY_BODY, media=st.sampled_from([*{m for s in SCHEMES.values() for m in s.content}]))
def test_an_authentic_delivery_of_anything_is_read_or_rejected(name, body, media):
    scheme = SCHEMES[name]
    key = KEYS[name]
    genuine, headers = delivery(name)
    [event] = read_all(name, check(name, genuine, headers))
    assert event.identity
    rejection = None
    try:
        headers = sign(scheme, body, key.signing, now=NOW, id="m", url=URL, content_type=media)
        verified = check(name, body, headers)
    except Rejection as error:
        rejection = error
    else:
        read_all(name, verified)
    # A text that a handshake signs for any sender is not an event, whoever signed it.
    mistaken = {Reason.MISMATCH} if scheme.handshake_shapes else set()
    assert rejection is None or rejection.reason in UNREADABLE | mistaken


@given(st.text("ab%=&+;0412cC3fF\r\n é", max_size=14))
@example("%%341=%+%2b")
@example("a=1&&b")
def test_a_form_is_read_as_the_standard_library_reads_it(text):
    body = text.encode()
    try:
        expected = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        expected = None
    try:
        pairs = form_fields(body)
    except Rejection:
        pairs = None
    assert pairs == expected
