"""The packs that are shipped: each is taken as it says, or refused for the reason it gives."""

from __future__ import annotations

import msgspec
import pytest
from webhook_samples import PACKS, URL

from noctule.providers import UnsignedFact, packs
from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, Receiver, Refused
from noctule.webhooks.testing import key_for, signed


def test_the_five_first_are_there():
    assert {"github", "sendgrid", "slack", "stripe", "twilio"} <= PACKS.keys()


@pytest.mark.parametrize("provider", PACKS)
def test_a_scheme_covers_at_least_the_body_and_says_where_it_is_from(provider):
    assert PACKS[provider].grade in ("full", "body")
    assert PACKS[provider].source.startswith("https://")


@pytest.mark.anyio
@pytest.mark.parametrize("provider", PACKS)
async def test_a_signed_delivery_is_taken_and_another_one_is_not(provider, monkeypatch):
    key, other = key_for(provider), key_for(provider)
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    clock = VirtualClock()
    receiver = Receiver(
        provider, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock, url=URL
    )
    payload = {"id": "evt_1", "type": "order.paid", "event": "open", "MessageStatus": "sent"}
    async with receiver.lifespan():
        for secret, status in ((key.signing, 200), (other.signing, 401)):
            headers, body = signed(provider, payload, secret=secret, now=clock.time(), url=URL)
            assert (await receiver.deliver("POST", URL, headers, body)).status == status


def test_what_cannot_be_verified_is_refused_with_a_way_out(monkeypatch):
    reason = UnsignedFact(
        reason_en="No delivery is signed.",
        reason_fr="Aucune livraison n'est signée.",
        alternative_en="read the payment again when its id comes in.",
        alternative_fr="relisez le paiement quand son id arrive.",
    )
    stripe = packs()["stripe"]
    silent = msgspec.structs.replace(stripe, signature={})
    unsigned = msgspec.structs.replace(stripe, signature={}, unsigned=reason)
    monkeypatch.setattr("noctule.providers.pack", {"silent": silent, "unsigned": unsigned}.get)
    with pytest.raises(Refused, match=r"No delivery is signed\. Instead: read the payment again"):
        Receiver("unsigned", secrets=["HOOK_SECRET"])
    with pytest.raises(Refused, match=r"no signed webhooks are known\. Instead: "):
        Receiver("silent", secrets=["HOOK_SECRET"])


def test_an_unknown_provider_is_said():
    with pytest.raises(LookupError, match="nobody"):
        Receiver("nobody", secrets=["HOOK_SECRET"])
