"""The ASGI application: exact bytes, limits, and senders that disconnect."""

from __future__ import annotations

import json

import pytest

from noctule.webhooks.signing.sign import sign
from support.asgi_call import Call
from support.webhook_samples import SCHEMES, SECRET

pytestmark = pytest.mark.anyio


def _signed(clock, body, name="stripe", **more):
    return sign(SCHEMES[name], body, SECRET, now=clock.time(), **more)


async def test_the_stored_bytes_are_those_that_were_sent(provider_of, clock):
    stripe = provider_of("stripe")
    body = b'{ "id" : "evt_1",\r\n "type":"t", "name": "\\u00e9\xc3\xa9" }\n'
    call = Call(body[:10], b"", body[10:], headers=_signed(clock, body))
    async with stripe.receiver.lifespan():
        assert await call.to(stripe.receiver) == 200
        [event] = await stripe.events()
    assert event.request.body == body
    assert json.loads(call.sent[1]["body"]) == {"outcome": "accepted"}


async def test_the_signed_address_is_the_one_that_was_called(provider_of, clock):
    square = provider_of("square")
    body = b'{"event_id":"1","type":"t"}'
    headers = _signed(clock, body, "square", url="https://shop.example/hooks/a%20b?x=1")
    async with square.receiver.lifespan():
        call = Call(body, headers={"host": "shop.example", **headers})
        assert await call.to(square.receiver) == 200
        elsewhere = Call(body, headers={"host": "evil.example", **headers})
        assert await elsewhere.to(square.receiver) == 401


async def test_a_body_announced_too_large_is_not_even_read(provider_of):
    stripe = provider_of("stripe")
    call = Call(b"x", headers={"content-length": str(100 << 20)})
    async with stripe.receiver.lifespan():
        assert await call.to(stripe.receiver) == 413
    assert call.messages


async def test_a_body_that_grows_too_large_is_not_read_further(provider_of):
    stripe = provider_of("stripe")
    call = Call(*[b"x" * 65536] * 1600)
    async with stripe.receiver.lifespan():
        assert await call.to(stripe.receiver) == 413
    assert len(call.messages) > 1500


async def test_a_body_cut_short_is_neither_stored_nor_answered(provider_of, clock):
    stripe = provider_of("stripe")
    body = b'{"id":"evt_1","type":"t"}'
    call = Call(body, headers=_signed(clock, body), ends=False)
    async with stripe.receiver.lifespan():
        assert await call.to(stripe.receiver) is None
        assert await stripe.events() == []


async def test_a_body_that_arrives_too_slowly_is_408(provider_of, monkeypatch):
    import asyncio

    monkeypatch.setattr("noctule.webhooks.receiving.asgi.BODY_SECONDS", 0.01)
    stripe = provider_of("stripe")
    call = Call()
    call.receive = asyncio.Event().wait
    async with stripe.receiver.lifespan():
        assert await call.to(stripe.receiver) == 408


async def test_without_a_lifespan_the_first_delivery_starts_it(provider_of, clock, caplog):
    stripe = provider_of("stripe")
    seen = []
    stripe.receiver.on("*")(lambda event: seen.append(event.id))
    for number in (1, 2):
        body = b'{"id":"evt_%d","type":"t"}' % number
        assert await Call(body, headers=_signed(clock, body)).to(stripe.receiver) == 200
    await stripe.receiver.drain()
    assert seen == ["evt_1", "evt_2"]
    [line] = caplog.messages
    assert "Pass receiver.lifespan to the outermost application" in line


async def test_without_a_lifespan_and_a_secret_it_is_unavailable(provider_of, clock, caplog):
    stripe = provider_of("stripe", secrets=["NOT_SET_SECRET"])
    for _ in range(3):
        assert await Call(b"{}").to(stripe.receiver) == 503
    assert "NOT_SET_SECRET" in caplog.text
    assert len(caplog.messages) == 3  # each of three kinds once


async def test_a_websocket_is_closed(provider_of):
    stripe = provider_of("stripe")
    call = Call(type="websocket")
    await stripe.receiver(call.scope, call.receive, call.send)
    assert call.sent == [{"type": "websocket.close"}]


async def test_a_receiver_is_an_application_of_its_own(provider_of):
    stripe = provider_of("stripe")
    call = Call(type="lifespan")
    call.messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    await stripe.receiver(call.scope, call.receive, call.send)
    assert [m["type"] for m in call.sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_a_failed_startup_names_the_missing_secret(provider_of, monkeypatch):
    stripe = provider_of("stripe", secrets=["NOT_SET_SECRET"])
    call = Call(type="lifespan")
    await stripe.receiver(call.scope, call.receive, call.send)
    [failed] = call.sent
    assert failed["type"] == "lifespan.startup.failed"
    assert "NOT_SET_SECRET" in failed["message"]
