"""Every pack verifies what its provider signs, or is refused with its reason."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from noctule.checks.gates import refuse_webhooks, unsigned
from noctule.codegen.build.webhooks import _verifiable
from noctule.problem import Exit, Problem
from noctule.providers import packs
from noctule.runtime.testing import VirtualClock
from noctule.webhooks import (
    Inbox,
    Reason,
    Receiver,
    Refused,
    Scheme,
    WebhookRequest,
    scheme_of,
    verify,
)
from noctule.webhooks.signing.sign import compose, new_key
from noctule.webhooks.testing import publish, signed
from support.webhook_samples import NOW, PACKS, SETTING, URL, payload_for, ready

REFUSED = sorted(name for name, pack in packs().items() if pack.unsigned)
PARTIAL = {"adyen", "dropbox-sign", "mailgun", "monday", "paypal", "re-zip"}


def test_at_least_sixty_providers_sign_and_others_are_refused():
    assert {"github", "sendgrid", "slack", "stripe", "twilio"} <= PACKS.keys()
    assert len(PACKS) >= 60
    assert {"gitlab-token", "mollie-classic", "cloudflare", "telegram", "brevo", "postmark"} <= set(
        REFUSED
    )


@pytest.mark.parametrize("provider", PACKS)
def test_schemes_cover_the_body_with_known_exceptions(provider):
    scheme = PACKS[provider]
    assert (scheme.coverage == "partial") is (provider in PARTIAL)
    assert scheme.coverage in ("full", "body", "partial")
    assert scheme.documentation.startswith("https://")


@pytest.mark.anyio
@pytest.mark.parametrize("provider", PACKS)
async def test_a_delivery_with_the_key_is_accepted_and_without_it_rejected(provider, monkeypatch):
    scheme = ready(PACKS[provider])
    key, other = new_key(scheme), new_key(scheme)
    publish(scheme, key)
    monkeypatch.setenv("HOOK_SECRET", key.secret)
    for name in scheme.settings.values():
        monkeypatch.setenv(name, SETTING)
    clock = VirtualClock()
    receiver = Receiver(
        scheme, secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"), clock=clock, url=URL
    )
    payload = payload_for(scheme)
    async with receiver.lifespan():
        headers, body = signed(scheme, payload, secret=key.signing, now=clock.time(), url=URL)
        accepted = await receiver.deliver("POST", URL, headers, body)
        headers, body = signed(scheme, payload, secret=other.signing, now=clock.time(), url=URL)
        forged = await receiver.deliver("POST", URL, headers, body)
    assert (accepted.status, accepted.reason) == (200, None)
    if scheme.reply:
        assert accepted.body == scheme.reply.encode()
    assert (forged.status, forged.reason) == (401, Reason.MISMATCH)


@pytest.mark.parametrize("provider", REFUSED)
class TestWhatSignsNothingIsRefusedFourTimes:
    def test_when_it_is_planned(self, provider):
        pack = packs()[provider]
        for language in ("en", "fr"):
            refusal = unsigned(pack, pack.name, language)
            problem = refuse_webhooks(pack.name, refusal)
            assert problem.exit is Exit.REFUSED
            fact = pack.unsigned
            assert refusal.reason == (fact.reason_fr if language == "fr" else fact.reason_en)
            assert refusal.alternative in problem.cause(language) + problem.next_step(language)

    def test_when_it_is_generated(self, provider):
        with pytest.raises(Problem) as caught:
            _verifiable(provider)
        assert (caught.value.key, caught.value.exit) == ("codegen.unverifiable", Exit.REFUSED)

    def test_when_a_receiver_starts(self, provider):
        with pytest.raises(Refused, match="Instead: "):
            Receiver(provider, secrets=["HOOK_SECRET"])
        with pytest.raises(Refused, match="not signed"):
            Receiver(Scheme.parse({"algorithm": "static"}, provider), secrets=["HOOK_SECRET"])

    def test_when_a_delivery_comes(self, provider):
        request = WebhookRequest("POST", URL, {"content-type": "application/json"}, b"{}")
        for algorithm in ("static", "none"):
            scheme = Scheme.parse({"algorithm": algorithm}, provider)
            with pytest.raises(Refused, match="not signed"):
                verify(scheme, request, ["secret"], NOW)


def test_no_setting_of_a_scheme_makes_a_verifier_that_accepts_anything():
    request = WebhookRequest("POST", URL, {"content-type": "application/json"}, b"{}")
    stripe = scheme_of("stripe")
    for algorithm in ("static", "none"):
        with pytest.raises(Refused):
            verify(replace(stripe, algorithm=algorithm), request, ["secret"], NOW)
    with pytest.raises(ValueError, match="at least one secret"):
        verify(stripe, request, [], NOW)


def test_a_pack_without_a_signature_is_refused(monkeypatch):
    silent = msgspec.structs.replace(packs()["stripe"], signature={})
    monkeypatch.setattr("noctule.providers.pack", {"silent": silent}.get)
    with pytest.raises(Refused, match=r"no signed webhooks are known\. Instead: "):
        Receiver("silent", secrets=["HOOK_SECRET"])


def test_an_unknown_provider_is_named():
    with pytest.raises(LookupError, match="nobody"):
        Receiver("nobody", secrets=["HOOK_SECRET"])


@pytest.mark.parametrize("provider", PACKS)
def test_only_headers_of_the_scheme_are_stored(provider):
    scheme = PACKS[provider]
    headers, _ = compose(scheme, payload_for(scheme), new_key(scheme).signing, now=NOW, url=URL)
    kept = {name for name in headers if scheme.stores_header(name.encode())}
    assert kept == set(headers)
    assert not scheme.stores_header(b"cookie")
    assert scheme.stores_header(b"authorization") is (provider == "monday")
