"""Redacted copies for display and search, and deletion of old bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.redactor import MARGIN, Redactor
from noctule.webhooks.processing.maintenance import (
    STEP_BYTES,
    Maintenance,
    copy_of,
    retention_days,
)
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import EventQuery
from noctule.webhooks.store.queries import search_phrase, words_of
from support.webhook_samples import samples

pytestmark = pytest.mark.anyio
CARD = "4242 4242 4242 4242"
TOKEN = "sk_live_" + "a1B2" * 6


async def keep(provider) -> None:
    upkeep = Maintenance(provider.receiver.inbox, provider.clock)
    while await upkeep.step():
        pass


async def test_events_are_found_by_words_of_their_bodies(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "a", "name": "Ada Lovelace", "city": "Zürich"})
        await stripe.sends({"id": "evt_2", "type": "b", "name": "Grace Hopper", "order": "ord_77a"})
        await keep(stripe)

    def found(text, **more):
        return [event.id for event in store.find(EventQuery(text=text, **more))]

    assert found("lovelace") == ["evt_1"]
    assert found("LOVELACE zurich") == ["evt_1"]
    assert found("ord_77a") == ["evt_2"]
    assert found("ord 77") == []
    assert found("name") == ["evt_2", "evt_1"]
    assert found("name", oldest_first=True) == ["evt_1", "evt_2"]
    assert found("name", type="a") == ["evt_1"]
    assert found("name", limit=1) == ["evt_2"]
    assert found("lovelace hopper") == []
    for odd in ('"', "AND", "NEAR(", "a* OR b", "'; --", "-", "\0", "𝔸"):
        assert found(odd) == [] or "evt_1" in found(odd)


async def test_no_credential_and_no_card_is_in_a_copy(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t", "card": CARD, "key": TOKEN, "n": "kept"})
        await keep(stripe)
    copy = store.copy_of(1)
    assert "kept" in copy
    assert CARD not in copy
    assert TOKEN not in copy
    assert store.find(EventQuery(text="4242")) == []
    assert store.find(EventQuery(text=TOKEN)) == []


@pytest.mark.parametrize(
    ("body", "copy"),
    [
        (rb'{"n": "Z\u00fcrich \ud83d\ude00 a\/b"}', '{"n": "Zürich 😀 a/b"}'),
        (rb'{"n": "\u0034242 4242 4242 4242"}', '{"n": "[redacted]"}'),
        (rb"{\u0022token\u0022: \u0022abc\u0022}", r"{\"token\": \"[redacted]\"}"),
        (rb'{"n": "a\\u0041 \u000a \u005c \ud83d x"}', '{"n": "a\\\\u0041 \\n \\\\ � x"}'),
        (rb"no JSON \u0041", "no JSON A"),
    ],
)
def test_escapes_hide_nothing_from_redaction(body, copy):
    assert (
        copy_of(WebhookRequest("POST", "https://x", {"content-type": "text/plain"}, body)) == copy
    )


def test_escapes_in_a_form_hide_nothing():
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = b"payload=%7B%22token%22%3A%22%5Cu0061bc%22%7D+%C3%A9"
    shown = copy_of(WebhookRequest("POST", "https://x", headers, body))
    assert shown == 'payload={"token":"[redacted]"} é'


async def test_one_step_copies_few_bytes(provider_of, store, monkeypatch):
    """What a stranger writes is redacted in small pieces: new deliveries never wait long."""
    steps: list[int] = []
    redacted = Redactor.text

    def watched(self, text):
        steps[-1] += len(text)
        return redacted(self, text)

    monkeypatch.setattr(Redactor, "text", watched)
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for number in range(12):
            text = "4-eyJhbGciOi" * (60_000 if number == 5 else 1_600)
            await stripe.sends({"id": f"evt_{number}", "type": "t", "text": text})
        upkeep = Maintenance(stripe.receiver.inbox, stripe.clock)
        steps.append(0)
        while await upkeep.step():
            steps.append(0)
    deliveries = [event.delivery for event in store.find(EventQuery())]
    assert [bool(store.copy_of(number)) for number in deliveries] == [True] * 12
    assert max(steps) <= STEP_BYTES + MARGIN
    assert sum(count > 0 for count in steps) >= 5


async def test_bodies_and_copies_are_deleted_after_their_time(provider_of, store, monkeypatch):
    monkeypatch.setenv("NOCTULE_INBOX_KEEP", "7")
    stripe = provider_of("stripe", work=False)
    stripe.receiver.on("*")(lambda event: None)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t", "name": "Ada"})
        await stripe.receiver.drain()
        await keep(stripe)
        assert store.get(1).request is not None
        stripe.clock.advance(8 * 86400)
        await stripe.sends({"id": "evt_2", "type": "t", "name": "Grace"})
        await keep(stripe)
    assert store.get(1).request is None
    assert store.copy_of(1) is None
    assert store.find(EventQuery(text="ada")) == []
    assert [event.id for event in store.find(EventQuery(text="grace"))] == ["evt_2"]


async def test_copies_can_be_turned_off(provider_of, store, monkeypatch):
    monkeypatch.setenv("NOCTULE_INBOX_COPY", "off")
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t"})
        await keep(stripe)
    assert store.copy_of(1) is None


async def test_maintenance_yields_to_deliveries(provider_of):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t"})
        stripe.receiver.inbox._rows = 1
        assert not await Maintenance(stripe.receiver.inbox, stripe.clock).step()
        stripe.receiver.inbox._rows = 0


def test_the_time_to_keep_is_a_number_of_days(monkeypatch):
    for text, days in (("", 30), ("7", 7), ("0.5", 0.5), ("0", float("inf"))):
        monkeypatch.setenv("NOCTULE_INBOX_KEEP", text)
        assert retention_days() == days
    for text in ("forever", "-1", "nan", "inf"):
        monkeypatch.setenv("NOCTULE_INBOX_KEEP", text)
        with pytest.raises(ConfigurationError, match="NOCTULE_INBOX_KEEP"):
            retention_days()


@samples
@given(st.text())
def test_a_search_phrase_is_only_words_and_quotes(text):
    assert set(search_phrase(text)) - {'"', " "} <= set(words_of(text)) | {""}


async def test_many_deliveries_postpone_maintenance(provider_of, store, monkeypatch):
    monkeypatch.setattr("noctule.webhooks.processing.maintenance.PAUSE", 0)
    monkeypatch.setattr("noctule.webhooks.processing.maintenance.BUSY", 0)
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t"})
        for _ in range(20):
            await stripe.receiver.inbox.call(lambda _: None)
        assert store.copy_of(1) is None
        monkeypatch.setattr("noctule.webhooks.processing.maintenance.BUSY", 1)
        while store.copy_of(1) is None:
            await stripe.receiver.inbox.call(lambda _: None)
