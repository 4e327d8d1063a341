"""What the providers' own libraries said of deliveries (`make golden-signatures`), we say too."""

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


def taken(scheme, one):
    publish(scheme, KeyPair(one["secret"], "", one["document"].encode()))
    request = WebhookRequest("POST", one["url"], one["headers"], one["body"].encode())
    try:
        verify_blocking(scheme, request, [one["secret"]], one["now"])
    except Rejection:
        return False
    return True


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_we_judge_as_the_provider_s_library_but_where_it_is_said_why_not(file):
    data = json.loads(file.read_text(encoding="utf-8"))
    scheme, first = ready(scheme_of(file.stem)), data | data["deliveries"][0]
    deliveries = [first | own for own in data["deliveries"]]
    differing = {one["case"] for one in deliveries if taken(scheme, one) is not one["library"]}
    assert differing == set(data["differences"])
    genuine = [one for one in deliveries if one["library"]]
    assert len(genuine) >= 3
    assert len(deliveries) - len(genuine) >= 3
    if scheme.algorithm.startswith("hmac-") and scheme.signature_locator is None:
        options = {"now": first["now"], "id": "msg_1", "url": first["url"]}
        body = first["body"].encode()
        assert sign(scheme, body, first["secret"], **options) == first["headers"]
