"""Handlers run after the answer: retries, leases, pauses and dead events."""

from __future__ import annotations

import asyncio
import gc
import threading

import msgspec
import pytest

from noctule.runtime.errors import CircuitOpen
from noctule.runtime.testing import VirtualClock
from noctule.webhooks import PermanentFailure
from noctule.webhooks.errors import InboxError
from noctule.webhooks.processing.worker import (
    DELAYS,
    LEASE,
    POLL,
    SHORTEST_PAUSE,
    Handlers,
    Worker,
    delay,
)
from noctule.webhooks.store.sql import SqlStore
from support.webhook_samples import SCHEMES

pytestmark = pytest.mark.anyio
EVENT = {"id": "evt_1", "type": "invoice.paid"}


async def test_a_failing_handler_is_retried_with_growing_delays_then_dead(provider_of):
    stripe = provider_of("stripe")
    attempts = []

    @stripe.receiver.on("invoice.paid")
    async def fails(event):
        attempts.append(event.attempt)
        raise RuntimeError("boom")

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        for n, wait in enumerate(DELAYS, start=1):
            [event] = await stripe.events()
            assert (event.state, event.attempts) == ("pending", n)
            assert wait * 0.8 <= event.due - stripe.clock.time() <= wait * 1.2
            stripe.clock.advance(event.due - stripe.clock.time() - 0.01)
            await stripe.receiver.drain()
            assert len(attempts) == n
            stripe.clock.advance(0.02)
            await stripe.receiver.drain()
        [event] = await stripe.events()
    assert event.state == "dead"
    assert event.reason.startswith("RuntimeError at test_worker.py:")
    assert attempts == list(range(1, len(DELAYS) + 2))


async def test_a_permanent_failure_is_dead_at_once_with_its_reason(provider_of):
    stripe = provider_of("stripe")

    @stripe.receiver.on("*")
    async def fails(event):
        raise PermanentFailure("no such order")

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert (event.state, event.attempts, event.reason) == (
        "dead",
        1,
        "PermanentFailure: no such order",
    )


NEVER_JSON = [
    b'{"id":"evt_1","type":"invoice.paid","note":"\xff"}',
    b'{"id":"evt_1","type":"invoice.paid","note":[1e999]}',
]


@pytest.mark.parametrize("body", NEVER_JSON, ids=["no UTF-8", "beyond a double"])
async def test_a_body_that_no_attempt_can_parse_is_dead_at_once(provider_of, body):
    """It was accepted for the parts that the scheme reads."""
    stripe = provider_of("stripe")
    seen = []

    @stripe.receiver.on("invoice.paid")
    async def reads(event):
        seen.append(event.id)
        event.data  # noqa: B018

    async with stripe.receiver.lifespan():
        response = await stripe.sends(body=body)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert (response.status, seen) == (200, ["evt_1"])
    assert (event.state, event.attempts) == ("dead", 1)
    assert event.reason == "PermanentFailure: its body cannot be parsed: unparseable: body"


async def test_a_handler_that_does_not_read_such_a_body_is_done(provider_of):
    stripe = provider_of("stripe")
    stripe.receiver.on("invoice.paid")(lambda event: len(event.raw))
    async with stripe.receiver.lifespan():
        await stripe.sends(body=NEVER_JSON[0])
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert event.state == "done"


async def test_where_a_handler_failed_is_kept_without_values(provider_of):
    stripe = provider_of("stripe")

    def ship(order):
        try:
            return {"other": 1}[order["address"]]
        except KeyError as error:
            raise ValueError(f"no parcel to {order}") from error

    @stripe.receiver.on("*")
    async def ships(event):
        await asyncio.to_thread(ship, event.data)

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT | {"address": "4242 Elm Street", "token": "sk_live_" + "a" * 24})
        await stripe.receiver.drain()
        [failed] = await stripe.events()
        lines = failed.traceback.splitlines()
        assert lines[0].startswith('  File "tests/unit/webhooks/test_worker.py", line ')
        assert lines[0].endswith(" in ship")
        assert lines[1] == '    return {"other": 1}[order["address"]]'
        assert lines[2] == "KeyError"
        assert lines[3].endswith(" in ships")
        assert lines[-1] == "ValueError"
        assert "Elm" not in failed.traceback
        assert "sk_live" not in failed.traceback

        async def ships_now(event):
            return None

        stripe.receiver._handlers._by_type["*"] = ships_now
        stripe.clock.advance(60)
        await stripe.receiver.drain()
        [done] = await stripe.events()
    assert (done.state, done.traceback) == ("done", "")


async def test_the_errors_of_a_group_are_kept(provider_of):
    stripe = provider_of("stripe")

    async def one_of_many():
        raise LookupError("4242 Elm Street")

    @stripe.receiver.on("*")
    async def fails(event):
        async with asyncio.TaskGroup() as group:
            group.create_task(one_of_many())

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [failed] = await stripe.events()
    lines = failed.traceback.splitlines()
    assert lines[0].endswith(" in one_of_many")
    assert lines[2] == "LookupError"
    assert lines[-1] == "ExceptionGroup"


async def test_a_traceback_is_bounded_and_redacted(provider_of):
    stripe = provider_of("stripe")

    def deep(left):
        if left:
            deep(left - 1)
        raise RuntimeError("sk_live_" + "b" * 24)  # "sk_live_cccccccccccccccccccccccc"

    @stripe.receiver.on("*")
    def fails(event):
        deep(400)

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [failed] = await stripe.events()
    assert len(failed.traceback) <= 4000
    assert failed.traceback.endswith("RuntimeError")
    assert "cccccccc" not in failed.traceback
    assert "bbbbbbbb" not in failed.traceback


async def test_an_open_breaker_counts_no_attempt(provider_of):
    stripe = provider_of("stripe")

    @stripe.receiver.on("*")
    async def fails(event):
        raise CircuitOpen

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        for _ in range(12):
            await stripe.receiver.drain()
            stripe.clock.advance(60)
        [event] = await stripe.events()
    assert (event.state, event.attempts) == ("pending", 0)


async def test_an_event_without_a_handler_is_stored_as_unhandled(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert event.state == "unhandled"


async def test_a_plain_function_runs_in_a_thread(provider_of):
    import threading

    stripe = provider_of("stripe")
    threads = []
    stripe.receiver.on("*")(lambda event: threads.append(threading.current_thread()))
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await stripe.receiver.drain()
    assert threads != [threading.main_thread()]


async def test_an_event_with_an_expired_lease_is_claimed_again(provider_of):
    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.attempt))
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        # A process that claimed the event and was killed: nobody settles what it took.
        now = stripe.clock.time()
        await stripe.receiver.inbox.call(lambda store: store.claim("stripe", now, 60, 8))
        await stripe.receiver.drain()
        assert seen == []
        stripe.clock.advance(60)
        await stripe.receiver.drain()
        assert seen == [2]
        # It was not dead but slow: what it says now no longer counts.
        assert not await stripe.receiver.inbox.call(lambda store: store.settle(1, 1, "dead"))
        [event] = await stripe.events()
    assert event.state == "done"


async def test_stopping_returns_the_event_of_a_running_handler(provider_of, monkeypatch):
    monkeypatch.setattr("noctule.webhooks.receiving.base.GRACE_SECONDS", 0.01)
    stripe = provider_of("stripe")
    begun = asyncio.Event()

    @stripe.receiver.on("*")
    async def hangs(event):
        begun.set()
        await asyncio.sleep(3600)

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        await begun.wait()
    again = provider_of("stripe", work=False)
    async with again.receiver.lifespan():
        [event] = await again.events()
    assert (event.state, event.attempts, event.reason) == ("pending", 0, "stopped")


async def test_a_long_handler_does_not_delay_the_next_event(provider_of):
    stripe = provider_of("stripe")
    first, second = asyncio.Event(), asyncio.Event()

    @stripe.receiver.on("long")
    async def long(event):
        first.set()
        await second.wait()

    @stripe.receiver.on("short")
    async def short(event):
        second.set()

    async with stripe.receiver.lifespan():
        await stripe.sends({"id": "1", "type": "long"})
        await first.wait()
        await stripe.sends({"id": "2", "type": "short"})
        await stripe.receiver.drain()
        assert {event.state for event in await stripe.events()} == {"done"}


async def test_an_event_that_kills_every_process_is_dead(provider_of):
    stripe = provider_of("stripe", work=False)
    stripe.receiver.on("*")(print)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        for _ in range(len(DELAYS) + 1):
            now = stripe.clock.time()
            await stripe.receiver.inbox.call(lambda s, now=now: s.claim("stripe", now, 60, 8))
            stripe.clock.advance(60)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    assert (event.state, event.reason) == ("dead", "the process died in every attempt")


def test_the_most_specific_handler_gets_the_event():
    handlers = Handlers()
    for name in ("invoice.paid", "invoice.*", "*"):
        handlers.add(name, lambda event, name=name: name)
    matches = {
        t: handlers.find(t)(None) for t in ("invoice.paid", "invoice.voided", "charge.x", "")
    }
    assert matches == {
        "invoice.paid": "invoice.paid",
        "invoice.voided": "invoice.*",
        "charge.x": "*",
        "": "*",
    }
    with pytest.raises(ValueError, match=r"invoice\.paid already has a handler"):
        handlers.add("invoice.paid", print)


def test_waits_are_jittered_by_a_fifth_either_way():
    assert delay(1, lambda: 0.0) == 4.0
    assert delay(1, lambda: 1.0) == 6.0
    assert delay(len(DELAYS) + 1) is None


async def test_an_event_that_cannot_be_settled_is_logged_and_retried(
    provider_of, monkeypatch, caplog
):
    stripe = provider_of("stripe")
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.attempt))
    errors, refused = [], asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: errors.append(context))
    settle = SqlStore.settle

    def refuses(*args, **more):
        loop.call_soon_threadsafe(refused.set)
        raise InboxError("the disk is full")

    async with stripe.receiver.lifespan():
        monkeypatch.setattr(SqlStore, "settle", refuses)
        await stripe.sends(EVENT)
        await asyncio.wait_for(refused.wait(), 5)
        monkeypatch.setattr(SqlStore, "settle", settle)
        stripe.clock.advance(LEASE + 1)
        await stripe.receiver.drain()
        [event] = await stripe.events()
    gc.collect()
    assert (event.state, seen) == ("done", [1, 2])
    assert "event 1: the disk is full" in caplog.text
    assert errors == []


class RealWaits(VirtualClock):
    """A clock whose waits have their real length, for tests that never wait."""

    def real(self, seconds: float) -> float:
        return seconds


@pytest.fixture
def pauses(monkeypatch) -> asyncio.Queue[float]:
    """The pauses that an idle worker makes. Each lasts until the worker is woken."""
    queue: asyncio.Queue[float] = asyncio.Queue()

    async def sleep(worker, seconds):
        queue.put_nowait(seconds)
        await worker._wake.wait()

    monkeypatch.setattr(Worker, "_sleep", sleep)
    return queue


async def next_pause(pauses) -> float:
    async with asyncio.timeout(5):
        return await pauses.get()


async def test_an_idle_worker_sleeps_until_it_polls_again(provider_of, pauses):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        assert await next_pause(pauses) == POLL


@pytest.mark.parametrize(("wait", "pause"), [(3.0, 3.0), (100.0, POLL), (0.001, SHORTEST_PAUSE)])
async def test_a_worker_sleeps_until_the_next_event_is_due(provider_of, pauses, store, wait, pause):
    clock = RealWaits()
    stripe = provider_of("stripe", work=False)
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
    store.requeue({1: clock.time() + wait})
    worker = Worker(stripe.receiver.inbox, SCHEMES["stripe"], "stripe", Handlers(), clock)
    await stripe.receiver.inbox.open()
    running = asyncio.create_task(worker.run())
    try:
        assert await next_pause(pauses) == pytest.approx(pause, abs=1e-6)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await stripe.receiver.inbox.close()


async def test_a_worker_pauses_after_an_error_of_the_inbox(
    provider_of, pauses, monkeypatch, caplog
):
    def fails(*_):
        raise InboxError("the disk is full")

    monkeypatch.setattr(SqlStore, "claim", fails)
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        assert await next_pause(pauses) == POLL
    assert caplog.text.count("the disk is full") == 1


async def test_the_next_event_of_an_object_does_not_wait_for_the_poll(provider_of, pauses):
    stripe = provider_of("stripe", work=False)
    seen, finish = asyncio.Queue(), asyncio.Event()

    @stripe.receiver.on("*")
    async def handle(event):
        seen.put_nowait(event.id)
        if event.id == "evt_1":
            await finish.wait()

    async with stripe.receiver.lifespan():
        for number in (1, 2):
            about = {"data": {"object": {"id": "in_1"}}}
            await stripe.sends({"id": f"evt_{number}", "type": "invoice.paid", **about})
    async with stripe.receiver.working(), asyncio.timeout(5):
        assert await seen.get() == "evt_1"
        await pauses.get()  # the second event waits behind the first one
        finish.set()
        assert await seen.get() == "evt_2"


class Invoice(msgspec.Struct):
    id: str
    total: int


async def test_an_event_that_differs_from_the_model_is_logged_and_handled(provider_of, caplog):
    stripe = provider_of("stripe")
    seen = []

    @stripe.receiver.on("invoice.paid")
    async def paid(event):
        seen.append(event.decode(Invoice, at="data.object"))

    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT | {"data": {"object": {"id": "in_1", "total": "many"}}})
        await stripe.sends({"id": "evt_2", "type": "invoice.paid", "data": []})
        await stripe.receiver.drain()
        assert [event.state for event in await stripe.events()] == ["done", "done"]
    assert seen[0].id == "in_1"
    assert "differs from the model at /total" in caplog.text
    assert "many" not in caplog.text


async def test_stopping_during_a_claim_leaves_nothing_leased(provider_of, monkeypatch):
    entered, may_go_on = threading.Event(), threading.Event()
    claim = SqlStore.claim

    def slow_claim(store, *arguments):
        entered.set()
        may_go_on.wait()
        return claim(store, *arguments)

    stripe = provider_of("stripe", work=False)
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.id))
    async with stripe.receiver.lifespan():
        await stripe.sends(EVENT)
        monkeypatch.setattr(SqlStore, "claim", slow_claim)
        worker = stripe.receiver._running_worker()
        running = asyncio.create_task(worker.run())
        await asyncio.to_thread(entered.wait)
        running.cancel()
        may_go_on.set()
        await asyncio.gather(running, return_exceptions=True)
        await worker.finish(10)
        [event] = await stripe.events()
    assert (event.state, seen) == ("done", ["evt_1"])
