"""Show, replay and trigger events, and list rejections."""

from __future__ import annotations

import pytest

from noctule.webhooks.errors import InboxError
from noctule.webhooks.operations.admin import replay, show, trigger
from noctule.webhooks.operations.bulk_replay import interrupted, replay_all
from noctule.webhooks.store.base import EventQuery, RejectedDelivery
from support.webhook_samples import SCHEMES, SECRET, URL

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "invoice.paid"}


def _scheme(provider):
    return SCHEMES[provider]


async def test_show_masks_credentials_and_cards(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT | {"card": "4242 4242 4242 4242", "key": "sk_live_" + "a1B2" * 6})
    [event] = store.find(EventQuery())
    shown = show(event)
    assert '"evt_1"' in shown.body
    assert "4242 4242" not in shown.body
    assert "a1B2" not in shown.body
    assert store.get(event.seq).id == "evt_1"
    assert store.get(99) is None


async def test_replay_verifies_as_of_the_time_received(provider_of, store):
    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.id))
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        stripe.clock.advance(30 * 86400)
        now = stripe.clock.time()
        done = store.find(EventQuery())
        assert replay(store, done, now=now, dry_run=True, scheme=_scheme) == {1: "queued"}
        await stripe.receiver.drain()
        assert seen == ["evt_1"]
        assert replay(store, done, now=now, scheme=_scheme) == {1: "queued"}
        await stripe.receiver.drain()
        assert seen == ["evt_1", "evt_1"]


async def test_events_that_cannot_be_replayed_are_left_alone(provider_of, store, monkeypatch):
    stripe = provider_of("stripe", work=False)
    stripe.receiver.on("*")(lambda event: None)
    async with stripe.receiver.lifespan():
        for n in range(4):
            await stripe.sends({"id": f"evt_{n}", "type": "t"})
        await stripe.receiver.drain()
        await stripe.sends({"id": "evt_waits", "type": "t"})
        store.run("UPDATE noctule_delivery SET body = :b WHERE seq = 2", {"b": b"{}"})
        store.run("UPDATE noctule_delivery SET body = NULL WHERE seq = 3")
        store.run("UPDATE noctule_delivery SET key = 'UNSET_SECRET' WHERE seq = 4")
        outcomes = replay(store, store.find(EventQuery()), now=0.0, scheme=_scheme)
    assert outcomes == {1: "queued", 2: "not_genuine", 3: "pruned", 4: "no_secret", 5: "waiting"}


async def test_an_event_that_failed_is_tried_now_instead_of_hours_later(provider_of, store):
    stripe = provider_of("stripe")
    broken = [True]

    @stripe.receiver.on("*")
    def handler(event):
        if broken:
            raise KeyError(event.id)

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        for _ in range(4):
            await stripe.receiver.drain()
            stripe.clock.advance(300)
        broken.clear()
        now = stripe.clock.time()
        await stripe.receiver.drain()
        [waits] = store.find(EventQuery())
        assert (waits.state, waits.due > now) == ("pending", True)
        assert replay(store, [waits], now=now, scheme=_scheme) == {1: "queued"}
        await stripe.receiver.drain()
    [done] = store.find(EventQuery())
    assert (done.state, done.traceback) == ("done", "")


async def test_a_replay_is_spread_over_time(provider_of, store):
    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.id))
    async with stripe.receiver.lifespan():
        for n in range(10):
            await stripe.sends({"id": f"evt_{n}", "type": "t"})
        await stripe.receiver.drain()
        seen.clear()
        now = stripe.clock.time()
        replay(store, store.find(EventQuery()), now=now, per_second=2, scheme=_scheme)
        await stripe.receiver.drain()
        assert len(seen) == 1
        stripe.clock.advance(2)
        await stripe.receiver.drain()
        assert len(seen) == 5


class ReplayRun:
    """Ten processed events, and a bulk replay of them that may stop anywhere."""

    def __init__(self, provider, store):
        self.provider = provider
        self.store = store
        self.seen = []
        self.slept = 0.0
        provider.receiver.on("*")(lambda event: self.seen.append(event.seq))

    async def __aenter__(self):
        self.lifespan = self.provider.receiver.lifespan()
        await self.lifespan.__aenter__()
        for n in range(10):
            await self.provider.sends({"id": f"evt_{n}", "type": "t"})
        await self.provider.receiver.drain()
        self.seen.clear()
        return self

    async def __aexit__(self, *error):
        await self.lifespan.__aexit__(*error)

    def sleep(self, seconds):
        self.slept += seconds
        self.provider.clock.advance(seconds)

    def begin(self, query=None, **options):
        return replay_all(
            self.store, query or EventQuery(limit=100), name="all", scheme=_scheme,
            now=self.provider.clock.time, sleep=self.sleep, **options,
        )  # fmt: skip

    def queued(self):
        return [event.seq for event in self.store.find(EventQuery(state="pending", limit=100))][
            ::-1
        ]


@pytest.fixture
def bulk(provider_of, store):
    return ReplayRun(provider_of("stripe", work=False), store)


async def test_a_killed_bulk_replay_resumes(bulk):
    async with bulk:
        killed = bulk.begin(per_second=3)
        assert [next(killed).done for _ in range(3)] == [0, 3, 6]
        killed.close()
        bulk.provider.clock.advance(60)
        await bulk.provider.receiver.drain()
        assert bulk.seen == [1, 2, 3, 4, 5, 6]
        await bulk.provider.sends({"id": "evt_new", "type": "t"})
        assert [page.done for page in bulk.begin()] == [6, 10]
        bulk.provider.clock.advance(60)
        await bulk.provider.receiver.drain()
        assert bulk.seen == [*range(1, 12)]
        assert interrupted(bulk.store, "all") is None
        assert next(bulk.begin()).done == 0


async def test_a_page_and_its_progress_are_committed_together(bulk, monkeypatch):
    def killed(due):
        type(bulk.store).requeue(bulk.store, due)
        raise KeyboardInterrupt

    async with bulk:
        with monkeypatch.context() as patch:
            patch.setattr(bulk.store, "requeue", killed)
            with pytest.raises(KeyboardInterrupt):
                list(bulk.begin())
        assert bulk.queued() == []
        assert [page.done for page in bulk.begin()] == [0, 10]
        assert bulk.queued() == [*range(1, 11)]


async def test_a_rate_holds_across_an_interruption_and_queues_a_second_ahead(bulk):
    async with bulk:
        began = bulk.provider.clock.time()
        killed = bulk.begin(per_second=2)
        for _ in range(3):
            next(killed)
        assert bulk.slept == 1
        *_, last = bulk.begin(per_second=2)
        due = [event.due - began for event in bulk.store.find(EventQuery(limit=100))][::-1]
        assert due == [n / 2 for n in range(10)]
        assert (bulk.slept, last.outcomes) == (4, {"queued": 10})


async def test_two_processes_cannot_run_one_bulk_replay(bulk):
    async with bulk:
        first, second = bulk.begin(per_second=3), bulk.begin(per_second=3)
        next(first), next(second), next(first)
        with pytest.raises(InboxError, match="another process"):
            next(second)
        assert bulk.queued() == [1, 2, 3]


async def test_a_quarantined_event_is_replayed_only_if_asked_for(bulk):
    async with bulk:
        bulk.store.run("UPDATE noctule_event SET state = 'quarantined' WHERE seq = 3")
        *_, last = bulk.begin()
        assert last.outcomes == {"queued": 9, "quarantined": 1}
        assert 3 not in bulk.queued()
        *_, last = bulk.begin(EventQuery(state="quarantined", limit=100))
        assert last.outcomes == {"queued": 1}


async def test_a_dry_run_leaves_no_trace(bulk):
    async with bulk:
        *_, last = bulk.begin(EventQuery(limit=4), dry_run=True, per_second=1)
        assert (last.outcomes, bulk.slept) == ({"queued": 4}, 0)
        assert bulk.queued() == []
        assert interrupted(bulk.store, "all") is None


async def test_events_are_found_by_their_attributes(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for n, kind in enumerate(["invoice.paid", "invoice.voided", "charge.failed"]):
            await stripe.sends({"id": f"evt_{n}", "type": kind})
            stripe.clock.advance(10)
    start = stripe.clock.time() - 30

    def find(**query):
        return [event.id for event in store.find(EventQuery(**query))]

    assert find() == ["evt_2", "evt_1", "evt_0"]
    assert find(type="invoice.*") == ["evt_1", "evt_0"]
    assert find(type="invoice.paid") == ["evt_0"]
    assert find(id="evt_1", state="pending", route="stripe") == ["evt_1"]
    assert find(since=start + 5, until=start + 15) == ["evt_1"]
    assert find(until=start + 15) == ["evt_1", "evt_0"]
    assert find(until=start - 1) == []
    assert find(since=start + 15) == ["evt_2"]
    assert find(limit=1) == ["evt_2"]
    assert find(before=3) == ["evt_1", "evt_0"]
    assert find(state="dead") == find(route="github") == []


async def test_the_overview_says_how_each_route_is_doing(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        first = stripe.clock.time()
        stripe.clock.advance(5)
        await stripe.sends({"id": "evt_2", "type": "t"})
    [overview] = store.overview()
    assert overview.route == "stripe"
    assert overview.states == {"pending": 2}
    assert overview.last_received == stripe.clock.time()
    assert overview.oldest_due == first
    assert overview.keys == {"HOOK_SECRET": stripe.clock.time()}


@pytest.mark.parametrize("name", ["stripe", "github", "twilio"])
async def test_a_triggered_event_is_accepted_like_a_real_one(provider_of, store, name):
    provider = provider_of(name, work=False)
    now = provider.clock.time()
    request = trigger(SCHEMES[name], "order.paid", {"n": 1}, secret=SECRET, url=URL, now=now)
    async with provider.receiver.lifespan():
        answer = await provider.receiver.deliver("POST", URL, request.headers, request.body)
    assert answer.outcome == "accepted"
    [event] = store.find(EventQuery())
    assert event.type == "order.paid"
    assert event.id.startswith("test_")


async def test_rejections_are_kept_with_their_causes_and_without_what_was_sent(provider_of, store):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        for _ in range(5):
            await stripe.sends(EVENT, secret="whsec_other", extra=[("cookie", "hidden")])
        stripe.clock.advance(1)
        await stripe.sends(EVENT, extra=[("stripe-signature", "hidden")])
    doubled, mismatch = store.rejections(10)
    assert (mismatch.route, mismatch.reason) == ("stripe", "signature_mismatch")
    assert mismatch.causes == (("secret_or_body", "secret, body", ""),)
    assert "cookie" in mismatch.names
    assert (doubled.reason, doubled.place) == ("doubled_header", "stripe-signature")
    assert "hidden" not in repr((doubled, mismatch))


def test_only_the_last_rejections_are_kept(store, monkeypatch):
    monkeypatch.setattr("noctule.webhooks.store.queries.KEPT_REJECTIONS", 10)
    for n in range(15):
        store.add_rejection(RejectedDelivery("r", float(n), "stale", "", 0, "", ()))
    assert [rejected.at for rejected in store.rejections(100)] == [
        float(n) for n in range(14, 4, -1)
    ]
