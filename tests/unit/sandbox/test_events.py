"""Sample events of the packs: as the document says, and signed as the pack says, or wrongly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import jsonschema_rs
import pytest

from noctule import apidoc, providers
from noctule.sandbox import DeliveryVariant, SignedDelivery, sample_event, signed_delivery
from noctule.webhooks import Rejection, WebhookRequest, scheme_of, verify
from noctule.webhooks.signing.sign import new_key

if TYPE_CHECKING:
    from noctule.webhooks import Scheme

PACKS = ("github", "sendgrid", "slack", "stripe", "twilio")
EVENTS = [(name, event) for name in PACKS for event in providers.pack(name).events]
URL = "https://app.example.com/api/webhooks/provider"
NOW = 1_800_000_000.0
BAD: tuple[DeliveryVariant, ...] = ("wrong_signature", "tampered", "stale", "unsigned")


def payload_of(name: str, event: str, event_id: str = "evt_1") -> dict[str, Any]:
    pack = providers.pack(name)
    document = apidoc.parse(pack.document_bytes(), source=f"pack:{name}")
    return sample_event(document, pack, scheme_of(name), event, event_id=event_id)


def check(scheme: Scheme, delivery: SignedDelivery, secret: str) -> None:
    request = WebhookRequest("POST", delivery.url, delivery.headers, delivery.body)
    verify(scheme, request, (secret,), NOW)


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_an_event_fits_its_schema_and_verifies(name: str, event: str) -> None:
    scheme, pair, payload = scheme_of(name), new_key(scheme_of(name)), payload_of(name, event)
    pack = providers.pack(name)
    document = apidoc.parse(pack.document_bytes(), source=f"pack:{name}")
    thing: Any = payload
    for step in filter(None, (pack.webhook.object_path if pack.webhook else "").split(".")):
        thing = thing[step]
    jsonschema_rs.validate(apidoc.json_schema(document.schemas[pack.events[event].schema]), thing)

    delivery = signed_delivery(
        scheme, payload, key=pair.signing, url=URL, now=NOW, event_id="evt_1", event=event
    )
    check(scheme, delivery, pair.secret)


@pytest.mark.parametrize("way", BAD)
@pytest.mark.parametrize("name", PACKS)
def test_a_bad_delivery_does_not_verify(name: str, way: DeliveryVariant) -> None:
    scheme, pair = scheme_of(name), new_key(scheme_of(name))
    event = next(iter(providers.pack(name).events))

    def delivered(way: DeliveryVariant) -> SignedDelivery:
        return signed_delivery(
            scheme,
            payload_of(name, event),
            key=pair.signing,
            url=URL,
            variant=way,
            now=NOW,
            event=event,
        )

    if way == "stale" and scheme.timestamp is None:
        with pytest.raises(ValueError, match="nothing is stale"):
            delivered("stale")
        return
    check(scheme, delivered("good"), pair.secret)
    with pytest.raises(Rejection):
        check(scheme, delivered(way), pair.secret)


@pytest.mark.parametrize("name", PACKS)
def test_two_events_differ_and_one_is_always_the_same(name: str) -> None:
    event = next(iter(providers.pack(name).events))
    assert payload_of(name, event, "evt_1") == payload_of(name, event, "evt_1")
    assert payload_of(name, event, "evt_1") != payload_of(name, event, "evt_2")


def test_a_body_is_written_as_its_provider_writes_it() -> None:
    bodies = {}
    for name in ("sendgrid", "stripe", "twilio"):
        event = next(iter(providers.pack(name).events))
        bodies[name] = signed_delivery(
            scheme_of(name), payload_of(name, event), key=new_key(scheme_of(name)).signing, url=URL
        ).body
    assert json.loads(bodies["stripe"])["data"]["object"]
    assert isinstance(json.loads(bodies["sendgrid"]), list)
    assert parse_qs(bodies["twilio"].decode())["MessageStatus"]


def test_a_delivery_shows_neither_signature_nor_body() -> None:
    event = "payment_intent.succeeded"
    delivery = signed_delivery(
        scheme_of("stripe"), payload_of("stripe", event), key="whsec_x", url=URL
    )
    assert "v1=" not in repr(delivery)
    assert "payment_intent" not in repr(delivery)
