"""Handshakes: each provider gets the reply it expects, and nobody gets an event signed."""

from __future__ import annotations

import json

import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Reason, Receiver, Rejection, WebhookRequest
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.receiving.refetch import RefetchReceiver
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply, visit
from noctule.webhooks.verification.key_cache import key_cache_for
from noctule.webhooks.verification.keys import key_of
from noctule.webhooks.verification.signing_secret import SigningSecret
from support.webhook_samples import KEYS, NOW, PACKS, SCHEMES, SETTING, URL, check, delivery

JSON = {"content-type": "application/json"}


def reply_to(name, method="GET", query="", headers=None, body=b""):
    """The answer to an unsigned question, None if it is none."""
    view = DeliveryView(
        SCHEMES[name], WebhookRequest(method, f"{URL}&{query}", headers or {}, body)
    )
    handshake = find_handshake(view, signed=False)
    return handshake and handshake_reply(handshake, view, KEYS[name].secret)


def signed_reply(name, payload):
    body, headers = delivery(name, payload=payload)
    view = check(name, body, headers).view
    return handshake_reply(find_handshake(view, signed=True), view, KEYS[name].secret)


def mac(name, text):
    scheme = SCHEMES[name]
    return encode(
        scheme.encoding,
        key_of(scheme.key_form, scheme.algorithm, SigningSecret(KEYS[name].secret)).sign(text),
    ).decode()


@pytest.mark.parametrize(
    ("name", "payload", "status", "body"),
    [
        ("slack", {"type": "url_verification", "challenge": "c"}, 200, b"c"),
        ("discord", {"type": 1, "token": "t"}, 200, b'{"type": 1}'),
        ("discord", {"type": 0}, 204, b""),
        ("monday", {"challenge": "c"}, 200, b'{"challenge": "c"}'),
    ],
)
def test_signed_handshakes(name, payload, status, body):
    reply = signed_reply(name, payload)
    assert (reply.status, reply.body) == (status, body)


def test_zoom_gets_its_token_signed():
    reply = signed_reply(
        "zoom", {"event": "endpoint.url_validation", "payload": {"plainToken": "q9ib"}}
    )
    assert json.loads(reply.body) == {"plainToken": "q9ib", "encryptedToken": mac("zoom", b"q9ib")}


def test_unsigned_handshakes():
    assert reply_to("dropbox", query="challenge=abc").body == b"abc"
    assert dict(reply_to("dropbox", query="challenge=abc").headers)["x-content-type-options"]
    crc = reply_to("x", query="crc_token=abc-1").body
    assert json.loads(crc) == {"response_token": "sha256=" + mac("x", b"abc-1")}
    hub = "hub.mode=subscribe&hub.challenge=42&hub.verify_token="
    assert reply_to("meta", query=hub + SETTING).body == b"42"
    assert reply_to("meta", query=hub + "other") is None
    assert reply_to("trello", "HEAD").status == reply_to("intercom", "HEAD").status == 200
    assert reply_to("github", "HEAD") is None


@pytest.mark.anyio
async def test_woocommerce_ping_is_answered_and_not_stored(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", KEYS["woocommerce"].secret)
    inbox = Inbox(":memory:")
    shop = Receiver("woocommerce", secrets=["HOOK_SECRET"], inbox=inbox, clock=VirtualClock(NOW))
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with shop.lifespan():
        ping = await shop.deliver("POST", URL, form, b"webhook_id=7")
        assert (ping.status, ping.outcome, ping.body) == (200, "handshake", b"")
        without_curl = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        assert (await shop.deliver("POST", URL, without_curl, b"webhook_id=7")).status == 200
        forged = form | {"x-wc-webhook-signature": "AAAA", "x-wc-webhook-topic": "order.created"}
        assert (await shop.deliver("POST", URL, forged, b"webhook_id=7")).status == 401
        assert (await shop.deliver("POST", URL, form, b"id=1")).status == 401
        assert await inbox.read(
            lambda store: store.run("SELECT count(*) FROM noctule_delivery")
        ) == [(0,)]


@pytest.mark.parametrize("token", ['{"a":1}', "a b", "a" * 300, ""])
def test_a_handshake_never_signs_an_event(token):
    from urllib.parse import quote

    with pytest.raises(Rejection):
        reply_to("x", query="crc_token=" + quote(token))


def test_a_text_signed_by_a_handshake_is_not_an_event():
    headers = {"x-twitter-webhooks-signature": "sha256=" + mac("x", b"12345"), **JSON}
    with pytest.raises(Rejection) as rejected:
        check("x", b"12345", headers)
    assert rejected.value.reason is Reason.MISMATCH


def test_a_signed_delivery_is_never_an_unsigned_handshake():
    body, headers = delivery("notion", payload={"verification_token": "secret_abcdefgh"})
    view = DeliveryView(SCHEMES["notion"], WebhookRequest("POST", URL, headers, body))
    assert find_handshake(view, signed=False) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "call", "body"),
    [
        ("microsoft-graph", ("POST", URL + "&validationToken=ok", {}), b"ok"),
        ("okta", ("GET", URL, {"X-Okta-Verification-Challenge": "ok"}), b'{"verification": "ok"}'),
    ],
)
async def test_a_refetch_receiver_answers_handshakes(name, call, body):
    hints = RefetchReceiver(
        name, id="body:id", shape="[a-z]{8}", read=lambda _: None, inbox=Inbox(":memory:")
    )
    async with hints.lifespan():
        method, url, headers = call
        reply = await hints.deliver(method, url, headers, b"")
        assert (reply.status, reply.body) == (200, body)


@pytest.mark.anyio
async def test_sns_subscription_is_confirmed_at_amazon_only(monkeypatch):
    visited = []
    scheme = PACKS["aws-sns"]
    for host, fine in (("sns.us-east-1.amazonaws.com", True), ("evil.example", False)):
        payload = {
            "Type": "SubscriptionConfirmation",
            "MessageId": "m",
            "Message": "x",
            "Token": "t",
            "SubscribeURL": f"https://{host}/?Action=ConfirmSubscription",
        }
        body, headers = delivery("aws-sns", payload=payload)
        view = check("aws-sns", body, headers).view
        handshake = find_handshake(view, signed=True)
        with monkeypatch.context() as patch:
            cache = key_cache_for(scheme.key_address)
            patch.setattr(cache, "fetch", lambda request: visited.append(request.url))
            if fine:
                await visit(handshake, view)
            else:
                with pytest.raises(Rejection):
                    await visit(handshake, view)
    assert visited == ["https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"]
