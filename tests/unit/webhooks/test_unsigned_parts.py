"""What is not signed never changes what an accepted delivery means."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.webhooks import Inbox, InvalidScheme, Receiver, Rejection, Scheme, WebhookRequest
from noctule.webhooks.explain import explain
from noctule.webhooks.signing.sign import compose, sign
from noctule.webhooks.testing import key_for, signed
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.keys import MacKey
from noctule.webhooks.verification.verify import verify_blocking
from support.webhook_samples import KEYS, NOW, SCHEMES, URL, delivery, payload_for, signed_locators

NAMES = sorted(SCHEMES)
INJECTED = "a&payload=%7B%22type%22%3A%22forged%22%2C%22id%22%3A%22forged%22%7D&json=%7B%7D&b="
"""A text that somebody else wrote into a genuine event, and that is also a form."""
MEDIA = [
    *sorted({media for scheme in SCHEMES.values() for media in scheme.content}),
    "application/x-www-form-urlencoded; charset=utf-16",
    "APPLICATION/JSON;charset=utf-7",
    "application/vnd.other+json",
    'multipart/form-data; boundary="a&payload"',
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
]


def received(name, method, url, headers, body):
    """What a handler gets of an accepted delivery: each event's data and the facts about it."""
    request = WebhookRequest(method, url, headers, body)
    verified = verify_blocking(SCHEMES[name], request, [KEYS[name].secret], NOW)
    events = items(verified)
    facts = []
    if verified.view.scheme.batch is None:  # the items of a batch are in the data
        facts = [verified.view.first(kinds) for kinds in verified.view.scheme.event_fields]
    signed_facts = [fact for fact in facts if fact and fact.signed]
    return verified.view.data, [event.identity.key for event in events], signed_facts


def altered_headers(data, scheme, headers):
    """The headers with every unsigned one kept, changed, dropped or joined by others."""
    fixed = {header.replace("*", "1") for header in scheme.headers}
    fixed |= {at.name for at in signed_locators(scheme) if at.kind == "header"}
    fixed |= {scheme.timestamp.locator.name} if scheme.timestamp else set()
    fixed |= set(headers) if "listed_headers" in scheme.signed else scheme.components
    fixed |= {"signature-input"} if scheme.components else set()
    altered = [(name, value) for name, value in headers.items() if name in fixed]
    for name in headers.keys() - fixed - {"content-type"}:
        value = data.draw(st.sampled_from([headers[name], "forged", "", None]))
        altered += [] if value is None else [(name, value)]
    extra = st.sampled_from(["x-event-type", "x-http-method-override", "content-language"])
    altered += [(name, "forged") for name in data.draw(st.lists(extra, max_size=2, unique=True))]
    if "content-type" not in fixed:
        media = data.draw(st.sampled_from([headers["content-type"], *MEDIA]))
        altered += [("content-type", media)] if media else []
    return altered


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(data=st.data())
def test_an_unsigned_part_never_changes_an_accepted_event(name, data):
    scheme = SCHEMES[name]
    body, headers = delivery(name, payload=payload_for(scheme) | {"note": INJECTED})
    genuine = received(name, "POST", URL, headers, body)
    url, method = URL, "POST"
    if not (scheme.scope.url or scheme.scope.path):
        url = data.draw(st.sampled_from([URL, f"{URL}&type=forged&id=forged", "https://b.example"]))
    if "method" not in scheme.signed:
        method = data.draw(st.sampled_from(["POST", "PUT", "GET"]))
    try:
        altered = received(name, method, url, altered_headers(data, scheme, headers), body)
    except Rejection:
        return
    assert altered == genuine


@pytest.mark.parametrize("name", NAMES)
def test_a_delivery_without_a_media_type_is_read_as_it_was_signed(name):
    if "listed_headers" in SCHEMES[name].signed or "content-type" in SCHEMES[name].components:
        return  # the media type is signed
    body, headers = delivery(name)
    genuine = received(name, "POST", URL, headers, body)
    del headers["content-type"]
    assert received(name, "POST", URL, headers, body) == genuine


def test_the_boundary_of_a_form_is_the_body_s_own():
    table = {"header": "X-Sig", "algorithm": "hmac-sha256", "signed": "{body}"}
    scheme = Scheme.parse(table | {"content": {"multipart/form-data": "multipart:json"}})
    inner = (
        b'\r\n--b\r\nContent-Disposition: form-data; name="json"\r\n\r\n{"id":"forged"}\r\n--b--'
    )
    _, body = compose(scheme, {"id": "1", "note": "n"}, "s" * 32, now=NOW)
    body = body.replace(b'"n"}', b'"n"}' + inner)
    for boundary in ("b", "noctule-boundary"):
        media = f"multipart/form-data; boundary={boundary}"
        headers = sign(scheme, body, "s" * 32, now=NOW, content_type=media)
        view = verify_blocking(
            scheme, WebhookRequest("POST", URL, headers, body), ["s" * 32], NOW
        ).view
        with pytest.raises(Rejection):
            _ = view.data


@pytest.mark.parametrize(
    "content",
    [
        {"text/plain": "form", "application/x-www-form-urlencoded": "form:payload"},
        {"application/x-www-form-urlencoded": "form:a", "text/plain": "xml64:b"},
        {"multipart/form-data": "multipart:a", "multipart/mixed": "multipart:b"},
    ],
)
def test_a_scheme_whose_parser_only_a_header_could_choose_is_refused(content):
    table = {"header": "X-Sig", "algorithm": "hmac-sha256", "signed": "{body}", "content": content}
    with pytest.raises(InvalidScheme, match="content"):
        Scheme.parse(table)


@pytest.fixture
def receiver_of(monkeypatch, clock, inbox_place):
    def make(name, secret, url=""):
        monkeypatch.setenv("HOOK_SECRET", secret)
        return Receiver(
            name, secrets=["HOOK_SECRET"], url=url, inbox=Inbox(inbox_place), clock=clock
        )

    return make


@pytest.mark.anyio
async def test_a_captured_slack_event_sent_again_as_a_form_is_refused(receiver_of, clock):
    key, seen = key_for("slack"), []
    receiver = receiver_of("slack", key.secret)
    receiver.on("*")(lambda event: seen.append(event.type))
    event = {"type": "event_callback", "event_id": "E1", "event": {"type": "message"}}
    event["event"]["text"] = INJECTED
    headers, body = signed("slack", event, secret=key.signing, now=clock.time())
    async with receiver.lifespan():
        assert (await receiver.deliver("POST", URL, headers, body)).outcome == "accepted"
        forged = headers | {"content-type": "application/x-www-form-urlencoded"}
        answer = await receiver.deliver("POST", URL, forged, body)
        await receiver.drain()
    assert (answer.status, answer.reason) == (415, "unsupported_media")
    assert seen == ["message"]


def test_explain_says_that_only_the_media_type_is_wrong():
    key = key_for("slack")
    headers, body = signed("slack", {"event_id": "E1"}, secret=key.signing, now=NOW)
    wrong = ["unsupported_media"]
    for media, causes in (
        ("application/json", []),
        ("text/plain", wrong),
        ("application/x-www-form-urlencoded", wrong),
    ):
        request = WebhookRequest("POST", URL, headers | {"content-type": media}, body)
        found = explain(SCHEMES["slack"], request, [key.secret], NOW)
        assert [cause.key for cause in found] == causes
        assert all(cause.why("fr") and cause.fix("en") for cause in found)


@pytest.mark.anyio
@pytest.mark.parametrize("body", [b"", b"&&&", b"=&=", b"MessageSid=SM9", b"[]", b"{}"])
async def test_a_twilio_body_is_compared_with_its_digest_whatever_it_is(receiver_of, body):
    key, address = key_for("twilio"), "https://shop.example/hooks"
    receiver = receiver_of("twilio", key.secret, address)
    genuine = json.dumps({"MessageSid": "SM1", "MessageStatus": "delivered"}).encode()
    url = f"{address}?bodySHA256={hashlib.sha256(genuine).hexdigest()}"
    signature = b64encode(MacKey("sha1", key.secret.encode()).sign(url.encode())).decode()
    headers = {"x-twilio-signature": signature}
    async with receiver.lifespan():
        for media in ("application/x-www-form-urlencoded", "application/json", ""):
            altered = headers | ({"content-type": media} if media else {})
            answer = await receiver.deliver("POST", url, altered, body)
            assert answer.status in (401, 415)
        answer = await receiver.deliver("POST", url, headers, genuine)
    assert answer.outcome == "accepted"
