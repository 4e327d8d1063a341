"""The providers' own published examples of signatures are accepted."""

from __future__ import annotations

import pytest

from noctule.webhooks import Reason, Rejection, WebhookRequest, verify
from noctule.webhooks.signing.sign import sign
from support.webhook_samples import SCHEMES, VECTORS

REPRODUCIBLE = [
    vector
    for vector in VECTORS
    if SCHEMES[vector["scheme"]].algorithm.startswith("hmac")
    and SCHEMES[vector["scheme"]].signature_locator is None
    and "spelling" not in vector
]


def _name(vector):
    return f"{vector['scheme']}: {vector['source']}"


def _request(vector, body=None):
    body = vector["body"] if body is None else body
    url = vector.get("url", "https://example.com/")
    return WebhookRequest("POST", url, vector["headers"], body.encode())


@pytest.mark.parametrize("vector", VECTORS, ids=_name)
def test_a_published_signature_is_accepted(vector):
    scheme = SCHEMES[vector["scheme"]]
    verified = verify(scheme, _request(vector), [vector["secret"]], vector.get("now", 0))
    assert verified.secret == 0


@pytest.mark.parametrize("vector", VECTORS, ids=_name)
def test_a_published_signature_with_another_body_is_rejected(vector):
    scheme = SCHEMES[vector["scheme"]]
    old, new = vector.get("changed", ("", ""))
    request = _request(
        vector, body=vector["body"].replace(old, new) if old else vector["body"] + "x"
    )
    with pytest.raises(Rejection) as rejected:
        verify(scheme, request, [vector["secret"]], vector.get("now", 0))
    assert rejected.value.reason is Reason.MISMATCH


@pytest.mark.parametrize("vector", VECTORS, ids=_name)
def test_a_published_signature_with_another_secret_is_rejected(vector):
    scheme = SCHEMES[vector["scheme"]]
    other = (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8RE"
        "ntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA=="  # the other key of sendgrid-python's own tests
        if scheme.key_form == "spki"
        else "00" * 32
        if scheme.key_form == "hex"
        else "whsec_" + "A" * 32
    )
    with pytest.raises(Rejection) as rejected:
        verify(scheme, _request(vector), [other], vector.get("now", 0))
    assert rejected.value.reason is Reason.MISMATCH


@pytest.mark.parametrize("vector", REPRODUCIBLE, ids=_name)
def test_our_signatures_equal_the_published_ones(vector):
    scheme = SCHEMES[vector["scheme"]]
    theirs = {name.lower(): value for name, value in vector["headers"].items()}
    ours = sign(
        scheme,
        vector["body"].encode(),
        vector["secret"],
        now=vector.get("now", 0),
        id=theirs.get("webhook-id", ""),
        url=vector.get("url", ""),
        content_type=theirs.get("content-type", ""),
    )
    name = scheme.headers[0]
    signature = ours[name].split(scheme.separator or None)[-1]
    assert signature in theirs[name].split(scheme.separator or None)
