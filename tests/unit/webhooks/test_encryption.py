"""Encrypted bodies: nothing readable in the file, rotation, and bodies bound to deliveries."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from noctule.webhooks import InboxError, InvalidSecret
from noctule.webhooks.processing.inbox import open_store
from noctule.webhooks.store.base import EventQuery
from noctule.webhooks.store.encryption import BodyCipher

pytestmark = pytest.mark.anyio
ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
EVENT = {"id": "evt_1", "type": "t", "customer": "Ada Lovelace"}


@pytest.fixture
def keys(monkeypatch):
    def put(key: str, old: str = "") -> None:
        monkeypatch.setenv("NOCTULE_INBOX_KEY", key)
        monkeypatch.setenv("NOCTULE_INBOX_KEY_OLD", old)

    return put


async def _take(provider_of, event=EVENT):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        assert (await stripe.sends(event)).outcome == "accepted"


async def test_stored_bodies_are_encrypted_and_handled_in_plain(provider_of, keys, inbox_place):
    keys(ONE)
    seen = []
    stripe = provider_of("stripe", work=False)
    stripe.receiver.on("*")(lambda event: seen.append(event.data))
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        files = [path.read_bytes() for path in Path(inbox_place).parent.iterdir()]
        await stripe.receiver.drain()
    assert seen == [EVENT]
    assert not any(b"Lovelace" in data for data in files)


async def test_a_key_is_rotated_without_losing_anything(provider_of, keys, inbox_place):
    await _take(provider_of)
    keys(ONE)
    await _take(provider_of, {"id": "evt_2", "type": "t"})
    keys(TWO, ONE)
    store = open_store(inbox_place)
    after = 0
    while after is not None:
        after = store.reencrypt(after, 1)
    store.close()
    keys(TWO)
    store = open_store(inbox_place)
    assert [b"evt_" in event.request.body for event in store.find(EventQuery())] == [True, True]
    store.close()


async def test_an_inbox_with_a_missing_key_is_refused_by_name(provider_of, keys, inbox_place):
    keys(ONE)
    await _take(provider_of)
    name = BodyCipher([base64.b64decode(ONE)]).name
    for key in ("", TWO):
        keys(key)
        with pytest.raises(InboxError, match=f"encrypted with the key {name}") as error:
            open_store(inbox_place)
        assert ONE not in str(error.value)


async def test_an_encrypted_body_cannot_be_moved_or_changed(provider_of, keys, inbox_place):
    keys(ONE)
    await _take(provider_of)
    await _take(provider_of, {"id": "evt_2", "type": "t"})
    store = open_store(inbox_place)
    store.run(
        "UPDATE noctule_delivery SET body = (SELECT body FROM noctule_delivery WHERE seq = 1)"
        " WHERE seq = 2"
    )
    with pytest.raises(InboxError, match="delivery 2 was changed"):
        store.get(2)
    assert store.get(1).request is not None
    store.close()


@pytest.mark.parametrize("key", ["short", "not base64!", f"{ONE} {TWO}"])
def test_a_wrong_inbox_key_is_refused_without_quoting_it(keys, key, inbox_place):
    keys(key)
    with pytest.raises(InvalidSecret, match="NOCTULE_INBOX_KEY") as error:
        open_store(inbox_place)
    assert key not in str(error.value)
