"""The inbox on a bad disk, with a bad file, or under load."""

from __future__ import annotations

import asyncio
import threading

import apsw
import pytest

from noctule.webhooks import Inbox, InboxError
from noctule.webhooks.store.schema import MIGRATIONS
from noctule.webhooks.store.sqlite import SqliteStore, check_library
from support.webhook_samples import SCHEMES

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "t"}
ANSWER_SECONDS = "noctule.webhooks.receiving.admission.ANSWER_SECONDS"


def test_an_unsafe_sqlite_is_refused_with_the_fix():
    check_library("3.51.3")
    check_library("3.54.1")
    for affected in ("3.51.2", "3.40.1"):
        with pytest.raises(InboxError, match="pip install -U apsw"):
            check_library(affected)


def test_commits_are_synced_to_disk(tmp_path):
    store = SqliteStore(str(tmp_path / "inbox.db"))
    assert store.run("PRAGMA journal_mode") == [("wal",)]
    assert store.run("PRAGMA synchronous") == [(2,)]
    store.close()


async def test_an_inbox_with_a_newer_schema_is_refused(provider_of, tmp_path):
    store = SqliteStore(str(tmp_path / "inbox.db"))
    store.run("INSERT INTO noctule_schema VALUES (98), (99)")
    known = len(MIGRATIONS)
    store.close()
    refusal = f"schema {known + 2}, this noctule supports up to {known}:"
    with pytest.raises(InboxError, match=refusal):
        async with provider_of("stripe").receiver.lifespan():
            pass


@pytest.mark.parametrize("place", ["file/inbox.db", "folder"])
async def test_a_place_that_cannot_be_written_is_named(provider_of, tmp_path, place):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    inbox = Inbox(tmp_path / place)
    with pytest.raises(InboxError, match=place):
        await inbox.open()
    assert not inbox.is_open


async def test_a_file_that_is_not_a_database_is_named(tmp_path):
    (tmp_path / "inbox.db").write_bytes(b"x" * 4096)
    with pytest.raises(InboxError, match=r"inbox\.db cannot be opened"):
        await Inbox(tmp_path / "inbox.db").open()


async def test_a_locked_database_is_503_and_nothing_is_lost(provider_of, tmp_path, monkeypatch):
    stripe = provider_of("stripe", work=False)
    other = None
    async with stripe.receiver.lifespan():
        other = apsw.Connection(str(tmp_path / "inbox.db"))
        other.execute("BEGIN IMMEDIATE")
        with monkeypatch.context() as patch:
            patch.setattr(ANSWER_SECONDS, 0.01)
            assert (await stripe.sends(EVENT)).status == 503
        other.execute("ROLLBACK")
        other.close()
        assert (await stripe.sends(EVENT)).status == 200
        assert len(await stripe.events()) == 1


async def test_a_full_disk_is_503_until_there_is_room(provider_of):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        pages = await stripe.receiver.inbox.call(lambda store: store.run("PRAGMA page_count")[0][0])
        await stripe.receiver.inbox.call(lambda store: store.run(f"PRAGMA max_page_count={pages}"))
        big = EVENT | {"blob": "x" * 100_000}
        answer = await stripe.sends(big)
        assert (answer.status, dict(answer.headers)["retry-after"]) == (503, "5")
        await stripe.receiver.inbox.call(lambda store: store.run("PRAGMA max_page_count=1000000"))
        assert (await stripe.sends(big)).outcome == "accepted"


async def test_concurrent_deliveries_are_committed_in_groups(provider_of):
    stripe = provider_of("stripe", work=False)
    commits = 0

    async with stripe.receiver.lifespan():

        def hook():
            nonlocal commits
            commits += 1
            return False

        await stripe.receiver.inbox.call(lambda store: store._db.set_commit_hook(hook))
        events = [{"id": f"evt_{n}", "type": "t"} for n in range(200)]
        answers = await asyncio.gather(*(stripe.sends(event) for event in events))
        assert {answer.status for answer in answers} == {200}
        assert len(await stripe.events(limit=1000)) == 200
        assert commits < 100


async def test_beyond_the_limit_the_answer_is_503(provider_of, monkeypatch):
    monkeypatch.setattr("noctule.webhooks.processing.inbox.WAITING_ROWS", 10)
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        events = [{"id": f"evt_{n}", "type": "t"} for n in range(200)]
        answers = await asyncio.gather(*(stripe.sends(event) for event in events))
        accepted = [answer for answer in answers if answer.status == 200]
        assert {answer.status for answer in answers} == {200, 503}
        assert len(await stripe.events(limit=1000)) == len(accepted)


async def test_a_slow_disk_is_503_and_the_event_is_still_stored_once(provider_of, monkeypatch):
    stripe = provider_of("stripe", work=False)
    slow, free = threading.Event(), threading.Event()

    def stuck(store):
        slow.set()
        free.wait()

    async with stripe.receiver.lifespan():
        stalled = asyncio.create_task(stripe.receiver.inbox.call(stuck))
        try:
            await asyncio.to_thread(slow.wait)
            with monkeypatch.context() as patch:
                patch.setattr(ANSWER_SECONDS, 0.01)
                assert (await stripe.sends(EVENT)).status == 503
        finally:
            free.set()
        await stalled
        assert (await stripe.sends(EVENT)).outcome == "duplicate"
        assert len(await stripe.events()) == 1


async def test_waiting_deliveries_are_written_when_the_inbox_closes(provider_of, tmp_path):
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        waiting = [
            asyncio.create_task(stripe.sends({"id": f"evt_{n}", "type": "t"})) for n in range(50)
        ]
        await asyncio.sleep(0)
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}


async def test_pruning_deletes_the_body_and_keeps_the_identity(provider_of):
    stripe = provider_of("stripe", work=False)
    stripe.receiver.on("*")(lambda event: None)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        stripe.clock.advance(1)
        await stripe.sends({"id": "evt_2", "type": "t"})
        later = stripe.clock.time() + 10
        assert await stripe.receiver.inbox.call(lambda store: store.prune(later)) == 1
        waiting, pruned = await stripe.events()
        assert (waiting.request is None, pruned.request is None) == (False, True)
        assert (await stripe.sends(EVENT)).outcome == "duplicate"


async def test_memory_is_private(provider_of):
    first = provider_of("stripe", inbox=Inbox(":memory:"))
    second = provider_of("stripe", inbox=Inbox(":memory:"))
    async with first.receiver.lifespan(), second.receiver.lifespan():
        await first.sends(EVENT)
        assert (await second.sends(EVENT)).outcome == "accepted"
    assert SCHEMES["stripe"].provider == "stripe"
