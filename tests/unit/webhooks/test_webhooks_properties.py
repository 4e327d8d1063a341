"""Whatever a sender sends: a forged delivery is rejected, and nothing but Rejection comes out."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import KEYS, NOW, SCHEMES, URL, samples

from noctule.webhooks import InvalidSecret, Reason, Rejection, Request, verify
from noctule.webhooks.classify import items
from noctule.webhooks.handshake import answer, question
from noctule.webhooks.reading import Reading
from noctule.webhooks.sign import body_of, sign

PAYLOAD = {
    "id": "evt_1",
    "type": "invoice.paid",
    "signature": {"timestamp": str(int(NOW)), "token": "c0ffee"},
}
FORM = {"MessageSid": "SM1", "MessageStatus": "sent"}
NAMES = sorted(SCHEMES)
STAMPED = [name for name in NAMES if SCHEMES[name].timestamp]
COVERED = [name for name in NAMES if SCHEMES[name].covers_body]


def delivery(name, *, now=NOW):
    scheme = SCHEMES[name]
    payload = FORM if name == "twilio" else PAYLOAD
    body = body_of(scheme, payload)
    return body, sign(scheme, body, KEYS[name].signing, now=now, id="msg_1", url=URL)


def check(name, body, headers, *, url=URL, now=NOW, secret=None):
    request = Request("POST", url, headers, body)
    return verify(SCHEMES[name], request, [secret or KEYS[name].secret], now)


def flips(data):
    """Every way to change one bit."""
    for place in range(len(data)):
        for bit in range(8):
            yield data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


@pytest.mark.parametrize("name", NAMES)
def test_the_delivery_itself_is_accepted(name):
    body, headers = delivery(name)
    assert check(name, body, headers).key == 0


@pytest.mark.parametrize("name", [name for name in COVERED if name != "twilio"])
def test_one_changed_bit_of_the_body_is_rejected(name):
    body, headers = delivery(name)
    for changed in flips(body):
        with pytest.raises(Rejection):
            check(name, changed, headers)


def test_one_changed_bit_of_a_signed_form_is_rejected_or_means_the_same():
    body, headers = delivery("twilio")
    genuine = Reading(SCHEMES["twilio"], Request("POST", URL, headers, body)).sorted_form
    for changed in flips(body):
        with contextlib.suppress(Rejection):
            assert check("twilio", changed, headers).reading.sorted_form == genuine


@pytest.mark.parametrize("name", NAMES)
def test_one_changed_bit_of_a_signed_header_is_rejected(name):
    scheme = SCHEMES[name]
    body, headers = delivery(name)
    read = {header.replace("*", "1") for header in scheme.headers}
    read |= {s.name for s in scheme.vouched if s.place == "header"}
    read |= {scheme.timestamp.source.name} if scheme.timestamp else set()
    for header in read & headers.keys():
        for changed in flips(headers[header].encode()):
            with pytest.raises(Rejection):
                check(name, body, headers | {header: changed})


@pytest.mark.parametrize("name", [n for n in NAMES if SCHEMES[n].algorithm.startswith("hmac")])
def test_one_changed_bit_of_the_key_is_rejected(name):
    body, headers = delivery(name)
    secret = KEYS[name].secret
    digits = "0123456789abcdef"
    for place, letter in enumerate(secret[:-2]):
        if letter in digits:
            other = secret[:place] + digits[digits.index(letter) ^ 1] + secret[place + 1 :]
            with pytest.raises((Rejection, InvalidSecret)):
                check(name, body, headers, secret=other)


@pytest.mark.parametrize("name", [name for name in NAMES if SCHEMES[name].covers_url])
def test_one_changed_bit_of_a_signed_address_is_rejected(name):
    body, headers = delivery(name)
    for changed in flips(URL.encode()):
        with pytest.raises(Rejection):
            check(name, body, headers, url=changed.decode("latin-1"))


@pytest.mark.parametrize("name", STAMPED)
@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (301, Reason.STALE),
        (365 * 86400, Reason.STALE),
        (-301, Reason.FROM_THE_FUTURE),
        (-365 * 86400, Reason.FROM_THE_FUTURE),
    ],
)
def test_a_delivery_out_of_its_time_is_rejected(name, age, reason):
    body, headers = delivery(name)
    for tolerated in (-300, 0, 300):
        check(name, body, headers, now=NOW + tolerated)
    with pytest.raises(Rejection) as rejected:
        check(name, body, headers, now=NOW + age)
    assert rejected.value.reason is reason


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_or_doubled_header_is_rejected(name):
    body, headers = delivery(name)
    scheme = SCHEMES[name]
    for header in set(headers) - {"content-type"}:
        rest = {other: value for other, value in headers.items() if other != header}
        signed = header in {source.name for source in scheme.vouched}
        if header.startswith(tuple(h.rstrip("*") for h in scheme.headers)) or signed:
            with pytest.raises(Rejection):
                check(name, body, rest)
            if not scheme.repeat:
                with pytest.raises(Rejection) as rejected:
                    check(name, body, [*headers.items(), (header, headers[header])])
                assert rejected.value.reason is Reason.DOUBLED_HEADER


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
@samples
@given(data=st.data())
def test_nothing_but_rejection_comes_out(name, data):
    scheme = SCHEMES[name]
    genuine_body, genuine = delivery(name)
    headers = []
    for header, value in genuine.items():
        kept = data.draw(st.sampled_from(["kept", "changed", "doubled", "dropped"]))
        changed = data.draw(ANY_HEADER) if kept == "changed" else value
        headers += [(header, changed)] * {"dropped": 0, "doubled": 2}.get(kept, 1)
    body = data.draw(st.just(genuine_body) | ANY_BODY)
    now = data.draw(st.just(NOW) | st.floats(allow_nan=False, allow_infinity=False))
    request = Request("POST", data.draw(ANY_URL), headers, body)
    with contextlib.suppress(Rejection):
        verified = verify(scheme, request, [KEYS[name].secret], now)
        assert scheme.grade == "partial" or scheme.covers_url or body == genuine_body
        if greeting := question(verified.reading, signed=True):
            answer(greeting, verified.reading)
        assert all(item.identity for item in items(verified))


@pytest.mark.parametrize("name", NAMES)
@samples
@given(body=ANY_BODY, media=st.sampled_from([*(m for s in SCHEMES.values() for m in s.content)]))
def test_an_authentic_delivery_of_anything_is_read_or_rejected(name, body, media):
    scheme = SCHEMES[name]
    with contextlib.suppress(Rejection):
        headers = sign(
            scheme, body, KEYS[name].signing, now=NOW, id="m", url=URL, content_type=media
        )
        verified = check(name, body, headers)
        greeting = question(verified.reading, signed=True)
        if greeting:
            answer(greeting, verified.reading)
        for item in items(verified):
            assert isinstance(item.type, str)
            assert item.identity
