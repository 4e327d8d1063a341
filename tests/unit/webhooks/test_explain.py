"""Each common defect of a genuine delivery is named."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.messages import catalog
from noctule.webhooks import WebhookRequest
from noctule.webhooks.explain import explain
from noctule.webhooks.signing.sign import body_of, sign
from support.webhook_samples import KEYS, NOW, SCHEMES, SECRET, URL, samples

PAYLOAD = {"id": "evt_1", "type": "café/<b>", "amount": 12.5, "tags": ["a", {"b": None}]}
COMPACT = json.dumps(PAYLOAD, separators=(",", ":"), ensure_ascii=False).encode()
PRETTY = json.dumps(PAYLOAD, indent=2, ensure_ascii=False).encode()


def causes_of(
    name="stripe",
    sent=COMPACT,
    got=None,
    *,
    signing=SECRET,
    secret=SECRET,
    age=0.0,
    url=URL,
    headers=None,
    media="",
    retired=(),
):
    """What `explain` says about a delivery that was sent one way and received another."""
    scheme = SCHEMES[name]
    signed = sign(scheme, sent, signing, now=NOW - age, id="m", url=URL, content_type=media)
    signed |= headers or {}
    request = WebhookRequest("POST", url, signed, sent if got is None else got)
    causes = explain(scheme, request, [secret], NOW, retired=retired)
    texts = " ".join(text for c in causes for text in (c.why("fr"), c.why(), c.fix("fr"), c.detail))
    assert signing not in texts
    assert secret not in texts
    return [(cause.key, cause.detail) for cause in causes]


@pytest.mark.parametrize("name", ["stripe", "github", "slack", "standard-webhooks"])
def test_an_empty_body_is_called_empty(name):
    assert causes_of(name, got=b"") == [("body_empty", "")]


def test_an_accepted_delivery_has_no_causes():
    assert causes_of() == []


@pytest.mark.parametrize(
    ("sent", "got", "key", "detail"),
    [
        (PRETTY, json.dumps(PAYLOAD).encode(), "body_reserialised", "JSON"),
        (COMPACT, json.dumps(PAYLOAD).encode(), "body_reserialised", "JSON"),
        (json.dumps(PAYLOAD).encode(), COMPACT, "body_reserialised", "JSON"),
        (COMPACT.replace(b"/", rb"\/"), COMPACT, "body_reserialised", "JSON"),
        (
            COMPACT.replace(b"<", rb"\u003c").replace(b">", rb"\u003e"),
            COMPACT,
            "body_reserialised",
            "JSON",
        ),
        (PRETTY.replace(b"\n", b"\r\n"), PRETTY, "body_line_ends", "CRLF -> LF"),
        (PRETTY, PRETTY.replace(b"\n", b"\r\n"), "body_line_ends", "LF -> CRLF"),
        (COMPACT + b"\r\n", COMPACT, "body_trimmed", ""),
        (COMPACT, COMPACT + b"\n", "body_padded", ""),
        (COMPACT, b"\xef\xbb\xbf" + COMPACT, "body_marked", ""),
        (COMPACT, COMPACT.decode("latin-1").encode(), "body_recoded", "latin-1 -> UTF-8"),
        (COMPACT, gzip.compress(COMPACT, mtime=0), "body_compressed", "gzip"),
    ],
)
def test_an_altered_body(sent, got, key, detail):
    assert causes_of(sent=sent, got=got) == [(key, detail)]


def test_a_form_that_was_turned_into_json():
    form = {"MessageSid": "SM1", "MessageStatus": "sent", "Body": "a b"}
    slack_form = body_of(SCHEMES["twilio"], form)
    media = "application/x-www-form-urlencoded"
    got = json.dumps(form).encode()
    assert causes_of("slack", slack_form, got, media=media) == [("body_reserialised", "form")]


def test_a_changed_body():
    assert causes_of(got=COMPACT.replace(b"12.5", b"99.5")) == [("secret_or_body", "")]


@pytest.mark.parametrize(
    ("signing", "secret", "expected"),
    [
        (SECRET, f" {SECRET}\n", ("secret_spaces", "")),
        (SECRET, f'"{SECRET}"', ("secret_spaces", "")),
        (SECRET, SECRET.removeprefix("whsec_"), ("secret_prefix", "")),
        (SECRET.removeprefix("whsec_"), SECRET, ("secret_prefix", "")),
        (SECRET, "sk_test_51H", ("secret_of_another_kind", "Stripe API key")),
        (SECRET, "whsec_of_another_endpoint", ("secret_or_body", "")),
    ],
)
def test_the_wrong_secret(signing, secret, expected):
    assert causes_of(signing=signing, secret=secret) == [expected]


def test_a_secret_decoded_differently():
    raw = b64encode(b"0123456789abcdef0123456789abcdef").decode()
    scheme = SCHEMES["standard-webhooks"]
    headers = sign(SCHEMES["shopify"], COMPACT, raw, now=NOW)
    request = WebhookRequest("POST", URL, headers, COMPACT)
    assert explain(SCHEMES["shopify"], request, [raw], NOW) == []
    signed = sign(scheme, COMPACT, "whsec_" + raw, now=NOW, id="m")
    from dataclasses import replace

    as_text = replace(scheme, key_form="utf8")
    [cause] = explain(as_text, WebhookRequest("POST", URL, signed, COMPACT), ["whsec_" + raw], NOW)
    assert (cause.key, cause.detail, cause.certain) == ("secret_form", "whsec", True)


def test_a_rotated_secret():
    assert causes_of(signing="whsec_old", retired=["whsec_old"]) == [("secret_retired", "")]


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https:", "http:"),
        URL.replace("shop.example", "10.0.0.7:8080"),
        URL.replace("?tenant=1", "/?tenant=1"),
    ],
)
def test_the_address_behind_a_proxy(url):
    headers = {"x-forwarded-host": "shop.example", "x-forwarded-proto": "https"}
    assert causes_of("square", url=url, headers=headers) == [("url_differs", URL)]


@pytest.mark.parametrize(
    ("age", "key"),
    [
        (301, "delivery_old"),
        (86400, "delivery_old"),
        (-400, "clock_behind"),
        (7200, "clock_zone"),
        (-19800, "clock_zone"),
    ],
)
def test_a_wrong_time(age, key):
    [(cause, _)] = causes_of(age=age)
    assert cause == key


def test_a_time_in_milliseconds():
    headers = sign(SCHEMES["slack"], COMPACT, SECRET, now=NOW * 1000)
    [cause] = explain(
        SCHEMES["slack"], WebhookRequest("POST", URL, headers, COMPACT), [SECRET], NOW
    )
    assert (cause.key, cause.detail) == ("timestamp_unit", "milliseconds")


@pytest.mark.parametrize(("scheme", "key"), [("github", "hex"), ("shopify", "base64")])
def test_a_signature_in_another_encoding(scheme, key):
    from dataclasses import replace

    other = replace(SCHEMES[scheme], encoding="base64" if key == "hex" else "hex")
    headers = sign(SCHEMES[scheme], COMPACT, SECRET, now=NOW)
    [cause] = explain(other, WebhookRequest("POST", URL, headers, COMPACT), [SECRET], NOW)
    assert (cause.key, cause.detail) == ("signature_encoding", key)


def test_another_algorithm():
    from dataclasses import replace

    other = replace(SCHEMES["github"], algorithm="hmac-sha1")
    headers = sign(SCHEMES["github"], COMPACT, SECRET, now=NOW)
    [cause] = explain(other, WebhookRequest("POST", URL, headers, COMPACT), [SECRET], NOW)
    assert (cause.key, cause.detail) == ("signature_algorithm", "hmac-sha256")


def test_a_missing_header():
    headers = {"content-type": "application/json", "x-hub-signature": "sha1=00"}
    [cause] = explain(
        SCHEMES["github"], WebhookRequest("POST", URL, headers, COMPACT), [SECRET], NOW
    )
    assert (cause.key, cause.place, cause.detail) == (
        "signature_missing",
        "x-hub-signature-256",
        "x-hub-signature",
    )


def test_a_doubled_header():
    headers = sign(SCHEMES["github"], COMPACT, SECRET, now=NOW)
    twice = [*headers.items(), ("x-hub-signature-256", "sha256=00")]
    [cause] = explain(SCHEMES["github"], WebhookRequest("POST", URL, twice, COMPACT), [SECRET], NOW)
    assert cause.key == "doubled_header"
    assert cause.why() == "rejected because of x-hub-signature-256: doubled_header"


@pytest.mark.parametrize("key", sorted(catalog("explain")))
def test_every_cause_says_why_and_what_to_do_in_both_languages(key):
    from noctule.webhooks.explain import Cause

    cause = Cause(key, "somewhere", "some detail")
    texts = {cause.why(), cause.why("fr"), cause.fix(), cause.fix("fr")}
    assert len(texts) == 4
    assert all(texts)


@samples
@given(
    body=st.binary() | st.sampled_from([b"\x1f\x8b", b'{"a":"\\ud800"}', b"[" * 5000, b"a=%ff"]),
    host=st.binary(max_size=20) | st.just(b"h" * 5000),
    url=st.text() | st.just("http://[::1"),
    name=st.sampled_from(sorted(SCHEMES)),
)
def test_explain_never_fails(body, host, url, name):
    signature = (next(iter(SCHEMES[name].headers), "x-signature"), "t=1,v1=00")
    request = WebhookRequest("POST", url, [signature, ("x-forwarded-host", host)], body)
    assert explain(SCHEMES[name], request, [KEYS[name].secret], NOW)
