"""A tampered delivery is rejected for its signature alone."""

from importlib import import_module

import pytest

from noctule.webhooks import Reason, Rejection
from noctule.webhooks.testing import key_for, signed, tampered
from support.webhook_samples import SCHEMES, check, delivery

JUDGE = import_module("noctule.webhooks.verification.verify")
SIGNED = sorted(
    name for name, scheme in SCHEMES.items() if scheme.coverage not in ("static", "none")
)


@pytest.mark.parametrize("name", SIGNED)
def test_only_the_signature_of_a_tampered_delivery_is_wrong(name, monkeypatch):
    body, headers = delivery(name)
    headers, body = tampered(SCHEMES[name], headers, body)
    with pytest.raises(Rejection) as caught:
        check(name, body, headers)
    assert caught.value.reason == Reason.MISMATCH
    monkeypatch.setattr(JUDGE, "_matching_secret", lambda *_: 0)
    check(name, body, headers)


def test_a_provider_may_be_given_by_name():
    key = key_for("stripe")
    headers, body = signed("stripe", {"id": "evt_1", "type": "a"}, secret=key.signing)
    changed, other = tampered("stripe", headers, body)
    assert changed == headers
    assert b'"id":"evt_1"' in other
    assert other != body
