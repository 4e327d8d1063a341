"""How many deliveries may be inside at once: learned from how long they take."""

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
    concurrency: ConcurrencyLimit, each: float, senders: int, seconds: float
) -> list[float]:
    """What answers took when that many senders send without a pause to a server that works on
    one delivery after the other; who is refused comes again a little later."""
    took: list[float] = []
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
        free = max(free, now) + each
        heapq.heappush(leaving, (free, now))
        heapq.heappush(arrivals, (free, sender))
        if now > seconds / 2:
            took.append(free - now)
    return took


@settings(max_examples=25)
@given(st.floats(5e-4, 5e-3), st.integers(1, 640))
def test_whoever_is_let_in_has_an_answer_in_time_whatever_the_server_can_do(each, senders):
    took = sorted(_overloaded(ConcurrencyLimit(), each, senders, 4.0))
    assert took[len(took) * 99 // 100] <= max(SLOW_SECONDS, LOWEST * each) * 1.5


@given(st.integers(1, 31))
def test_a_few_are_always_let_in(senders):
    concurrency = ConcurrencyLimit()
    for turn in range(1000):
        concurrency.in_progress = senders
        concurrency.release(turn * 10.0, 9.0)
    assert concurrency.limit == LOWEST
    assert not concurrency.is_full


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 2)), max_size=200))
def test_the_limit_stays_within_its_bounds(leavers):
    concurrency, now = ConcurrencyLimit(), 0.0
    for pause, took in leavers:
        now += pause
        concurrency.in_progress = int(concurrency.limit)
        concurrency.release(now, took)
        assert LOWEST <= concurrency.limit <= HIGHEST


@pytest.mark.anyio
async def test_one_too_many_is_told_at_once_and_nothing_is_stored(provider_of, clock):
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
async def test_a_provider_that_is_slow_with_its_key_makes_no_room_smaller(monkeypatch):
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
        took = time.monotonic() - began
    gate.set()
    assert (answer.status, took > SLOW_SECONDS) == (503, True)
    assert receiver.concurrency.limit == limit


@pytest.mark.anyio
async def test_a_sender_that_dawdles_takes_nobody_s_place(provider_of):
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
