"""The common defects are named under every scheme."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from noctule.webhooks import WebhookRequest
from noctule.webhooks.explain import explain
from noctule.webhooks.signing.sign import new_key
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from support.webhook_samples import KEYS, NOW, PACKS, SCHEMES, URL, delivery

PLAIN = [
    name
    for name, scheme in PACKS.items()
    if scheme.algorithm.startswith("hmac")
    and "body" in scheme.signed
    and next(iter(scheme.content.values())) == "json"
]
STAMPED = [name for name in PLAIN if PACKS[name].timestamp]
ADDRESSED = [name for name in PLAIN if PACKS[name].scope.url]
TEXT = [name for name in PLAIN if PACKS[name].key_form == "utf8"]


def causes_of(name, body, headers, *, secret=None, now=NOW, url=URL, retired=(), scheme=None):
    request = WebhookRequest("POST", url, headers, body)
    secrets = [secret or KEYS[name].secret]
    causes = explain(scheme or PACKS[name], request, secrets, now, retired=retired)
    for language in ("en", "fr"):
        assert all(cause.why(language) and cause.fix(language) for cause in causes)
    return [cause.key for cause in causes]


@pytest.mark.parametrize("name", PLAIN)
def test_the_body(name):
    body, headers = delivery(name)
    again = json.dumps(json.loads(body)).encode()
    assert causes_of(name, again, headers) == ["body_reserialised"]
    assert causes_of(name, body + b"\n", headers) == ["body_padded"]
    spread, spread_headers = body.replace(b",", b",\n"), None
    from noctule.webhooks.signing.sign import sign

    spread_headers = sign(PACKS[name], spread, KEYS[name].signing, now=NOW, id="m", url=URL)
    assert causes_of(name, spread.replace(b"\n", b"\r\n"), spread_headers) == ["body_line_ends"]


@pytest.mark.parametrize("name", PLAIN)
def test_the_secret(name):
    body, headers = delivery(name)
    old, new = KEYS[name].secret, new_key(PACKS[name]).secret
    assert causes_of(name, body, headers, secret=new, retired=[old]) == ["secret_retired"]
    assert causes_of(name, body, headers, secret=new) == ["secret_or_body"]


@pytest.mark.parametrize("name", TEXT)
def test_the_secret_as_text(name):
    body, headers = delivery(name)
    assert causes_of(name, body, headers, secret=f'"{KEYS[name].secret}"') == ["secret_spaces"]
    assert "secret_of_another_kind" in causes_of(name, body, headers, secret="sk_live_123")


@pytest.mark.parametrize("name", PLAIN)
def test_the_signature(name):
    body, headers = delivery(name)
    scheme = PACKS[name]
    if scheme.encoding != "base64url":
        other = {"hex": "base64", "base64": "hex"}[scheme.encoding]
        wrong = replace(scheme, encoding=other)
        assert causes_of(name, body, headers, scheme=wrong) == ["signature_encoding"]
    signatures = {header.replace("*", "1") for header in scheme.headers}
    rest = {header: value for header, value in headers.items() if header not in signatures}
    assert causes_of(name, body, rest) == ["signature_missing"]


@pytest.mark.parametrize("name", STAMPED)
def test_the_time(name):
    body, headers = delivery(name)
    stamp = PACKS[name].timestamp
    assert causes_of(name, body, headers, now=NOW + stamp.past + 7_000) == ["delivery_old"]
    assert causes_of(name, body, headers, now=NOW - stamp.future - 7_000) == ["clock_behind"]
    if stamp.unit != "iso":
        other = replace(stamp, unit="s" if stamp.unit == "ms" else "ms")
        wrong = replace(PACKS[name], timestamp=other)
        assert causes_of(name, body, headers, scheme=wrong) == ["timestamp_unit"]


@pytest.mark.parametrize("name", ADDRESSED)
def test_the_address(name):
    body, headers = delivery(name)
    inside = URL.replace("https://shop.example", "http://shop.example")
    assert causes_of(name, body, headers, url=inside) == ["url_differs"]


def test_a_key_that_was_not_fetched():
    body, headers = delivery("paypal")
    use_key_cache(SCHEMES["paypal"].key_address, KeyCache())
    assert causes_of("paypal", body, headers) == ["key_unknown"]
