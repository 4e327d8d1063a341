"""The signature language: what is accepted, what is refused, and what a signature covers."""

from __future__ import annotations

import hmac
import re
import tomllib

import msgspec
import pytest

from noctule.webhooks import InvalidScheme, InvalidSecret, Reason, Rejection, Scheme, WebhookRequest
from noctule.webhooks.schemes.schema import (
    FetchTable,
    HandshakeTable,
    IdentityTable,
    SignatureTable,
    TimestampTable,
)
from noctule.webhooks.schemes.template import PLACEHOLDERS
from noctule.webhooks.verification.keys import key_bytes, key_of
from noctule.webhooks.verification.signing_secret import SigningSecret
from noctule.webhooks.verification.verify import url_spellings, verify
from support.paths import ROOT
from support.webhook_samples import PACKS, SCHEMES, signed_locators

PAGE = (ROOT / "docs" / "signature-language.md").read_text(encoding="utf-8")
PLAIN = {"header": "X-Signature", "algorithm": "hmac-sha256", "signed": "{body}"}
STAMP = {"from": "header:X-Time"}


def documented_examples() -> dict[str, dict]:
    blocks = re.findall(r"^```toml\n# (\w+)\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)
    return {name: tomllib.loads(text) for name, text in blocks}


def keys_of_tables() -> set[str]:
    tables = (SignatureTable, HandshakeTable, FetchTable, TimestampTable, IdentityTable)
    return {field.encode_name for table in tables for field in msgspec.structs.fields(table)}


def test_the_page_describes_every_key_and_placeholder():
    described = set(re.findall(r"`(\w+)`", PAGE.partition("## Keys")[2]))
    assert keys_of_tables() <= described
    assert set(re.findall(r"`\{(\w+)\}`", PAGE)) >= PLACEHOLDERS


@pytest.mark.parametrize("name", ["github", "sendgrid", "slack", "stripe", "twilio"])
def test_the_examples_equal_the_packs(name):
    example = Scheme.parse(documented_examples()[name]["signature"], name)
    for part in ("headers", "signed", "timestamp", "id", "type", "batch", "handshakes", "content"):
        assert getattr(example, part) == getattr(PACKS[name], part)


@pytest.mark.parametrize(
    ("table", "coverage"),
    [
        ({"signed": "{timestamp}.{body}", "timestamp": STAMP}, "full"),
        ({"signed": "{body}", "timestamp": {"from": "body:at", "unit": "ms"}}, "full"),
        ({"signed": "{body}"}, "body"),
        ({"signed": "{url}{sorted_form}"}, "body"),
        ({"signed": "{body:event.time}{body:event.type}"}, "partial"),
        ({"signed": "{id}.{timestamp}", "timestamp": STAMP, "id": "header:X-Id"}, "partial"),
        ({"algorithm": "static"}, "static"),
        ({"algorithm": "none"}, "none"),
    ],
)
def test_the_coverage_is_computed_from_what_is_signed(table, coverage):
    assert Scheme.parse(PLAIN | table).coverage == coverage


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"algoritm": "hmac-sha256"}, "unknown field `algoritm`"),
        ({"algorithm": "md5"}, "Invalid enum value 'md5'"),
        ({"header": []}, "header: the header of the signature is missing"),
        ({"header": "X Signature"}, "header"),
        ({"signed": ""}, "signed: the signed text is missing"),
        ({"signed": "{body"}, "unbalanced brace"),
        ({"signed": "{payload}"}, "'payload' is not a locator"),
        ({"signed": "{cookie:a}"}, "'cookie:a' is not a locator"),
        ({"signed": "{header:}"}, "'header:' is not a locator"),
        ({"signed": "{header:Été}"}, "ASCII"),
        ({"signed": "{id}.{body}"}, "but id is missing"),
        ({"signed": "{timestamp}.{body}"}, "but timestamp is missing"),
        ({"timestamp": STAMP}, "is not signed, so it proves nothing"),
        ({"timestamp": STAMP | {"past": -1}}, "past"),
        ({"timestamp": STAMP | {"unit": "min"}}, "unit"),
        ({"pair": "="}, "pair and name"),
        ({"key": "spki"}, "spki does not fit hmac-sha256"),
        ({"algorithm": "rsa-sha256"}, "utf8 does not fit rsa-sha256"),
        ({"content": {}}, "content: at least one media type"),
        ({"content": {"text/xml": "xml"}}, "content"),
        ({"max_body": 0}, "max_body"),
        ({"handshake": [{"text": "ok"}]}, "match is missing"),
        ({"handshake": [{"match": {"body:a": ""}, "status": 302}]}, "status"),
        ({"handshake": [{"match": {"body:a": ""}, "visit": "body:a", "signed": False}]}, "visit"),
        ({"handshake": [{"match": {"body:a": ""}, "secret": "body:a"}]}, "secret"),
        ({"handshake": [{"match": {"body:a": ""}, "shape": "["}]}, "shape"),
        ({"signed": "{setting:word}"}, "settings: no variable for word"),
        ({"settings": {"word": "a variable"}}, "settings"),
        ({"key": "x509"}, "x509 does not fit hmac-sha256"),
        ({"algorithm": "rsa-sha256", "key": "x509"}, "fetch: needed for keys x509 and jwk"),
        ({"algorithm": "ed25519"}, "utf8 does not fit ed25519"),
        ({"algorithm_at": "body:version"}, "algorithm_at and algorithms"),
        ({"each": True}, "each: needs batch"),
    ],
)
def test_a_wrong_table_is_refused_and_the_key_named(table, message):
    with pytest.raises(InvalidScheme, match=re.escape(message)) as error:
        Scheme.parse(PLAIN | table, "acme")
    assert str(error.value).startswith("[signature] of acme: ")


def test_an_id_in_a_sorted_form_is_not_protected():
    assert not {at for at in signed_locators(SCHEMES["twilio"]) if at.kind == "body"}
    assert {at.name for at in signed_locators(SCHEMES["stripe"])} >= {"id", "type"}
    assert {at.name for at in signed_locators(SCHEMES["standard-webhooks"])} == {
        "webhook-id",
        "type",
    }
    assert {at.kind for at in signed_locators(SCHEMES["github"])} == {"body"}


@pytest.mark.parametrize(
    ("table", "secret"),
    [
        ({"key": "hex"}, "xyz"),
        ({"key": "base64"}, "a*b"),
        ({"key": "whsec"}, "whsec_"),
        ({"algorithm": "ed25519", "key": "hex"}, "00" * 31),
        ({"algorithm": "ecdsa-p256", "key": "spki"}, "AAAA"),
        ({"algorithm": "rsa-sha256", "key": "spki"}, "-----BEGIN PUBLIC KEY-----"),
    ],
)
def test_a_secret_of_the_wrong_form_is_not_quoted(table, secret):
    scheme = Scheme.parse(PLAIN | table)
    with pytest.raises(InvalidSecret) as error:
        key_of(scheme.key_form, scheme.algorithm, SigningSecret(secret))
    assert secret not in str(error.value)


def test_a_public_key_may_be_pem_or_one_line():
    from noctule.webhooks.signing.sign import new_key, sign

    scheme = SCHEMES["rsa"]
    key = new_key(scheme)
    pem = "\n".join(["-----BEGIN PUBLIC KEY-----", key.secret, "-----END PUBLIC KEY-----"])
    headers = sign(scheme, b"{}", key.signing, now=0, id="1")
    for secret in (key.secret, pem):
        verify(scheme, WebhookRequest("POST", "", headers, b"{}"), [secret], 0)


def test_both_spellings_of_the_port_are_tried():
    assert set(url_spellings("https://a/b?c")) == {"https://a/b?c", "https://a:443/b?c"}
    assert set(url_spellings("http://a:8000/")) == {"http://a:8000/", "http://a/"}
    assert set(url_spellings("http://[::1]:8000/")) == {"http://[::1]:8000/", "http://[::1]/"}
    assert list(url_spellings("http://[::1")) == ["http://[::1"]


def test_too_many_signatures_are_not_all_tried():
    header = ",".join(["t=0", *[f"v1={'00' * 32}"] * 16, "v1=" + "ab" * 32])
    request = WebhookRequest("POST", "", {"stripe-signature": header}, b"{}")
    with pytest.raises(Rejection) as rejected:
        verify(SCHEMES["stripe"], request, ["s"], 0)
    assert rejected.value.reason is Reason.MISMATCH


def test_a_request_shows_neither_headers_nor_body():
    assert (
        repr(WebhookRequest("post", "/", {"x-signature": "abc"}, b"body"))
        == "WebhookRequest(POST, 4 bytes)"
    )


class TestASettingInWhatIsSigned:
    TABLE = PLAIN | {"signed": "{setting:realm}.{body}", "settings": {"realm": "ACME_REALM"}}

    def deliver(self, scheme: Scheme) -> None:
        signature = hmac.new(b"secret", b"sandbox.{}", "sha256").hexdigest()
        request = WebhookRequest("POST", "", {"x-signature": signature}, b"{}")
        verify(scheme, request, ["secret"], 0)

    def test_its_value_is_signed(self) -> None:
        self.deliver(Scheme.parse(self.TABLE).with_settings({"realm": "sandbox"}))

    @pytest.mark.parametrize(
        ("values", "reason"),
        [({"realm": "live"}, Reason.MISMATCH), ({}, Reason.MISSING_FIELD)],
    )
    def test_another_value_or_none_is_rejected(self, values, reason) -> None:
        with pytest.raises(Rejection) as rejected:
            self.deliver(Scheme.parse(self.TABLE).with_settings(values))
        assert rejected.value.reason is reason


def test_base64_of_a_secret_is_strict() -> None:
    assert key_bytes("base64", "YWJjZGVm") == b"abcdef"
    with pytest.raises(InvalidSecret):
        key_bytes("base64", "YWJj!ZGVm")
