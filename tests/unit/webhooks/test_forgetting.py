"""What was encrypted or deleted is gone from the files."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from noctule.runtime.clock import SYSTEM
from noctule.webhooks.processing.inbox import Inbox, open_store
from noctule.webhooks.processing.maintenance import Maintenance
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.verification.classify import EventItem
from noctule.webhooks.verification.identity import EventIdentity

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio
NEEDLE = b"lovelace"
KEY = base64.b64encode(bytes(32)).decode()
LENGTHS = st.lists(st.sampled_from([0, 90, 700, 2000, 4000, 4100, 9000, 40_000]), min_size=1)


def _delivery(number: int, length: int) -> Delivery:
    """A delivery that holds the needle, in its body and in the copy that is made of it."""
    body = b'{"customer":"%s%d","note":"%s"}' % (NEEDLE, number, b"x" * length)
    request = WebhookRequest("POST", "", [("content-type", "application/json")], body)
    item = EventItem(f"evt_{number}", "t", EventIdentity(f"id:{number}"), None)
    return Delivery("acme", "acme", request, float(number), None, "KEY", "full", (item,))


def _readable(place: Path) -> list[str]:
    """The files of the inbox that hold the needle."""
    return [path.name for path in place.parent.iterdir() if NEEDLE in path.read_bytes()]


async def _maintain(place: Path) -> None:
    inbox = Inbox(place)
    await inbox.open()
    maintenance = Maintenance(inbox, SYSTEM)
    while await maintenance.step():
        pass
    await inbox.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=LENGTHS)
async def test_no_plain_copy_of_an_encrypted_body_remains(tmp_path_factory, lengths):
    place = tmp_path_factory.mktemp("inbox") / "inbox.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOCTULE_INBOX_COPY", "off")
        store = open_store(str(place))
        for number, length in enumerate(lengths, 1):
            store.accept([_delivery(number, length)])
        assert _readable(place)
        patch.setenv("NOCTULE_INBOX_KEY", KEY)
        await _maintain(place)
        assert _readable(place) == []
        store.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=LENGTHS)
async def test_no_copy_and_no_word_of_a_deleted_body_remains(tmp_path_factory, lengths):
    place = tmp_path_factory.mktemp("inbox") / "inbox.db"
    store = open_store(str(place))
    for number, length in enumerate(lengths, 1):
        store.accept([_delivery(number, length)])
    await _maintain(place)  # nothing is settled, so only copies are made
    assert _readable(place)
    for event in store.claim("acme", 1e9, 60, len(lengths)):
        store.settle(event.seq, event.claim, "done")
    await _maintain(place)
    assert _readable(place) == []
    store.close()
