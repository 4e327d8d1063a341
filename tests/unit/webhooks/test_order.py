"""Events of one object are processed one at a time, in order, never back to an older version."""

from __future__ import annotations

import asyncio

import pytest

from noctule.webhooks import PermanentFailure
from noctule.webhooks.store.schema import completion

pytestmark = pytest.mark.anyio


def change(number: int, *, subject: str = "in_1", created: int | None = None) -> dict:
    return {
        "id": f"evt_{number}",
        "type": "invoice.updated",
        "created": number if created is None else created,
        "data": {"object": {"id": subject}},
    }


async def test_events_of_one_object_are_processed_in_order_and_one_at_a_time(provider_of):
    stripe = provider_of("stripe", work=False)
    seen, inside = [], set()

    @stripe.receiver.on("*")
    async def handle(event):
        assert event.subject not in inside
        inside.add(event.subject)
        await asyncio.sleep(0)
        seen.append((event.subject, event.id))
        inside.remove(event.subject)

    async with stripe.receiver.lifespan():
        for number in range(30):
            await stripe.sends(change(number, subject=f"in_{number % 3}"))
        await stripe.receiver.drain()
    for subject in ("in_0", "in_1", "in_2"):
        ids = [int(name[4:]) for about, name in seen if about == subject]
        assert ids == sorted(ids)
        assert len(ids) == 10


async def test_a_failing_event_blocks_its_own_object_only(provider_of):
    stripe = provider_of("stripe", work=False)
    seen = []

    @stripe.receiver.on("*")
    async def handle(event):
        if event.id == "evt_1" and event.attempt == 1:
            raise RuntimeError
        seen.append(event.id)

    async with stripe.receiver.lifespan():
        await stripe.sends(change(1))
        await stripe.sends(change(2))
        await stripe.sends(change(3, subject="in_other"))
        await stripe.receiver.drain()
        assert seen == ["evt_3"]
        stripe.clock.advance(10)
        await stripe.receiver.drain()
    assert seen == ["evt_3", "evt_1", "evt_2"]


async def test_a_dead_event_does_not_block_later_ones(provider_of):
    stripe = provider_of("stripe", work=False)
    seen = []

    @stripe.receiver.on("*")
    async def handle(event):
        if event.id == "evt_1":
            raise PermanentFailure("poison")
        seen.append(event.id)

    async with stripe.receiver.lifespan():
        await stripe.sends(change(1))
        await stripe.sends(change(2))
        await stripe.receiver.drain()
    assert seen == ["evt_2"]


async def test_a_blocked_event_does_not_keep_the_worker_awake(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends(change(1))
        await stripe.sends(change(2))
        now = stripe.clock.time()
        [first] = store.claim("stripe", now, 60, 8)
        assert store.claim("stripe", now, 60, 8) == []
        assert store.next_due("stripe") == now + 60
        store.settle(first.seq, 1, "done")
        assert [event.id for event in store.claim("stripe", now, 60, 8)] == ["evt_2"]


async def test_an_older_version_after_a_newer_one_is_superseded(provider_of):
    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append((event.id, event.superseded)))
    async with stripe.receiver.lifespan():
        for number, created in ((1, 100), (2, 300), (3, 200), (4, 300)):
            await stripe.sends(change(number, created=created))
            await stripe.receiver.drain()
    assert seen == [("evt_1", False), ("evt_2", False), ("evt_3", True), ("evt_4", False)]


async def test_a_handler_can_skip_older_versions(provider_of):
    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*", latest_only=True)(lambda event: seen.append(event.id))
    async with stripe.receiver.lifespan():
        for number, created in ((1, 300), (2, 200)):
            await stripe.sends(change(number, created=created))
            await stripe.receiver.drain()
        [late, _] = await stripe.events()
    assert seen == ["evt_1"]
    assert (late.state, late.reason) == ("done", "superseded by a newer version")


async def test_events_without_a_subject_are_not_ordered(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for number in range(5):
            await stripe.sends({"id": f"evt_{number}", "type": "t"})
        assert len(store.claim("stripe", stripe.clock.time(), 60, 8)) == 5


async def test_a_replay_in_between_does_not_let_a_late_worker_settle(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "evt_1", "type": "t"})
    now = stripe.clock.time()
    [late] = store.claim("stripe", now, 60, 8)
    [second] = store.claim("stripe", now + 61, 60, 8)  # the first lease is over
    assert store.settle(second.seq, second.claim, "dead", reason="failed")
    store.requeue({second.seq: now + 62})
    [third] = store.claim("stripe", now + 63, 60, 8)
    assert (late.attempts, third.attempts) == (1, 1)
    assert not store.settle(late.seq, late.claim, "done")
    store.run(completion(late.seq, late.claim))
    assert store.get(late.seq).state == "leased"
    assert store.settle(third.seq, third.claim, "pending", reason="again", due=now + 70)
    [fourth] = store.claim("stripe", now + 70, 60, 8)
    assert fourth.attempts == 2
    assert late.claim < second.claim < third.claim < fourth.claim
