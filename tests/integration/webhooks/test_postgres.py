"""The other engine keeps the same promises, and those that only many hosts need."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import pytest

from noctule.runtime.testing import VirtualClock
from noctule.webhooks import Inbox, InboxError, Receiver, WebhookRequest
from noctule.webhooks.store.base import Delivery
from noctule.webhooks.store.open import open_store
from noctule.webhooks.store.postgres import PostgresStore
from noctule.webhooks.store.schema import MIGRATIONS
from noctule.webhooks.verification.classify import EventItem
from noctule.webhooks.verification.identity import EventIdentity
from support.delivery_model import FAMILIES, play
from support.webhook_samples import SCHEMES, SECRET, Provider
from tests.unit.webhooks import (
    test_admin,
    test_doctor,
    test_duplicates,
    test_maintenance,
    test_order,
    test_repeats,
    test_worker,
)

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "t"}

# Every test of these files, again, with the fixtures from here.
for module in (
    test_duplicates,
    test_repeats,
    test_admin,
    test_doctor,
    test_order,
    test_maintenance,
    test_worker,
):
    globals().update(
        {n: test for n, test in vars(module).items() if n.startswith(("test_", "Test"))}
    )
bulk = test_admin.bulk
pauses = test_worker.pauses


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def store(postgres_inbox):
    store = PostgresStore(postgres_inbox)
    yield store
    store.close()


@pytest.fixture
def provider_of(monkeypatch, clock, postgres_inbox):
    monkeypatch.setenv("HOOK_SECRET", SECRET)
    monkeypatch.setattr("noctule.webhooks.receiving.admission.ANSWER_SECONDS", 10)

    def make(name, **options):
        options = {"secrets": ["HOOK_SECRET"], "inbox": Inbox(postgres_inbox)} | options
        return Provider(Receiver(SCHEMES[name], clock=clock, **options), clock)

    return make


async def test_of_64_copies_at_two_hosts_one_is_processed(provider_of):
    hosts = [provider_of("stripe"), provider_of("stripe")]
    seen = []
    for host in hosts:
        host.receiver.on("*")(lambda event: seen.append(event.id))
    async with hosts[0].receiver.lifespan(), hosts[1].receiver.lifespan():
        answers = await asyncio.gather(*(hosts[n % 2].sends(EVENT) for n in range(64)))
        for host in hosts:
            await host.receiver.drain()
        [event] = await hosts[0].events()
    assert {answer.status for answer in answers} == {200}
    assert [answer.outcome for answer in answers].count("accepted") == 1
    assert (event.copies, seen) == (63, ["evt_1"])


async def test_two_hosts_storing_the_same_events_in_other_orders_both_answer(provider_of):
    hosts = [provider_of("stripe", work=False), provider_of("stripe", work=False)]
    concurrency = [{"id": f"evt_{n}", "type": "t"} for n in range(100)]
    async with hosts[0].receiver.lifespan(), hosts[1].receiver.lifespan():
        answers = await asyncio.gather(
            *(hosts[0].sends(event) for event in concurrency),
            *(hosts[1].sends(event) for event in reversed(concurrency)),
        )
        events = await hosts[0].events(limit=1000)
    assert {answer.status for answer in answers} == {200}
    assert len(events) == 100
    assert sum(event.copies for event in events) == 100


async def test_workers_on_two_hosts_never_take_the_same_event(provider_of):
    hosts = [provider_of("stripe"), provider_of("stripe")]
    seen = []
    for host in hosts:
        host.receiver.on("*")(lambda event: seen.append(event.id))
    async with hosts[0].receiver.lifespan(), hosts[1].receiver.lifespan():
        for n in range(60):
            await hosts[n % 2].sends({"id": f"evt_{n}", "type": "t"})
        await asyncio.gather(*(host.receiver.drain() for host in hosts))
    assert sorted(seen) == sorted(f"evt_{n}" for n in range(60))


async def test_a_lost_connection_is_503_and_then_restored(provider_of, postgres):
    import psycopg

    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        with psycopg.connect(postgres, autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'noctule'"
            )
        assert (await stripe.sends(EVENT)).status == 503
        assert (await stripe.sends(EVENT)).outcome == "accepted"


def test_commits_wait_for_the_disk_whatever_the_server_s_default(postgres_inbox):
    store = PostgresStore(postgres_inbox)
    assert store.run("SHOW synchronous_commit") == [("on",)]
    store.close()


def test_an_unreachable_server_is_named_without_the_password():
    with pytest.raises(InboxError, match="cannot be reached") as error:
        PostgresStore("postgresql://noctule:hunter22@127.0.0.1:1/none")
    assert "hunter22" not in str(error.value)


def test_an_inbox_with_a_newer_schema_is_refused(postgres_inbox):
    store = PostgresStore(postgres_inbox)
    store.run("INSERT INTO noctule_schema VALUES (99)")
    store.close()
    with pytest.raises(InboxError, match=f"schema {len(MIGRATIONS) + 1},"):
        PostgresStore(postgres_inbox)


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_effect_and_completion_are_one_transaction(provider_of, postgres, asynchronous):
    import psycopg

    stripe = provider_of("stripe", work=False)

    def ships(event):
        with psycopg.connect(postgres) as database:
            event.complete(database)
            if event.attempt == 1:
                raise RuntimeError("killed before the commit")

    async def ships_later(event):
        async with await psycopg.AsyncConnection.connect(postgres) as database:
            await event.complete(database)
            if event.attempt == 1:
                raise RuntimeError("killed before the commit")

    stripe.receiver.on("*")(ships_later if asynchronous else ships)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        for expected in (("pending", 1), ("done", 2)):
            await stripe.receiver.drain()
            [event] = await stripe.events()
            assert (event.state, event.attempts) == expected
            stripe.clock.advance(10)


@pytest.mark.parametrize("name", FAMILIES)
def test_both_engines_decide_alike(name, store):
    with closing(open_store(":memory:")) as sqlite:
        assert play(store, name, range(2)) == play(sqlite, name, range(2))


def test_two_hosts_that_receive_two_attempts_at_once_handle_one(postgres_inbox):
    """The attempts were signed apart, so only the second key shows that they are one event."""
    both = threading.Barrier(2)

    def attempt(number: int) -> Delivery:
        identity = EventIdentity(f"time-{number}", "id-1", float("-inf"), remembered=1000.0)
        request = WebhookRequest("POST", "", {}, b"{}")
        item = EventItem("id-1", "t", identity)
        return Delivery("r", "acme", request, 1.0, None, "KEY", "full", (item,))

    async def received(number: int) -> str:
        inbox = Inbox(postgres_inbox)
        await inbox.open()
        both.wait(timeout=30)
        receipt = await inbox.put(attempt(number))
        await inbox.close()
        return receipt.outcomes[0]

    PostgresStore(postgres_inbox).close()  # the tables
    with ThreadPoolExecutor(2) as hosts:
        outcomes = list(hosts.map(lambda number: asyncio.run(received(number)), range(2)))
    assert sorted(outcomes) == ["accepted", "duplicate"]


def some(numbers: range) -> list[Delivery]:
    request = WebhookRequest("POST", "", {}, b"{}")
    return [
        Delivery(
            "r",
            "acme",
            request,
            1.0,
            None,
            "KEY",
            "full",
            (EventItem(f"e{n}", "t", EventIdentity(f"id:e{n}"), subject=f"s{n}"),),
        )
        for n in numbers
    ]


@pytest.mark.parametrize(
    ("work", "most"),
    [
        pytest.param(lambda store: store.accept(some(range(10_000, 10_010))), 50, id="new"),
        pytest.param(lambda store: store.accept(some(range(10))), 1100, id="known"),
        pytest.param(lambda store: store.known_ids("r", ["e1", "e2"]), 10, id="ids"),
        pytest.param(lambda store: store.claim("r", 2.0, 60.0, 8), 3000, id="claim"),
    ],
)
def test_a_server_without_statistics_reads_each_event_a_few_times_at_most(store, work, most):
    for start in range(0, 1000, 50):  # so often that plans for small tables would be kept
        store.accept(some(range(start, start + 50)))
        store.accept(some(range(10)))
        store.claim("another", 2.0, 60.0, 8)
        store.known_ids("another", ["e1"])
    with store.transaction():
        before = rows_read(store)
        work(store)
        assert rows_read(store) - before <= most


def test_what_stores_new_events_is_planned_once(store):
    for number in range(20):
        store.accept(some(range(number, number + 1)))
    [(plans,)] = store.run("SELECT generic_plans FROM pg_prepared_statements")
    assert plans > 10


def test_a_forked_child_gives_numbers_of_its_own(store):
    store.accept(some(range(1)))
    child = os.fork()
    if not child:
        with suppress(InboxError):
            os._exit(len(store.accept(some(range(1, 2)))))
        os._exit(0)
    store.accept(some(range(2, 3)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    assert store.known_ids("r", ["e0", "e1", "e2"]) == {"e0", "e1", "e2"}


def rows_read(store: PostgresStore) -> int:
    """Of events and deliveries, since some time."""
    [(read,)] = store.run(
        """SELECT sum(seq_tup_read + idx_tup_fetch)::int FROM pg_stat_xact_user_tables
        WHERE relname IN ('noctule_event', 'noctule_delivery')"""
    )
    return read
