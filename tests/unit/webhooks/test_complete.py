"""Complete an event in the handler's own transaction: both commit, or the event comes again."""

from __future__ import annotations

import sqlite3

import apsw
import pytest

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "t"}


async def test_effect_and_completion_are_one_transaction(provider_of, inbox_place):
    stripe = provider_of("stripe", work=False)

    @stripe.receiver.on("*")
    def ships(event):
        database = apsw.Connection(inbox_place)
        try:
            with database:
                database.execute("CREATE TABLE IF NOT EXISTS shipped (id TEXT)")
                database.execute("INSERT INTO shipped VALUES ('order')")
                event.complete(database)
                if event.attempt == 1:
                    raise RuntimeError("killed before the commit")
        finally:
            database.close()

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [event] = await stripe.events()
        assert (event.state, event.attempts) == ("pending", 1)
        stripe.clock.advance(10)
        await stripe.receiver.drain()
        [event] = await stripe.events()
        assert (event.state, event.attempts) == ("done", 2)
        count = "SELECT count(*) FROM shipped"
        assert await stripe.receiver.inbox.call(lambda store: store.run(count)) == [(1,)]


async def test_a_rolled_back_transaction_is_not_success(provider_of, inbox_place):
    stripe = provider_of("stripe", work=False)

    @stripe.receiver.on("*")
    def forgets(event):
        database = apsw.Connection(inbox_place)
        database.execute("BEGIN")
        event.complete(database)
        database.execute("ROLLBACK")
        database.close()

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert event.state == "pending"
    assert event.reason.startswith("NotCommitted")


async def test_a_second_copy_of_sqlite_is_refused(provider_of):
    stripe = provider_of("stripe", work=False)
    messages = []

    @stripe.receiver.on("*")
    def mixes(event):
        database = sqlite3.connect(":memory:")
        try:
            event.complete(database)
        except TypeError as error:
            messages.append(str(error))
        finally:
            database.close()

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
    assert messages == ["complete() in a SQLite inbox needs an apsw connection"]
