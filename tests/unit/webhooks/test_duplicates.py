"""Duplicates are recognised, and replays of captured deliveries are quarantined."""

from __future__ import annotations

import asyncio

import pytest

from noctule.webhooks import WebhookRequest
from noctule.webhooks.signing.sign import body_of, sign
from noctule.webhooks.store.base import Delivery, EventQuery
from noctule.webhooks.verification.classify import EventItem
from noctule.webhooks.verification.identity import EventIdentity
from support.webhook_samples import SECRET, URL

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


async def test_a_signed_type_tells_events_of_one_id_apart(provider_of):
    """As with a provider that sends an object's id in place of an event's."""
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        types = ["payment.created", "payment.updated", "payment.created"]
        outcomes = [(await stripe.sends(EVENT | {"type": name})).outcome for name in types]
    assert outcomes == ["accepted", "accepted", "duplicate"]


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


def _delivery(at: float, identity: EventIdentity, event_id: str | None = "e", **options):
    request = WebhookRequest("POST", "", {}, b"{}")
    item = EventItem(event_id, "t", identity, **options)
    return Delivery("r", "acme", request, at, None, "KEY", "full", (item,))


def _outcomes(store, *deliveries: Delivery, together: bool = False) -> list[str]:
    """What each becomes, in one commit or in one for each."""
    groups = [deliveries] if together else [[delivery] for delivery in deliveries]
    receipts = [receipt for group in groups for receipt in store.accept(list(group))]
    assert all(
        (receipt.delivery is None) is (receipt.outcomes == ("duplicate",))
        or receipt.outcomes[0] in ("quarantined", "dropped")
        for receipt in receipts
    )
    return [outcome for receipt in receipts for outcome in receipt.outcomes]


@pytest.mark.parametrize("together", [True, False])
class TestKeys:
    """In one commit and in many, the same is decided."""

    def test_the_same_content_is_one_event_for_a_while(self, store, together):
        later_new = EventIdentity("k", window=100.0, later="new")
        deliveries = [_delivery(at, later_new) for at in (0, 100, 101, 150, 201, 202)]
        assert _outcomes(store, *deliveries, together=together) == [
            *("accepted", "duplicate", "accepted", "duplicate", "duplicate", "accepted"),
        ]  # fmt: skip
        copies = [event.copies for event in store.find(EventQuery(oldest_first=True))]
        assert copies == [1, 2, 0]

    def test_afterwards_it_may_be_a_replay(self, store, together):
        doubtful = EventIdentity("k", window=100.0)
        deliveries = [_delivery(at, doubtful) for at in (0, 100, 101, 3000, 3702)]
        assert _outcomes(store, *deliveries, together=together) == [
            *("accepted", "duplicate", "quarantined", "quarantined", "quarantined"),
        ]  # fmt: skip
        events = store.find(EventQuery(oldest_first=True))
        assert [(event.state, event.copies) for event in events] == [
            ("pending", 1),
            ("quarantined", 1),
            ("quarantined", 0),
        ]

    def test_a_delivery_that_is_late_is_still_compared(self, store, together):
        never = EventIdentity("k", window=float("-inf"))
        deliveries = [_delivery(at, never) for at in (1000, 10)]
        assert _outcomes(store, *deliveries, together=together) == ["accepted", "quarantined"]

    def test_an_absent_id_equals_no_other(self, store, together):
        by_id = EventIdentity("k", window=float("-inf"), same_id=True)
        ids = [None, None, "a", None]
        deliveries = [_delivery(0, by_id, event_id) for event_id in ids]
        assert _outcomes(store, *deliveries, together=together) == ["accepted"] + 3 * [
            "quarantined"
        ]

    def test_repeats_that_nothing_tells_apart_are_each_handled(self, store, together):
        nothing = EventIdentity("k", window=float("-inf"))
        deliveries = [_delivery(at, nothing, None, on_repeat="handle") for at in (0, 1, 2)]
        outcomes = _outcomes(store, *deliveries, together=together)
        assert outcomes == ["accepted", "repeated", "repeated"]
        assert {event.state for event in store.find(EventQuery())} == {"pending"}

    def test_a_twin_shows_the_same_event_under_another_key(self, store, together):
        def attempt(at: float, key: str, twin: str) -> Delivery:
            return _delivery(at, EventIdentity(key, twin, float("-inf"), remembered=1000.0))

        outcomes = _outcomes(
            store,
            attempt(0, "time-1", "id-1"),
            attempt(1, "time-1", "id-1"),
            attempt(500, "time-2", "id-1"),  # signed again
            attempt(501, "time-2", "forged"),  # replayed under another id
            attempt(502, "time-3", "id-3"),  # another event
            attempt(1000, "time-4", "id-1"),
            attempt(1001, "time-5", "id-1"),  # so late that the twin is forgotten
            attempt(1002, "time-5", "id-1"),
            together=together,
        )
        assert outcomes == [
            *("accepted", "duplicate", "duplicate", "quarantined", "accepted"),
            *("duplicate", "accepted", "duplicate"),
        ]  # fmt: skip
        events = store.find(EventQuery(oldest_first=True))
        assert [event.copies for event in events] == [3, 0, 0, 1]

    def test_a_time_that_is_new_shows_that_a_quarantined_event_was_genuine(self, store, together):
        def attempt(at: float, key: str, twin: str) -> Delivery:
            return _delivery(at, EventIdentity(key, twin, float("-inf"), remembered=1000.0))

        outcomes = _outcomes(
            store,
            attempt(0, "time-1", "id-1"),
            attempt(0, "time-1", "id-2"),  # of the same second, or a replay
            attempt(1, "time-1", "id-2"),
            attempt(2, "time-2", "id-2"),  # a retry of it, signed again
            attempt(3, "time-1", "id-2"),
            together=together,
        )
        assert outcomes == ["accepted", "quarantined", "quarantined", "accepted", "duplicate"]

    def test_a_handled_repeat_is_remembered_by_its_id(self, store, together):
        by_id = EventIdentity("k", window=float("-inf"), same_id=True)
        deliveries = [_delivery(0, by_id, event_id, on_repeat="handle") for event_id in "abba"]
        outcomes = _outcomes(store, *deliveries, together=together)
        assert outcomes == ["accepted", "repeated", "duplicate", "duplicate"]
        copies = [event.copies for event in store.find(EventQuery(oldest_first=True))]
        assert copies == [1, 1]

    def test_a_handled_repeat_is_remembered_by_its_twin(self, store, together):
        def attempt(at: float, key: str, twin: str) -> Delivery:
            identity = EventIdentity(key, twin, float("-inf"), remembered=1000.0)
            return _delivery(at, identity, on_repeat="handle")

        outcomes = _outcomes(
            store,
            attempt(0, "time-1", "id-1"),
            attempt(0, "time-1", "id-2"),  # another event of the same second
            attempt(9, "time-2", "id-2"),  # its retry
            attempt(9, "time-1", "id-2"),
            attempt(9, "time-3", "id-1"),
            together=together,
        )
        assert outcomes == ["accepted", "repeated", "duplicate", "duplicate", "duplicate"]
        copies = [event.copies for event in store.find(EventQuery(oldest_first=True))]
        assert copies == [1, 2]

    def test_a_bell_is_merged_until_it_is_claimed(self, store, together):
        bell = EventIdentity("hint:k")
        deliveries = [_delivery(at, bell, None) for at in (0, 1)]
        assert _outcomes(store, *deliveries, together=together) == ["accepted", "duplicate"]
        [claimed] = store.claim("r", 10, 60, 8)
        assert claimed.copies == 1
        assert _outcomes(store, _delivery(11, bell, None)) == ["accepted"]


def test_aliases_are_forgotten_when_they_have_ended(store):
    identity = EventIdentity("k", "twin", float("-inf"), remembered=100.0)
    store.accept([_delivery(0, identity)])
    assert _outcomes(store, _delivery(50, identity)) == ["duplicate"]  # it adds none
    for before, left in ((100, 1), (101, 0)):
        store.prune(before)
        assert store.run("SELECT count(*) FROM noctule_alias") == [(left,)]


async def test_a_longer_id_is_not_cut_to_an_equal_one(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        for ending in ("1", "2"):
            event = {"id": "e" * 600 + ending, "type": "t"}
            assert (await stripe.sends(event)).outcome == "accepted"
            assert (await stripe.sends(event)).outcome == "duplicate"
        assert {len(event.id) for event in await stripe.events()} == {512}


async def test_an_id_without_its_header_is_no_way_around_it(provider_of):
    """Whoever leaves the unsigned id out must not be judged by another ground."""
    linear = provider_of("linear")
    body = {"action": "create", "type": "Issue", "data": {"id": "u1"}, "webhookTimestamp": 0}
    body["webhookTimestamp"] = int(linear.clock.time() * 1000)
    async with linear.receiver.lifespan():
        assert (await linear.sends(body, id="d1")).outcome == "accepted"
        raw = body_of(linear.receiver.scheme, body)
        headers = sign(linear.receiver.scheme, raw, SECRET, now=linear.clock.time(), id="d1")
        del headers["linear-delivery"]
        answer = await linear.receiver.deliver("POST", URL, headers, raw)
        assert answer.outcome == "quarantined"
