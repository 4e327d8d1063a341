"""Deliveries are refused by how long they would wait, not by how many there are."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noctule.webhooks import Inbox, Receiver
from noctule.webhooks.processing.inbox import GROUP_ROWS
from noctule.webhooks.processing.pace import WriterPace
from noctule.webhooks.receiving.admission import ANSWER_SECONDS
from noctule.webhooks.signing.sign import sign
from noctule.webhooks.verification.key_cache import KeyCache, use_key_cache
from support.asgi_call import Call
from support.webhook_samples import KEYS, SCHEMES, SECRET, URL, delivery


def simulate(
    senders: int, fixed: float, per_row: float, seconds: float = 4.0
) -> tuple[list[float], int]:
    """What answers took, and how many were refused, when that many senders send without a pause to
    a writer whose commits take `fixed` seconds and `per_row` for each row. A refused sender comes
    again 0.2 s later."""
    pace, now, ends = WriterPace(), 0.0, 0.0
    arrivals = [(n * 1e-5, n) for n in range(senders)]
    queue: deque[tuple[float, int]] = deque()
    group: list[tuple[float, int]] = []
    durations: list[float] = []
    refused = 0
    while now < seconds:
        arrivals.sort()
        if group and (not arrivals or ends <= arrivals[0][0]):
            now = ends
            pace.end(now)
            durations += [now - arrived for arrived, _ in group]
            arrivals += [(now + 1e-6, sender) for _, sender in group]
            group = []
        else:
            now, sender = arrivals.pop(0)
            if pace.expected(now, len(queue), queue[0][0] if queue else now) > ANSWER_SECONDS:
                refused += 1
                arrivals.append((now + 0.2, sender))
            else:
                queue.append((now, sender))
        if queue and not group:
            group = [queue.popleft() for _ in range(min(GROUP_ROWS, len(queue)))]
            pace.begin(now, len(group))
            ends = now + fixed + per_row * len(group)
    return durations, refused


@settings(max_examples=25)
@given(st.integers(1, 64), st.floats(0.001, 0.1), st.floats(0.0, 5e-4))
def test_64_senders_are_never_refused(senders: int, fixed: float, per_row: float) -> None:
    durations, refused = simulate(senders, fixed, per_row)
    assert refused == 0
    assert max(durations) <= ANSWER_SECONDS


@settings(max_examples=25)
@given(st.integers(65, 1500), st.floats(0.001, 0.1), st.floats(1e-4, 2e-3))
def test_taken_deliveries_are_answered_in_time(senders: int, fixed: float, per_row: float) -> None:
    durations, _ = simulate(senders, fixed, per_row)
    assert durations
    # Until a large commit has shown what a row costs, nobody knows: a group or two may be late.
    assert len([seconds for seconds in durations if seconds > 0.45]) <= 2 * senders
    assert not [seconds for seconds in durations[2 * senders :] if seconds > 0.45]


def test_an_idle_writer_takes_a_delivery_whatever_the_last_commit_took() -> None:
    pace = WriterPace()
    pace.begin(0.0, 1)
    assert pace.expected(9.0, 0, 9.0) > ANSWER_SECONDS
    pace.end(9.0)
    assert pace.expected(9.0, 0, 9.0) == 0.0


def test_a_commit_that_takes_longer_than_the_last_one_makes_the_wait_longer() -> None:
    pace = WriterPace()
    pace.begin(0.0, 10)
    pace.end(0.05)
    pace.begin(1.0, 10)
    assert pace.expected(1.0, 9, 1.0) == pytest.approx(0.1)
    assert pace.expected(1.04, 9, 1.04) == pytest.approx(0.06)
    assert pace.expected(1.1, 9, 1.1) == pytest.approx(0.2)
    assert pace.expected(1.2, 9, 1.2) == pytest.approx(0.4)


def test_a_busy_event_loop_makes_the_wait_longer() -> None:
    pace = WriterPace()
    pace.begin(0.0, 10)
    for _ in range(30):
        pace.heard(0.1)
    assert pace.expected(0.0, 0, 0.0) == pytest.approx(0.2, rel=0.01)


@pytest.fixture
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real time for an answer; other tests have more, since machines are busy."""
    monkeypatch.setattr("noctule.webhooks.receiving.admission.ANSWER_SECONDS", ANSWER_SECONDS)


class SlowStore:
    """Holds the writer, so that a commit is in progress for as long as a test wants."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, _: object) -> None:
        self.begun.set()
        self.go.wait(10)

    def wait_until_late(self, inbox: Inbox) -> None:
        self.begun.wait(10)
        while inbox.expected_wait() <= ANSWER_SECONDS:
            time.sleep(0.01)


def stripe_call(now: float, number: int = 1) -> Call:
    body = b'{"id":"evt_%d","type":"t"}' % number
    return Call(body, headers=sign(SCHEMES["stripe"], body, SECRET, now=now))


@pytest.mark.anyio
@pytest.mark.usefixtures("in_time")
async def test_a_delivery_that_would_wait_too_long_is_refused(provider_of, clock) -> None:
    stripe, slow = provider_of("stripe"), SlowStore()
    async with stripe.receiver.lifespan():
        held = asyncio.ensure_future(stripe.receiver.inbox.call(slow))
        await asyncio.to_thread(slow.wait_until_late, stripe.receiver.inbox)
        late = stripe_call(clock.time())
        task = asyncio.ensure_future(late.to(stripe.receiver))
        await asyncio.sleep(0)
        clock.advance(1.0)
        assert await task == 503
        assert (b"retry-after", b"5") in late.sent[0]["headers"]
        slow.go.set()
        await held
        assert await stripe.events() == []


@pytest.mark.anyio
@pytest.mark.usefixtures("in_time")
async def test_it_is_taken_if_the_commit_ends_while_it_waits(provider_of, clock) -> None:
    stripe, slow = provider_of("stripe"), SlowStore()
    async with stripe.receiver.lifespan():
        held = asyncio.ensure_future(stripe.receiver.inbox.call(slow))
        await asyncio.to_thread(slow.wait_until_late, stripe.receiver.inbox)
        task = asyncio.ensure_future(stripe_call(clock.time()).to(stripe.receiver))
        await asyncio.sleep(0)
        assert not task.done()
        slow.go.set()
        assert await task == 200
        await held


@pytest.mark.anyio
async def test_64_deliveries_at_once_are_taken(provider_of, clock) -> None:
    stripe = provider_of("stripe")
    async with stripe.receiver.lifespan():
        calls = [stripe_call(clock.time(), number) for number in range(64)]
        assert await asyncio.gather(*(call.to(stripe.receiver) for call in calls)) == [200] * 64


@pytest.mark.anyio
async def test_waiting_for_a_published_key_keeps_nobody_out(monkeypatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", KEYS["paypal"].secret)
    gate = threading.Event()
    slow = KeyCache(fetch=lambda _: gate.wait(5) and b"")
    use_key_cache(SCHEMES["paypal"].key_address, slow)
    receiver = Receiver(SCHEMES["paypal"], secrets=["HOOK_SECRET"], inbox=Inbox(":memory:"))
    body, headers = delivery("paypal", now=time.time())
    async with receiver.lifespan():
        answer = await receiver.deliver("POST", URL, headers, body)
        assert receiver.inbox.expected_wait() == 0.0
    gate.set()
    assert answer.status == 503
