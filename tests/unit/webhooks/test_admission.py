"""The number of deliveries in progress is limited, and the limit is learned."""

from __future__ import annotations

import asyncio
import heapq
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.webhooks import Inbox, Receiver
from noctule.webhooks.receiving.admission import HIGHEST, LOWEST, SLOW_SECONDS, ConcurrencyLimit
from noctule.webhooks.signing.sign import sign
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from support.asgi_call import Call
from support.webhook_samples import KEYS, SCHEMES, SECRET, URL, delivery


def _overloaded(
    concurrency: ConcurrencyLimit, seconds_each: float, senders: int, seconds: float
) -> list[float]:
    """What answers took when that many senders send without a pause to a server that works on
    one delivery after the other; who is refused comes again a little later."""
    durations: list[float] = []
    arrivals = [(n * 1e-4, n) for n in range(senders)]
    leaving: list[tuple[float, float]] = []
    free = 0.0
    while arrivals and arrivals[0][0] < seconds:
        now, sender = heapq.heappop(arrivals)
        while leaving and leaving[0][0] <= now:
            end, began = heapq.heappop(leaving)
            concurrency.release(end, end - began)
        if concurrency.is_full:
            heapq.heappush(arrivals, (now + 0.1, sender))
            continue
        concurrency.in_progress += 1
        free = max(free, now) + seconds_each
        heapq.heappush(leaving, (free, now))
        heapq.heappush(arrivals, (free, sender))
        if now > seconds / 2:
            durations.append(free - now)
    return durations


@settings(max_examples=25)
@given(st.floats(5e-4, 5e-3), st.integers(1, 640))
def test_every_admitted_delivery_is_answered_in_time(seconds_each, senders):
    durations = sorted(_overloaded(ConcurrencyLimit(), seconds_each, senders, 4.0))
    assert durations[len(durations) * 99 // 100] <= max(SLOW_SECONDS, LOWEST * seconds_each) * 1.5


@given(st.integers(1, 31))
def test_a_few_deliveries_are_always_admitted(senders):
    concurrency = ConcurrencyLimit()
    for turn in range(1000):
        concurrency.in_progress = senders
        concurrency.release(turn * 10.0, 9.0)
    assert concurrency.limit == LOWEST
    assert not concurrency.is_full


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=200))
def test_the_limit_stays_in_its_range(leavers):
    concurrency, now = ConcurrencyLimit(), 0.0
    for pause, durations in leavers:
        now += pause
        concurrency.in_progress = int(concurrency.limit)
        concurrency.release(now, durations)
        assert LOWEST <= concurrency.limit <= HIGHEST


@pytest.mark.anyio
async def test_a_delivery_over_the_limit_is_refused_at_once(provider_of, clock):
    stripe = provider_of("stripe")
    body = b'{"id":"evt_1","type":"t"}'
    headers = sign(SCHEMES["stripe"], body, SECRET, now=clock.time())
    async with stripe.receiver.lifespan():
        concurrency = stripe.receiver.concurrency
        concurrency.in_progress = int(concurrency.limit)
        late = Call(body, headers=headers)
        assert await late.to(stripe.receiver) == 503
        assert (b"retry-after", b"5") in late.sent[0]["headers"]
        assert await stripe.events() == []
        concurrency.in_progress -= 1
        assert await Call(body, headers=headers).to(stripe.receiver) == 200
        assert concurrency.in_progress == int(concurrency.limit) - 1


@pytest.mark.anyio
async def test_waiting_for_a_published_key_does_not_lower_the_limit(monkeypatch):
    monkeypatch.setenv("HOOK_SECRET", KEYS["paypal"].secret)
    gate = threading.Event()
    slow = KeyCache(fetch=lambda _: gate.wait(5) and b"")
    use_key_cache(SCHEMES["paypal"].key_address, slow)
    receiver = Receiver(SCHEMES["paypal"], secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"))
    body, headers = delivery("paypal", now=time.time())
    limit = receiver.concurrency.limit
    async with receiver.lifespan():
        began = time.monotonic()
        answer = await receiver.deliver("POST", URL, headers, body)
        durations = time.monotonic() - began
    gate.set()
    assert (answer.status, durations > SLOW_SECONDS) == (503, True)
    assert receiver.concurrency.limit == limit


@pytest.mark.anyio
async def test_a_slow_sender_does_not_count_as_in_progress(provider_of):
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        view = asyncio.Event()

        async def receive():
            view.set()
            await asyncio.Event().wait()

        call = Call(b"")
        waiting = asyncio.create_task(stripe.receiver(call.scope, receive, call.send))
        await view.wait()
        assert stripe.receiver.concurrency.in_progress == 0
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
