"""HTTP message signatures: the examples of RFC 9421, and another library as the judge."""

from __future__ import annotations

import hashlib
import tomllib
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.webhooks import InvalidScheme, Reason, Rejection, Scheme, WebhookRequest
from noctule.webhooks.formats.structured_fields import parse_dictionary
from noctule.webhooks.request import octets
from noctule.webhooks.signing.keypair import KID
from noctule.webhooks.signing.sign import compose, new_key, sign
from noctule.webhooks.verification.key_cache import KeyCache, KeyRequest, use_key_cache
from noctule.webhooks.verification.message_signature import signature_base
from noctule.webhooks.verification.verify import verify, verify_blocking
from support.paths import DATA
from support.webhook_samples import NOW, PACKS, SETTING, URL, samples

RFC = tomllib.loads((DATA / "webhooks" / "rfc9421.toml").read_text(encoding="utf-8"))
RFC_URL, RFC_HEADERS, BODY = RFC["url"], RFC["headers"], RFC["body"].encode()
SIGNED_AT = 1_700_000_000
"""Of the past: the other library compares with the real time."""


def rfc(label, **table):
    example = RFC["signatures"][label]
    key = RFC["keys"][example["algorithm"]]
    scheme = Scheme.parse(
        {"algorithm": example["algorithm"], "key": key["form"], "signed": "{signature_base}"}
        | {"components": ["date"]}
        | table
    )
    headers = RFC_HEADERS | {
        "Signature-Input": f"sig-{label}={example['components']}{example['parameters']}",
        "Signature": f"sig-{label}=:{example['signature']}:",
    }
    return scheme, headers, key["text"]


def rfc_scheme(label):
    covered = parse_dictionary(f"a={RFC['signatures'][label]['components']}")["a"].items
    whole = [item.value for item in covered if not item.parameters]
    return rfc(label, components=whole or ["@method"])


@pytest.mark.parametrize("label", ["b22", "b23", "b25", "b26"])
def test_the_examples_of_the_rfc_are_accepted(label):
    scheme, headers, secret = rfc_scheme(label)
    verify(scheme, WebhookRequest("POST", RFC_URL, headers, BODY), [secret], NOW)
    for name in ("Date", "Content-Type", "Content-Digest", "Signature-Input", "Signature"):
        altered = headers | {name: headers[name][:-4] + "AAA:"}
        signed = name.lower() in scheme.components or name.startswith("Signature")
        request = WebhookRequest("POST", RFC_URL, altered, BODY)
        if signed:
            with pytest.raises(Rejection):
                verify(scheme, request, [secret], NOW)
        else:
            verify(scheme, request, [secret], NOW)


def test_the_rfc_s_signature_of_nothing_is_that_of_its_base():
    _, headers, secret = rfc("b21")
    inputs = parse_dictionary(headers["Signature-Input"])["sig-b21"]
    base = signature_base(WebhookRequest("POST", RFC_URL, headers, BODY), RFC_URL, inputs)
    assert base == b'"@signature-params": ' + headers["Signature-Input"][8:].encode()
    scheme, headers, secret = rfc_scheme("b21")
    with pytest.raises(Rejection) as rejected:
        verify(scheme, WebhookRequest("POST", RFC_URL, headers, BODY), [secret], NOW)
    assert rejected.value.reason is Reason.BODY_NOT_COVERED


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        ('"@target-uri"', "https://Example.com:443/a%20b?q=1&r=%C3%A9+x"),
        ('"@authority"', "example.com"),
        ('"@scheme"', "https"),
        ('"@request-target"', "/a%20b?q=1&r=%C3%A9+x"),
        ('"@path"', "/a%20b"),
        ('"@query"', "?q=1&r=%C3%A9+x"),
        ('"@query-param";name="r"', "%C3%A9%20x"),
        ('"x-twice"', "a, b"),
        ('"x-dictionary";key="b"', '?0;c="d"'),
    ],
)
def test_a_component_is_read_as_the_rfc_says(component, expected):
    url = "https://Example.com:443/a%20b?q=1&r=%C3%A9+x"
    headers = [("X-Twice", " a "), ("X-Twice", "b"), ("X-Dictionary", 'a=1,  b=?0;  c="d"')]
    inputs = parse_dictionary(f"s=({component})")["s"]
    base = signature_base(WebhookRequest("POST", url, headers, b""), url, inputs)
    assert base.decode() == f'{component}: {expected}\n"@signature-params": ({component})'


@pytest.mark.parametrize(
    "component",
    ['"@status"', '"@query-param";name="none"', '"@query-param"', '"absent"', '"X-Twice"',
     '"x-twice";sf', '"x-twice";key="b"', '"@method";req', '"x-*"', '"@method" "@method"', '1'],
)  # fmt: skip
def test_a_component_that_a_request_does_not_have_is_rejected(component):
    inputs = parse_dictionary(f"s=({component})")["s"]
    request = WebhookRequest("POST", RFC_URL, [("X-Twice", "a")], b"")
    with pytest.raises(Rejection):
        signature_base(request, RFC_URL, inputs)


@pytest.mark.parametrize(
    "text",
    ["a", "a=1, a=2", "a=(", 'a=("b"c)', "a=:=:", "a=1,", "a==1", "A=1", 'a="é"', "a=1;b=1;b=2",
     'a="\\x"', "a=1 b=2", "(a)", "a=1.5", "=1"],
)  # fmt: skip
def test_what_is_no_dictionary_is_no_signature(text):
    scheme, headers, secret = rfc_scheme("b26")
    for name in ("Signature", "Signature-Input"):
        request = WebhookRequest("POST", RFC_URL, headers | {name: text}, BODY)
        with pytest.raises(Rejection):
            verify(scheme, request, [secret], NOW)


@given(st.text(st.sampled_from('ab"\\=:;,()? *1-'), max_size=40))
def test_any_text_is_a_dictionary_or_an_error(text):
    try:
        members = parse_dictionary(text)
    except ValueError:
        return
    written = ", ".join(f"{key}={member}" for key, member in members.items())
    assert parse_dictionary(written) == members


TABLE = {
    "signed": "{signature_base}",
    "components": ["@method", "@target-uri", "content-digest"],
    "timestamp": {"from": "parameter:created"},
    "expires": "parameter:expires",
    "id": "body:id",
    "type": "body:type",
}
OURS = {
    "hmac-sha256": {"key": "base64"},
    "ed25519": {"key": "base64"},
    "es256": {"key": "spki"},
    "es384": {"key": "spki"},
    "rsa-sha256": {"key": "spki"},
    "rsa-pss-sha512": {"key": "spki"},
}
JUDGES = {
    "hmac-sha256": "HMAC_SHA256",
    "ed25519": "ED25519",
    "es256": "ECDSA_P256_SHA256",
    "es384": "ECDSA_P384_SHA384",
    "rsa-sha256": "RSA_V1_5_SHA256",
    "rsa-pss-sha512": "RSA_PSS_SHA512",
}
SCHEMES = {name: Scheme.parse(TABLE | {"algorithm": name} | more) for name, more in OURS.items()}
KEYS = {name: new_key(scheme) for name, scheme in SCHEMES.items()}


def judge_of(algorithm):
    """A signer and a verifier of the other library, with the same key."""
    import http_message_signatures as theirs
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from noctule.webhooks.verification.keys import key_bytes

    key = KEYS[algorithm]
    if algorithm == "hmac-sha256":
        private = public = key_bytes("base64", key.secret)
    else:
        private = load_pem_private_key(key.signing.encode(), None)
        public = private.public_key()

    class Resolver(theirs.HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id):
            return private

        def resolve_public_key(self, key_id):
            return public

    kind = getattr(theirs.algorithms, JUDGES[algorithm])
    options = {"signature_algorithm": kind, "key_resolver": Resolver()}
    return theirs.HTTPMessageSigner(**options), theirs.HTTPMessageVerifier(**options)


@pytest.mark.parametrize("algorithm", SCHEMES)
@samples
@given(note=st.text(), query=st.text(st.characters(codec="ascii", categories=["L", "N"])))
def test_another_library_signs_and_judges(algorithm, note, query):
    scheme, key = SCHEMES[algorithm], KEYS[algorithm]
    signer, verifier = judge_of(algorithm)
    url = f"https://shop.example/hooks?q={query}"
    body = msgspec.json.encode({"id": "1", "note": note})
    headers = sign(scheme, body, key.signing, now=SIGNED_AT, url=url)
    message = SimpleNamespace(method="POST", url=url, headers=headers, body=body)
    assert verifier.verify(message, max_age=None, body=body)
    digest = f"sha-256={_digest(body)}"
    message = SimpleNamespace(method="POST", url=url, headers={"Content-Digest": digest}, body=body)
    signer.sign(
        message,
        key_id="k",
        created=datetime.fromtimestamp(SIGNED_AT, UTC),
        expires=datetime.fromtimestamp(SIGNED_AT, UTC) + timedelta(minutes=1),
        label="theirs",
        covered_component_ids=("@method", "@target-uri", "content-digest"),
        body=body,
        use_existing_digest=True,
    )
    request = WebhookRequest("POST", url, message.headers, body)
    verify(scheme, request, [key.secret], SIGNED_AT)
    with pytest.raises(Rejection) as rejected:
        verify(scheme, request, [key.secret], SIGNED_AT + 61)
    assert (rejected.value.reason, rejected.value.detail) == (Reason.STALE, "parameter:expires")


def _digest(body):
    return f":{b64encode(hashlib.sha256(body).digest()).decode()}:"


def genuine(algorithm="es384", **changes):
    body = b'{"id": "1"}'
    headers = sign(SCHEMES[algorithm], body, KEYS[algorithm].signing, now=NOW, url=URL)
    return body, headers | changes


def reason_of(headers, body, algorithm="es384", method="POST", url=URL):
    with pytest.raises(Rejection) as rejected:
        verify(
            SCHEMES[algorithm],
            WebhookRequest(method, url, headers, body),
            [KEYS[algorithm].secret],
            NOW,
        )
    return rejected.value.reason


def test_whatever_is_covered_cannot_be_changed():
    body, headers = genuine()
    assert reason_of(headers, body + b" ") is Reason.MISMATCH
    assert reason_of(headers, body, method="PUT") is Reason.MISMATCH
    assert reason_of(headers, body, url=URL + "x") is Reason.MISMATCH
    other = f"sha-256={_digest(body + b' ')}"
    assert reason_of(headers | {"content-digest": other}, body + b" ") is Reason.MISMATCH
    weak = headers | {"content-digest": "md5=:AAAAAAAAAAAAAAAAAAAAAA==:"}
    assert reason_of(weak, body) is Reason.BODY_NOT_COVERED
    both = headers["content-digest"] + ", sha-512=:" + "A" * 86 + "==:"
    assert reason_of(headers | {"content-digest": both}, body) is Reason.MISMATCH


def test_a_signature_that_covers_less_is_rejected():
    body, headers = genuine()
    for name in ("@method", "@target-uri", "content-digest"):
        less = headers["signature-input"].replace(f'"{name}"', "").replace("  ", " ")
        less = less.replace("( ", "(").replace(" )", ")")
        assert reason_of(headers | {"signature-input": less}, body) is Reason.BODY_NOT_COVERED
    other = headers["signature-input"].replace("ecdsa-p384-sha384", "hmac-sha256")
    assert reason_of(headers | {"signature-input": other}, body) is Reason.MALFORMED_SIGNATURE


def test_one_right_signature_among_several_is_enough():
    body, headers = genuine()
    wrong = headers["signature-input"].replace("sig1", "other")
    inputs = f"{wrong}, {headers['signature-input']}"
    both = headers | {
        "signature-input": inputs,
        "signature": f"other=:{'A' * 128}:, {headers['signature']}",
    }
    request = WebhookRequest("POST", URL, both, body)
    verify(SCHEMES["es384"], request, [KEYS["es384"].secret], NOW)


@pytest.mark.parametrize(
    "table",
    [
        {"components": []},
        {"signed": "{body}"},
        {"algorithm": "jwk", "key": "spki"},
        {"expires": "header:X-Expires"},
        {"timestamp": {"from": "header:X-Time"}},
    ],
)
def test_a_scheme_that_proves_less_than_it_says_is_refused(table):
    with pytest.raises(InvalidScheme):
        Scheme.parse(TABLE | {"algorithm": "es384", "key": "spki"} | table)


def test_coverage_is_what_is_covered():
    assert SCHEMES["es384"].coverage == "full"
    assert PACKS["ucp"].coverage == "body"
    assert PACKS["re-zip"].coverage == "partial"


@pytest.mark.parametrize("curve", ["es256", "es384", "ed25519"])
@pytest.mark.parametrize("member", ["keys", "signing_keys"])
def test_a_business_of_ucp_signs_with_any_key_of_its_profile(curve, member):
    scheme, profile = PACKS["ucp"], f"https://{SETTING}/.well-known/ucp"
    table = TABLE | {"algorithm": curve, "key": "jwk", "components": sorted(scheme.components)}
    table |= {"fetch": {"url": profile, "host": ".+", "answer": "keys"}}
    merchant = Scheme.parse(table)
    key = new_key(merchant)
    [published] = msgspec.json.decode(key.document)["keys"]
    unknown = {"kty": "AKP", "alg": "ML-DSA-65", "kid": KID, "pub": "AAAA"}
    document = msgspec.json.encode({"ucp": {}, member: [unknown, published]})
    cache = KeyCache()
    cache.put(KeyRequest(profile), document)
    use_key_cache(scheme.key_address, cache)
    headers, body = compose(merchant, {"id": "order_1", "event_id": "e1"}, key.signing, now=NOW,
                            url=URL)  # fmt: skip
    request = WebhookRequest("POST", URL, {k: octets(v) for k, v in headers.items()}, body)
    assert verify_blocking(scheme, request, ["the address, which is no secret"], NOW).secret == 0
