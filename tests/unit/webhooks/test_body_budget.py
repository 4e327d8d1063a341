"""Strangers cannot fill the memory with bodies, nor keep small deliveries out with large ones."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from noctule.webhooks.receiving import asgi
from noctule.webhooks.receiving.body_budget import FREE_BYTES, BodyBudget
from noctule.webhooks.signing.sign import sign
from support.asgi_call import Call
from support.webhook_samples import SCHEMES, SECRET

SHARED = 1024 * 1024


@given(st.lists(st.lists(st.integers(0, 400_000), max_size=5), max_size=20))
def test_what_bodies_hold_is_bounded_and_given_back(bodies: list[list[int]]) -> None:
    budget = BodyBudget(SHARED)
    shares, held = [], 0
    for chunks in bodies:
        share = budget.body()
        shares.append(share)
        size = 0
        for chunk in chunks:
            size += chunk
            if not share.grow(size):
                break
            held += max(0, size - FREE_BYTES) - max(0, size - chunk - FREE_BYTES)
        assert held == SHARED - budget.left <= SHARED
    for share in shares:
        with share:
            pass
    assert budget.left == SHARED


@given(st.integers(0, FREE_BYTES))
def test_a_small_body_needs_no_room(size: int) -> None:
    assert BodyBudget(0).body().grow(size)


class SlowSender(Call):
    """Sends its chunks, then nothing for as long as the test goes on."""

    def __init__(self, *chunks: bytes) -> None:
        super().__init__(*chunks, ends=False)
        self.waits = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.messages:
            return self.messages.pop(0)
        self.waits.set()
        await asyncio.Event().wait()
        raise AssertionError


@pytest.mark.anyio
async def test_large_bodies_keep_out_only_one_another(monkeypatch, provider_of, clock) -> None:
    budget = BodyBudget(SHARED)
    monkeypatch.setattr(asgi, "PROCESS_BUDGET", budget)
    stripe = provider_of("stripe", max_body=2 * SHARED)
    body = b'{"id":"evt_1","type":"t"}'
    headers = sign(SCHEMES["stripe"], body, SECRET, now=clock.time())
    async with stripe.receiver.lifespan():
        slow = SlowSender(b"x" * SHARED)
        task = asyncio.create_task(slow.to(stripe.receiver))
        await slow.waits.wait()
        large = Call(b"x" * (SHARED // 2), b"x" * (SHARED // 2))
        assert await large.to(stripe.receiver) == 503
        assert (b"retry-after", b"5") in large.sent[0]["headers"]
        assert await Call(body, headers=headers).to(stripe.receiver) == 200
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert budget.left == SHARED
        assert await Call(b"x" * SHARED).to(stripe.receiver) == 401
