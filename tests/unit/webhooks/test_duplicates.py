"""Duplicates are recognised, and replays of captured deliveries are quarantined."""

from __future__ import annotations

import asyncio

import pytest

from noctule.webhooks import WebhookRequest
from noctule.webhooks.store.base import Delivery, EventQuery
from noctule.webhooks.verification.classify import EventItem
from noctule.webhooks.verification.identity import EventIdentity

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "t"}


async def test_a_signed_id_decides_even_if_the_rest_has_changed(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        assert (await stripe.sends(EVENT)).outcome == "accepted"
        stripe.clock.advance(4 * 86400)
        again = await stripe.sends(EVENT | {"pending_webhooks": 1})
        assert (again.status, again.outcome) == (200, "duplicate")
        [event] = await stripe.events()
        assert event.copies == 1


async def test_an_unsigned_id_cannot_make_a_captured_body_new(provider_of):
    github = provider_of("github")
    seen = []
    github.receiver.on("*")(lambda event: seen.append(event.id))
    body = {"action": "opened", "number": 1}
    async with github.receiver.lifespan():
        assert (await github.sends(body, id="guid-1", type="issues")).outcome == "accepted"
        assert (await github.sends(body, id="guid-1", type="issues")).outcome == "duplicate"
        github.clock.advance(400 * 86400)
        for forged in ("guid-2", "guid-3"):
            attack = await github.sends(body, id=forged, type="issues")
            assert (attack.status, attack.outcome) == (200, "quarantined")
        await github.receiver.drain()
        quarantined, genuine = await github.events()
        assert (quarantined.state, quarantined.copies, quarantined.id) == (
            "quarantined",
            1,
            "guid-2",
        )
        assert (genuine.state, genuine.copies) == ("done", 1)
    assert seen == ["guid-1"]


async def test_an_unsigned_id_cannot_suppress_a_genuine_event(provider_of):
    github = provider_of("github")
    async with github.receiver.lifespan():
        await github.sends({"number": 1}, id="guid-1", type="issues")
        await github.sends({"number": 1}, id="guid-2", type="issues")
        genuine = await github.sends({"number": 2}, id="guid-2", type="issues")
        assert genuine.outcome == "accepted"


async def test_without_an_id_the_content_counts_for_three_days(provider_of):
    slack = provider_of("slack")
    body = {"type": "block_actions", "n": 1}
    async with slack.receiver.lifespan():
        assert (await slack.sends(body)).outcome == "accepted"
        slack.clock.advance(71 * 3600)
        assert (await slack.sends(body)).outcome == "duplicate"
        slack.clock.advance(2 * 3600)
        assert (await slack.sends(body)).outcome == "accepted"
        assert (await slack.sends(body)).outcome == "duplicate"


async def test_a_form_in_another_spelling_is_a_duplicate(provider_of):
    twilio = provider_of("twilio")
    async with twilio.receiver.lifespan():
        first = b"MessageSid=SM1&MessageStatus=sent&From=%2B331"
        assert (await twilio.sends(body=first)).outcome == "accepted"
        respelt = b"From=%2b331&MessageStatus=sent&MessageSid=SM1"
        assert (await twilio.sends(body=respelt)).outcome == "duplicate"
        resplit = b"From=%2B331&MessageSidSM1MessageStatus=sent"
        assert (await twilio.sends(body=resplit)).outcome == "quarantined"


async def test_routes_do_not_share_ids(provider_of):
    live = provider_of("stripe", route="stripe-live")
    test = provider_of("stripe", route="stripe-test", inbox=live.receiver.inbox)
    async with live.receiver.lifespan(), test.receiver.lifespan():
        assert (await live.sends(EVENT)).outcome == "accepted"
        assert (await test.sends(EVENT)).outcome == "accepted"


async def test_of_64_copies_at_once_one_is_processed(provider_of):
    stripe = provider_of("stripe")
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.id))
    async with stripe.receiver.lifespan():
        answers = await asyncio.gather(*(stripe.sends(EVENT) for _ in range(64)))
        await stripe.receiver.drain()
    assert {answer.status for answer in answers} == {200}
    assert [answer.outcome for answer in answers].count("accepted") == 1
    assert seen == ["evt_1"]


def test_each_copy_is_counted_once_in_one_commit_and_later(store):
    request = WebhookRequest("POST", "", {}, b"{}")
    items = (EventItem("guid-1", "issues", EventIdentity("content:1", same_id=True)),)
    delivery = Delivery("github", "github", request, 1.0, None, "KEY", "body", items)
    deliveries = [delivery] * 3
    outcomes = [receipt.outcomes for receipt in store.accept(deliveries)]
    assert outcomes == [("accepted",), ("duplicate",), ("duplicate",)]
    [event] = store.find(EventQuery(id="guid-1"))
    assert event.copies == 2
    store.accept(deliveries)
    assert store.get(event.seq).copies == 5
