"""What providers changed lately, as their documents say today."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from docs.stale_packs import stale
from noctule.providers import packs
from noctule.webhooks import Inbox, Reason, Receiver, Rejection, WebhookRequest, verify
from noctule.webhooks.signing.sign import compose, sign
from noctule.webhooks.verification.classify import items
from support.webhook_samples import KEYS, NOW, PACKS, URL, check, delivery

pytestmark = pytest.mark.anyio


async def test_quickbooks_sends_cloud_events(monkeypatch, clock):
    """developer.intuit.com, "Understanding the data object"."""
    monkeypatch.setenv("QUICKBOOKS_VERIFIER_TOKEN", "token")
    receiver = Receiver(
        "quickbooks",
        secrets=["QUICKBOOKS_VERIFIER_TOKEN"],
        inbox=Inbox(":memory:"),
        clock=clock,
    )
    seen = []
    receiver.on("*")(lambda event: seen.append((event.type, event.data["intuitentityid"])))
    common = {"specversion": "1.0", "source": "intuit.dsnBgbseACLLRZNxo2dfc4evmEJdxde58xeeYcZliOU="}
    body = msgspec.json.encode(
        [
            common
            | {"id": "88cd52aa-33b6-4351-9aa4-47572edbd068", "type": "qbo.invoice.created.v1",
               "datacontenttype": "application/json", "time": "2026-05-31T21:31:25.179Z",
               "intuitentityid": "95", "intuitaccountid": "310687", "data": {}},
            common
            | {"id": "88cd52aa-33b6-4351-9aa4-47572edbd069", "type": "qbo.customer.merged.v1",
               "datacontenttype": "application/json", "time": "2026-05-31T21:31:26.000Z",
               "intuitentityid": "123", "intuitaccountid": "310687", "data": {"deletedid": "27"}},
        ]
    )  # fmt: skip
    signature = b64encode(hmac.digest(b"token", body, "sha256")).decode()
    headers = {"content-type": "application/json", "intuit-signature": signature}
    async with receiver.lifespan():
        assert (await receiver.deliver("POST", URL, headers, body)).outcome == "accepted"
        assert (await receiver.deliver("POST", URL, headers, body)).outcome == "duplicate"
        await receiver.drain()
    assert seen == [("qbo.invoice.created.v1", "95"), ("qbo.customer.merged.v1", "123")]


@pytest.mark.parametrize("prefix", ["sha256=", ""])
def test_mollie_s_digest_may_be_bare(prefix):
    body, headers = delivery("mollie")
    digest = hmac.new(KEYS["mollie"].secret.encode(), body, hashlib.sha256).hexdigest()
    check("mollie", body, headers | {"x-mollie-signature": prefix + digest})
    for wrong in (digest[:-1], "sha1=" + digest, "sha256=sha256=" + digest):
        with pytest.raises(Rejection):
            check("mollie", body, headers | {"x-mollie-signature": wrong})


@pytest.mark.parametrize(
    ("url", "now", "reason"),
    [
        (URL, NOW, None),
        ("https://other.example/webhooks", NOW, Reason.NOT_EXPECTED),
        (URL, NOW + 301, Reason.STALE),
    ],
)
def test_monday_s_token_names_its_audience_and_its_end(url, now, reason):
    body, headers = delivery("monday")
    if reason is None:
        check("monday", body, headers, url=url, now=now)
        return
    with pytest.raises(Rejection) as rejected:
        check("monday", body, headers, url=url, now=now)
    assert rejected.value.reason is reason


def test_a_token_ends_when_it_says():
    scheme = PACKS["monday"]
    patient = replace(scheme, timestamp=replace(scheme.timestamp, past=86_400.0))
    headers, body = compose(patient, {"id": "1"}, KEYS["monday"].signing, now=NOW, url=URL)
    request = WebhookRequest("POST", URL, headers, body)
    verify(patient, request, [KEYS["monday"].secret], NOW + 300)
    with pytest.raises(Rejection) as rejected:
        verify(patient, request, [KEYS["monday"].secret], NOW + 301)
    assert (rejected.value.reason, rejected.value.detail) == (Reason.STALE, "claim:exp")


@pytest.mark.parametrize("name", ["svix", "clerk", "resend"])
def test_svix_s_headers_may_have_no_brand(name):
    secret = "whsec_" + b64encode(b"s" * 24).decode()
    body = b'{"type": "a.b"}'
    branded = sign(PACKS[name], body, secret, now=NOW, id="msg_1")
    bare = {header.replace("svix-", "webhook-"): value for header, value in branded.items()}
    for headers in (branded, bare):
        verified = verify(PACKS[name], WebhookRequest("POST", URL, headers, body), [secret], NOW)
        assert [event.id for event in items(verified)] == ["msg_1"]
    # Where both are there, the branded ones count, as in Svix' own library.
    both = branded | {"webhook-id": "msg_2"}
    verified = verify(PACKS[name], WebhookRequest("POST", URL, both, body), [secret], NOW)
    assert [event.id for event in items(verified)] == ["msg_1"]
    for header in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        altered = WebhookRequest("POST", URL, bare | {header: "9"}, body)
        with pytest.raises(Rejection):
            verify(PACKS[name], altered, [secret], NOW)


def test_every_signature_has_a_source_and_a_date():
    assert list(stale(packs(), date(2026, 11, 30))) == []
    year_later = list(stale(packs(), date(2027, 12, 1)))
    assert len(year_later) == len(PACKS) + len([p for p in packs().values() if p.document])
    for scheme in PACKS.values():
        assert scheme.documentation.startswith("https://")
        date.fromisoformat(scheme.compared)
