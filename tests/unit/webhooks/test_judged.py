"""Verdicts equal those recorded from the providers' own libraries (`make golden-signatures`)."""

from __future__ import annotations

import json

import pytest

from noctule.webhooks import Rejection, WebhookRequest, scheme_of, sign
from noctule.webhooks.signing.keypair import KeyPair
from noctule.webhooks.testing import publish
from noctule.webhooks.verification.verify import verify_blocking
from support.paths import DATA
from support.webhook_samples import ready

FILES = sorted((DATA / "webhooks" / "judged").glob("*.json"))


def is_accepted(scheme, case):
    publish(scheme, KeyPair(case["secret"], "", case["document"].encode()))
    request = WebhookRequest("POST", case["url"], case["headers"], case["body"].encode())
    try:
        verify_blocking(scheme, request, [case["secret"]], case["now"])
    except Rejection:
        return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_verdicts_equal_the_library_s_with_explained_exceptions(file):
    data = json.loads(file.read_text(encoding="utf-8"))
    scheme, first = ready(scheme_of(file.stem)), data | data["deliveries"][0]
    deliveries = [first | own for own in data["deliveries"]]
    differing = {
        case["case"] for case in deliveries if is_accepted(scheme, case) is not case["library"]
    }
    assert differing == set(data["differences"])
    genuine = [case for case in deliveries if case["library"]]
    assert len(genuine) >= 3
    assert len(deliveries) - len(genuine) >= 3
    if scheme.algorithm.startswith("hmac-") and scheme.signature_locator is None:
        options = {"now": first["now"], "id": "msg_1", "url": first["url"]}
        body = first["body"].encode()
        assert sign(scheme, body, first["secret"], **options) == first["headers"]
