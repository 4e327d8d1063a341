"""The providers' own libraries accept our signatures, and reject changed deliveries."""

from __future__ import annotations

import tomllib
from types import SimpleNamespace

import pytest

from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.handshakes import find_handshake, handshake_reply
from support.paths import DATA
from support.webhook_samples import KEYS, NOW, SCHEMES, URL, check, delivery

pytestmark = pytest.mark.filterwarnings("ignore")
NAMED = tomllib.loads((DATA / "webhooks" / "oracles.toml").read_text(encoding="utf-8"))
ELSEWHERE = {"sendgrid", "slack", "standard-webhooks", "stripe", "twilio"}
"""Held in test_webhooks_oracles."""


def adyen(headers, body, secret):
    import json

    from Adyen.util import is_valid_hmac_notification

    return is_valid_hmac_notification(json.loads(body), secret)


def adyen_platform(headers, body, secret):
    from Adyen.util import is_valid_hmac_payload

    return is_valid_hmac_payload(headers["hmacsignature"], secret, body)


def box(headers, body, secret):
    from box_sdk_gen.internal.utils import compute_webhook_signature

    theirs = compute_webhook_signature(body.decode("utf-8", "replace"), headers, secret)
    return theirs == headers["box-signature-primary"]


def coinbase(headers, body, secret):
    from coinbase_commerce.webhook import WebhookSignature

    sent = headers["x-cc-webhook-signature"]
    return WebhookSignature.verify_sig_header(body.decode("utf-8", "replace"), sent, secret)


def discord(headers, body, secret):
    from nacl.signing import VerifyKey

    stamp = headers["x-signature-timestamp"].encode()
    signature = bytes.fromhex(headers["x-signature-ed25519"])
    return VerifyKey(bytes.fromhex(secret)).verify(stamp + body, signature)


def gocardless(headers, body, secret):
    from gocardless_pro import webhooks

    return webhooks.parse(body, secret, headers["webhook-signature"])


def line(headers, body, secret):
    from linebot.v3.webhook import SignatureValidator

    judge = SignatureValidator(secret)
    return judge.validate(body.decode("utf-8", "replace"), headers["x-line-signature"])


def mollie(headers, body, secret):
    from mollie.utils.webhooks.signature_validator import SignatureValidator

    text = body.decode("utf-8", "replace")
    return SignatureValidator.validate(text, secret, headers["x-mollie-signature"])


def paddle(headers, body, secret):
    from paddle_billing.Notifications import Secret, Verifier

    request = SimpleNamespace(body=body, headers={"Paddle-Signature": headers["paddle-signature"]})
    return Verifier().verify(request, Secret(secret), verify_time_drift=False)


def razorpay(headers, body, secret):
    from razorpay.utility import Utility

    judge, text = Utility(), body.decode("utf-8", "replace")
    return judge.verify_webhook_signature(text, headers["x-razorpay-signature"], secret)


def svix(headers, body, secret):
    import time

    from svix.webhooks import Webhook

    fresh_body, fresh = delivery("svix", now=time.time())
    same = body == delivery("svix")[0]
    Webhook(secret).verify(fresh_body if same else body, fresh)
    return True


def workos(headers, body, secret):
    from workos.webhooks._resource import Webhooks

    judge = Webhooks.__new__(Webhooks)
    judge.verify_header(
        event_body=body,
        event_signature=headers["workos-signature"].replace(",", ", "),
        secret=secret,
        tolerance=10**10,
    )
    return True


JUDGES = {
    "adyen": adyen,
    "adyen-platform": adyen_platform,
    "box": box,
    "coinbase-commerce": coinbase,
    "discord": discord,
    "gocardless": gocardless,
    "line": line,
    "mollie": mollie,
    "paddle": paddle,
    "razorpay": razorpay,
    "svix": svix,
    "workos": workos,
}


@pytest.mark.parametrize("name", JUDGES)
def test_the_provider_s_library_accepts_our_signatures_only(name):
    body, headers = delivery(name)
    secret = KEYS[name].secret
    assert check(name, body, headers).secret == 0
    assert JUDGES[name](headers, body, secret)
    value = b"v0" if name == "adyen" else b"n"
    changed = body.replace(value, b"q", 1)
    assert changed != body
    try:
        assert not JUDGES[name](headers, changed, secret)
    except AssertionError:
        raise
    except Exception as error:
        assert error  # noqa: PT017 - each library refuses in its own words


def test_a_braintree_delivery_is_accepted():
    from braintree import BraintreeGateway, Configuration, Environment

    public, private = "integration_public_key", "integration_private_key"
    gateway = BraintreeGateway(
        Configuration(Environment.Sandbox, "merchant", public_key=public, private_key=private)
    )
    from urllib.parse import urlencode

    sample = gateway.webhook_testing.sample_notification("subscription_canceled", "my_id")
    headers = {"content-type": "application/x-www-form-urlencoded"}
    verified = check("braintree", urlencode(sample).encode(), headers, secret=private)
    assert verified.view.data["kind"] == "subscription_canceled"
    body, _ = delivery("braintree")
    scheme = SCHEMES["braintree"].with_settings({"public_key": public})
    ours = DeliveryView(scheme, WebhookRequest("POST", URL, headers, body)).fields
    key = KEYS["braintree"].secret
    judge = BraintreeGateway(
        Configuration(Environment.Sandbox, "merchant", public_key="key", private_key=key)
    )
    judge.webhook_notification._WebhookNotificationGateway__validate_signature(
        ours["bt_signature"], ours["bt_payload"].encode()
    )
    challenge = f"{URL}&bt_challenge=20f9f8ed05f77439fe955c977e4c8a53"
    view = DeliveryView(scheme, WebhookRequest("GET", challenge, {}, b""))
    theirs = gateway.webhook_notification.verify("20f9f8ed05f77439fe955c977e4c8a53")
    assert (
        handshake_reply(find_handshake(view, signed=False), view, private).body.decode() == theirs
    )


def test_every_library_that_is_named_is_asked():
    assert set(NAMED) == {*JUDGES, *ELSEWHERE, "braintree"}
    assert NOW
