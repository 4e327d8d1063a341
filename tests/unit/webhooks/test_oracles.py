"""The providers' own libraries sign what we accept, and accept what we sign."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.webhooks import Rejection, WebhookRequest, verify
from noctule.webhooks.signing.sign import body_of, new_key, sign
from support.webhook_samples import NOW, SCHEMES, URL, samples

PAYLOADS = st.fixed_dictionaries(
    {"id": st.text(min_size=1), "type": st.text(), "note": st.text(), "n": st.integers(0, 10**9)}
)
FORMS = st.dictionaries(
    st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8"))
)


def _accepted(scheme, headers, body, secret, now=NOW):
    verify(scheme, WebhookRequest("POST", URL, headers, body), [secret], now)


@samples
@given(PAYLOADS)
def test_stripe(payload):
    from stripe import WebhookSignature

    body = json.dumps(payload).encode()
    header = sign(SCHEMES["stripe"], body, "whsec_abc", now=NOW)["stripe-signature"]
    assert WebhookSignature.verify_header(body.decode(), header, "whsec_abc", tolerance=None)
    theirs = WebhookSignature._compute_signature(f"{int(NOW)}.{body.decode()}", "whsec_abc")
    _accepted(
        SCHEMES["stripe"], {"Stripe-Signature": f"t={int(NOW)},v1={theirs}"}, body, "whsec_abc"
    )


@samples
@given(PAYLOADS)
def test_slack(payload):
    from slack_sdk.signature import SignatureVerifier

    class Now:
        def now(self):
            return NOW

    judge = SignatureVerifier("shhh", clock=Now())
    body = json.dumps(payload).encode()
    assert judge.is_valid_request(body, sign(SCHEMES["slack"], body, "shhh", now=NOW))
    theirs = {
        "X-Slack-Request-Timestamp": str(int(NOW)),
        "X-Slack-Signature": judge.generate_signature(timestamp=str(int(NOW)), body=body),
    }
    _accepted(SCHEMES["slack"], theirs, body, "shhh")


@samples
@given(FORMS)
def test_twilio_forms(form):
    from twilio.request_validator import RequestValidator

    judge = RequestValidator("12345")
    body = body_of(SCHEMES["twilio"], form)
    headers = sign(SCHEMES["twilio"], body, "12345", now=NOW, url=URL)
    assert judge.validate(URL, form, headers["x-twilio-signature"])
    theirs = headers | {"x-twilio-signature": judge.compute_signature(URL, form)}
    _accepted(SCHEMES["twilio"], theirs, body, "12345")


@samples
@given(PAYLOADS)
def test_twilio_json(payload):
    from twilio.request_validator import RequestValidator

    judge = RequestValidator("12345")
    body = json.dumps(payload)
    url = f"{URL}&bodySHA256={judge.compute_hash(body)}"
    theirs = {
        "x-twilio-signature": judge.compute_signature(url, {}),
        "content-type": "application/json",
    }
    request = WebhookRequest("POST", url, theirs, body.encode())
    verify(SCHEMES["twilio"], request, ["12345"], NOW)
    with pytest.raises(Rejection):
        verify(
            SCHEMES["twilio"], WebhookRequest("POST", URL, theirs, body.encode()), ["12345"], NOW
        )


@samples
@given(PAYLOADS)
def test_sendgrid(payload):
    from sendgrid import EventWebhook

    key = new_key(SCHEMES["sendgrid"])
    body = body_of(SCHEMES["sendgrid"], payload) + b"\r\n"
    headers = sign(SCHEMES["sendgrid"], body, key.signing, now=NOW)
    judge = EventWebhook(key.secret)
    signature, stamp = (
        headers["x-twilio-email-event-webhook-signature"],
        headers["x-twilio-email-event-webhook-timestamp"],
    )
    assert judge.verify_signature(body.decode(), signature, stamp)
    _accepted(SCHEMES["sendgrid"], headers, body, key.secret)


@samples
@given(PAYLOADS, st.binary(min_size=24, max_size=64))
def test_standard_webhooks(payload, raw):
    from base64 import b64encode

    from standardwebhooks import Webhook

    secret = "whsec_" + b64encode(raw).decode()
    judge = Webhook(secret)
    body = json.dumps(payload)
    version_number = datetime.now(UTC)
    scheme = SCHEMES["standard-webhooks"]
    ours = sign(scheme, body.encode(), secret, now=version_number.timestamp(), id="msg_1")
    assert judge.verify(body, ours) == payload
    theirs = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(version_number.timestamp())),
        "webhook-signature": judge.sign("msg_1", version_number, body),
    }
    _accepted(scheme, theirs, body.encode(), secret, version_number.timestamp())
