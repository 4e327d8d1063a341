"""Two events that differ are two events, for every provider, and its retries are recognised."""

from __future__ import annotations

import runpy
from copy import deepcopy
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.json_types import set_path
from noctule.providers import packs
from noctule.webhooks import Inbox, InvalidScheme, Receiver, Rejection, Scheme, WebhookRequest, sign
from noctule.webhooks.schemes.identity import Ground
from noctule.webhooks.signing.sign import compose
from noctule.webhooks.verification.classify import items
from noctule.webhooks.verification.verify import verify_blocking
from support.paths import DOCS
from support.webhook_samples import KEYS, NOW, PACKS, SETTING, URL, payload_for

pytestmark = pytest.mark.anyio
BODY = {"header": "X-Signature", "algorithm": "hmac-sha256", "signed": "{body}"}


def identity_of(name: str, payload: dict[str, Any], *, now: float = NOW, id: str = "e1"):  # noqa: A002
    """How an event of a provider with that payload is recognised."""
    scheme = PACKS[name]
    headers, body = compose(scheme, payload, KEYS[name].signing, now=now, id=id, url=URL)
    request = WebhookRequest("POST", URL, headers, body)
    verified = verify_blocking(scheme, request, [KEYS[name].secret], now)
    [item] = items(verified)
    return item.identity


def leaves(value: Any, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [leaf for key, child in value.items() for leaf in leaves(child, f"{path}.{key}")]


def changed(payload: dict[str, Any], path: str) -> dict[str, Any]:
    key, _, rest = path.removeprefix(".").partition(".")
    child = payload[key]
    return payload | {key: changed(child, rest) if rest else f"{child}-changed"}


def signed_names(scheme: Scheme) -> set[str]:
    """The dotted names in the body that identify an event by a signed id."""
    first = next(iter(scheme.event_fields.id), None)
    return {f".{locator.name}" for locator in first.locators} if first and first.signed else set()


@pytest.mark.parametrize("name", PACKS)
def test_events_that_differ_in_anything_but_the_retry_marks_are_two(name):
    scheme = PACKS[name]
    payload = payload_for(scheme)
    first = identity_of(name, payload)
    marks = {f".{locator.name}" for locator in scheme.identity.changes}
    for path in set(leaves(payload)) - marks:
        if first.key.startswith("id:") and path not in signed_names(scheme):
            continue
        if scheme.signed_keys and path.lstrip(".") not in scheme.signed_keys:
            continue
        other = identity_of(name, changed(payload, path))
        assert (other.twin or other.key) != (first.twin or first.key), path
    if first.key.startswith("id:") and not signed_names(scheme) & set(leaves(payload)):
        assert identity_of(name, payload, id="e2").key != first.key


@pytest.mark.parametrize("name", PACKS)
def test_the_retry_of_a_provider_is_recognised(name):
    facts = PACKS[name].identity
    payload = payload_for(PACKS[name])
    first = identity_of(name, payload)
    assert identity_of(name, payload) == first
    retry = payload
    for locator in facts.changes:
        set_path(retry := deepcopy(retry), locator.name, "2")
    if facts.retry == "signed_again" or facts.changes:
        again = identity_of(name, retry, now=NOW + 100)
        assert (again.twin or again.key) == (first.twin or first.key)


@pytest.mark.parametrize("name", PACKS)
def test_every_pack_says_what_its_ids_and_retries_are_worth(name):
    table = packs()[name].signature["identity"]
    assert {"id", "equal", "retry"} <= table.keys()
    facts = PACKS[name].identity
    assert (facts.source or PACKS[name].documentation).startswith("https://")


def test_the_page_equals_the_packs():
    page = runpy.run_path(str(DOCS / "identity.py"))
    assert (DOCS / "identity.md").read_text(encoding="utf-8") == page["page"]()
    assert set(page["RULES"]) == set(Ground)


SIGNED_CONTRACT = "signature_request_signed"


def contract(number: int) -> dict[str, Any]:
    return {"event": {"event_type": SIGNED_CONTRACT}, "signature_request": {"id": f"r{number}"}}


DROPBOX = {"list_folder": {"accounts": ["dbid:AAH4"]}, "delta": {"users": [12345678]}}
PLAID = {"webhook_type": "TRANSACTIONS", "webhook_code": "SYNC_UPDATES_AVAILABLE", "item_id": "w"}
DOPPLER = {"type": "config.secrets.update", "config": {"name": "prd"}, "diff": {"updated": ["K"]}}
DISPATCH = {"ref": "refs/heads/main", "inputs": {"env": "prod"}}
ISSUE = {"action": "create", "type": "Issue", "data": {"id": "u1"}}
HUBSPOT = {"subscriptionId": 9, "eventId": 1, "objectId": 5, "occurredAt": 1, "portalId": 62}
XERO = {
    "resourceId": "r",
    "eventDateUtc": "2026-11-30T10:00:00.1",
    "eventCategory": "INVOICE",
    "eventType": "CREATE",
    "tenantId": "t",
}
ADYEN = {
    "pspReference": "7914",
    "eventCode": "AUTHORISATION",
    "success": "false",
    "amount": {"value": 1, "currency": "EUR"},
}
HOUR = 3600.0
NEW, SAME, ASIDE = "accepted", "duplicate", "quarantined"


def item(**other: Any) -> dict[str, Any]:
    return {"NotificationRequestItem": ADYEN | other}


CASES = {
    "dropbox: one account changes twice": ("dropbox", [DROPBOX, DROPBOX], "ab", HOUR, [NEW, NEW]),
    "plaid: updates twice": ("plaid", [PLAID, PLAID], "ab", 6 * HOUR, [NEW, NEW]),
    "doppler: a secret changes twice": ("doppler", [DOPPLER, DOPPLER], "ab", HOUR, [NEW, NEW]),
    "dropbox-sign: two contracts": (
        "dropbox-sign",
        [contract(1), contract(2)],
        "ab",
        60,
        [NEW, NEW],
    ),
    "dropbox-sign: two contracts in one second": (
        "dropbox-sign",
        [contract(1), contract(2), contract(1)],
        "aba",
        0,
        [NEW, ASIDE, SAME],
    ),
    "github: dispatched twice": ("github", [DISPATCH, DISPATCH], "ab", HOUR, [NEW, ASIDE]),
    "github: redelivered": ("github", [DISPATCH, DISPATCH], "aa", 90 * HOUR, [NEW, SAME]),
    "shopify: uninstalled twice": ("shopify", [{"id": 1}] * 2, "ab", 24 * HOUR, [NEW, ASIDE]),
    "woocommerce: equal orders": ("woocommerce", [{"id": 1}] * 2, "ab", HOUR, [NEW, ASIDE]),
    "linear: a retry that is stamped anew": ("linear", [ISSUE, ISSUE], "aa", HOUR, [NEW, SAME]),
    "linear: the same again under a new id": ("linear", [ISSUE, ISSUE], "ab", HOUR, [NEW, NEW]),
    "zendesk: equal texts": ("zendesk", [{"note": "x"}] * 2, "ab", HOUR, [NEW, NEW]),
    "hubspot: two portals": (
        "hubspot",
        [HUBSPOT, HUBSPOT | {"portalId": 99, "objectId": 200}],
        "ab",
        0,
        [NEW, NEW],
    ),
    "hubspot: another attempt": (
        "hubspot",
        [HUBSPOT, HUBSPOT | {"attemptNumber": 1}],
        "ab",
        HOUR,
        [NEW, SAME],
    ),
    "xero: created and updated": (
        "xero",
        [XERO, XERO | {"eventType": "UPDATE"}, XERO],
        "abc",
        0,
        [NEW, NEW, SAME],
    ),
    "adyen: refused, then authorised": (
        "adyen",
        [item(), item(success="true"), item(reason="retried")],
        "abc",
        60,
        [NEW, NEW, SAME],
    ),
    "slack: commands": (
        "slack",
        [{"command": "/x", "trigger_id": "1.a"}, {"command": "/x", "trigger_id": "2.b"}],
        "ab",
        60,
        [NEW, NEW],
    ),
    "stripe: a retry": ("stripe", [{"id": "evt_1", "type": "t"}] * 2, "ab", HOUR, [NEW, SAME]),
}


@pytest.mark.parametrize("case", CASES)
async def test_what_vendors_send(case, monkeypatch, clock):
    name, payloads, ids, gap, expected = CASES[case]
    key = KEYS[name]
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    for variable in PACKS[name].settings.values():
        monkeypatch.setenv(variable, SETTING)
    receiver = Receiver(
        name, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock, url=URL
    )
    handled: list[str] = []
    receiver.on("*")(lambda event: handled.append(event.id))
    outcomes = []
    async with receiver.lifespan():
        for payload, event_id in zip(payloads, ids, strict=True):
            headers, body = compose(
                receiver.scheme, payload, key.signing, now=clock.time(), id=event_id, url=URL
            )
            answer = await receiver.deliver("POST", URL, headers, body)
            assert answer.status == 200
            outcomes.append(answer.outcome)
            await receiver.drain()
            clock.advance(gap)
    assert outcomes == expected
    assert len(handled) == expected.count(NEW)


@pytest.mark.parametrize(
    ("identity", "message"),
    [
        ({"changes": ["header:X-Attempt"]}, "changes: holds places in the body only"),
        ({"equal": "sometimes"}, "equal"),
        ({"retry": "same"}, "past is shorter than identity.hours"),
    ],
)
def test_facts_that_contradict_each_other_are_named(identity, message):
    stamp = {"from": "header:X-Time", "past": 300}
    table = BODY | {"signed": "{timestamp}.{body}", "timestamp": stamp, "identity": identity}
    with pytest.raises(InvalidScheme, match=message):
        Scheme.parse(table)


def key_of(name: str, body: bytes, headers: dict[str, str], url: str = URL) -> str:
    request = WebhookRequest("POST", url, headers, body)
    [item] = items(verify_blocking(PACKS[name], request, [KEYS[name].secret], NOW))
    return item.identity.key


def test_an_address_that_is_written_otherwise_is_the_same():
    """HubSpot signs some characters unescaped, so two spellings have one signature."""
    body = b'[{"eventId": 1}]'
    url = "https://shop.example/hooks?tenant=a/b"
    headers = sign(PACKS["hubspot"], body, KEYS["hubspot"].signing, now=NOW, url=url)
    escaped = url.replace("a/b", "a%2Fb")
    assert key_of("hubspot", body, headers, escaped) == key_of("hubspot", body, headers, url)


def test_a_form_that_is_moved_into_the_address_is_the_same():
    """Twilio signs address and form without a separator."""
    url = "https://shop.example/hooks?tenant=1"
    headers = sign(PACKS["twilio"], b"A=1&B=2", KEYS["twilio"].signing, now=NOW, url=url)
    moved = key_of("twilio", b"B=2", headers, f"{url}A1")
    assert moved == key_of("twilio", b"A=1&B=2", headers, url)
    other = sign(PACKS["twilio"], b"A=1&B=2", KEYS["twilio"].signing, now=NOW, url=URL + "1")
    assert key_of("twilio", b"A=1&B=2", other, URL + "1") != moved


def test_a_line_end_that_is_left_out_makes_no_other_event():
    """Braintree signs its payload with or without the line end after it."""
    scheme = PACKS["braintree"]
    ended = replace(scheme, templates=scheme.templates[::-1])
    headers, body = compose(ended, {"kind": "check"}, KEYS["braintree"].signing, now=NOW, url=URL)
    form = dict(parse_qsl(body.decode()))
    spellings = [
        urlencode(form | {"bt_payload": form["bt_payload"] + ending}).encode()
        for ending in ("", "\n")
    ]
    first, second = [key_of("braintree", spelling, headers) for spelling in spellings]
    assert first == second


def test_a_port_that_is_added_makes_no_other_event():
    """The address is signed, the body is not, and either spelling of the address is accepted."""
    table = BODY | {"signed": "{url}{timestamp}", "timestamp": {"from": "header:X-Time"}}
    scheme = Scheme.parse(table, "acme")
    url = "https://shop.example/hooks"
    headers = sign(scheme, b"{}", "secret", now=NOW, url=url)
    identities = set()
    for spelling in (url, "https://shop.example:443/hooks"):
        request = WebhookRequest("POST", spelling, headers, b"{}")
        [item] = items(verify_blocking(scheme, request, ["secret"], NOW))
        identities.add(item.identity)
    assert len(identities) == 1


PIECES = [b" ", b"\n", b"\r\n", b"\t", b"&", b"&a=b", b"=", b"%20", b"%0A", b"0", b'"', b"}", b","]


def respelt_body(data: Any, body: bytes) -> bytes:
    at = data.draw(st.integers(0, len(body)))
    change = data.draw(st.sampled_from(["none", "insert", "delete", "repeat", "end"]))
    piece = data.draw(st.sampled_from(PIECES))
    match change:
        case "insert":
            return body[:at] + piece + body[at:]
        case "delete":
            return body[:at] + body[at + 1 :]
        case "repeat":
            return body + b"&" + body
        case "end":
            return body + piece
    return body


def respelt_url(data: Any, url: str) -> str:
    address, _, query = url.partition("?")
    return data.draw(
        st.sampled_from(
            [
                url,
                url.replace("shop.example", "shop.example:443"),
                url.replace("shop.example", "SHOP.example"),
                url.replace("a", "%61"),
                url.replace("/", "%2F", 3).replace("https:%2F%2F", "https://"),
                f"{address}?{query}&",
                f"{address}?{query}#fragment",
                f"{address}/?{query}",
                url.lower(),
            ]
        )
    )


def respelt_headers(data: Any, headers: dict[str, str]) -> list[tuple[str, str]]:
    respelt = []
    for name, value in headers.items():
        spelling = data.draw(
            st.sampled_from(
                [
                    value,
                    value,
                    f" {value}\t",
                    value.upper(),
                    f"{value},",
                    f"{value}, v1=00",
                    f"00 {value}",
                ]
            )
        )
        respelt.append((data.draw(st.sampled_from([name, name.upper()])), spelling))
    return respelt


@pytest.mark.parametrize("name", PACKS)
@settings(max_examples=20)
@given(data=st.data())
def test_whatever_one_signature_is_made_to_say_is_one_event(name, data):
    scheme = PACKS[name]
    headers, body = compose(
        scheme, payload_for(scheme), KEYS[name].signing, now=NOW, id="e1", url=URL
    )
    genuine = key_of(name, body, headers)
    request = WebhookRequest(
        "POST", respelt_url(data, URL), respelt_headers(data, headers), respelt_body(data, body)
    )
    try:
        verified = verify_blocking(scheme, request, [KEYS[name].secret], NOW)
        keys = {item.identity.key for item in items(verified)}
    except Rejection:
        return
    assert keys == {genuine}
