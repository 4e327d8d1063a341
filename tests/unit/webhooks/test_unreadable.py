"""A signed body that holds no event is refused."""

from __future__ import annotations

import pytest

from noctule.webhooks import Inbox, Receiver
from noctule.webhooks.signing.sign import sign
from noctule.webhooks.store.base import EventQuery
from support.webhook_samples import SCHEMES, SECRET, URL

pytestmark = pytest.mark.anyio


@pytest.fixture
def receiver(monkeypatch, clock, inbox_place):
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    receiver = Receiver(
        "stripe", secrets=["STRIPE_WEBHOOK_SECRET"], inbox=Inbox(inbox_place), clock=clock
    )
    receiver.on("*")(lambda event: event.data["id"])
    return receiver


async def answer_to(receiver, clock, body):
    headers = sign(SCHEMES["stripe"], body, SECRET, now=clock.time())
    return await receiver.deliver("POST", URL, headers, body)


@pytest.mark.parametrize(
    "body",
    [b"", b'{"id":"1","type":"a"', b"id=1"],
)
async def test_what_is_no_json_is_refused(receiver, clock, store, body):
    async with receiver.lifespan():
        answer = await answer_to(receiver, clock, body)
    assert (answer.status, answer.reason) == (400, "unparseable")
    assert store.find(EventQuery()) == []
