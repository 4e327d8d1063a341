"""Redacted copies for display and search, and deletion of old bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.runtime.errors import ConfigurationError
from noctule.webhooks.processing.maintenance import Maintenance, retention_days
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
