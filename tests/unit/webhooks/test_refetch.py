"""A hint is only an id of a strict shape; handlers get the object from the provider's API."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from noctule.runtime.errors import CircuitOpen, NotFound
from noctule.webhooks import Inbox, InvalidScheme, RefetchReceiver, Refused
from noctule.webhooks.store.base import EventQuery

pytestmark = pytest.mark.anyio
SHAPE = r"tr_[A-Za-z0-9]{6,32}"
URL = "https://shop.example/hooks/mollie"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def hints_of(clock, inbox_place):
    def make(read, **options) -> RefetchReceiver:
        options = {"id": "body:id", "shape": SHAPE, "inbox": Inbox(inbox_place)} | options
        return RefetchReceiver("acme", read=read, clock=clock, **options)

    return make


async def _send(hints, body=b"id=tr_abc123&amount=1000000", url=URL, method="POST"):
    return await hints.deliver(method, url, FORM, body)


async def test_the_handler_acts_on_what_the_api_says(hints_of, store):
    asked, seen = [], []

    async def get_payment(name):
        asked.append(name)
        return {"id": name, "status": "paid"}

    hints = hints_of(get_payment)
    hints.on("*")(lambda event: seen.append((event.id, event.object["status"], event.data)))
    async with hints.lifespan():
        assert (await _send(hints)).outcome == "accepted"
        await hints.drain()
    assert asked == ["tr_abc123"]
    assert seen == [("tr_abc123", "paid", {"id": "tr_abc123"})]
    [kept] = store.find(EventQuery())
    assert (kept.coverage, kept.state) == ("hint", "done")
    assert kept.request.body == b'{"id":"tr_abc123"}'
    assert b"1000000" not in kept.request.body


@pytest.mark.parametrize(
    "body",
    [b"", b"id=", b"id=evt_1", b"id=tr_abc123%0A", b"id=tr_" + b"a" * 200, b"id=../../admin",
     b"other=tr_abc123", "id=tr_é12345".encode()],
)  # fmt: skip
async def test_an_id_without_the_shape_is_rejected(hints_of, store, body):
    hints = hints_of(lambda name: None)
    async with hints.lifespan():
        answer = await _send(hints, body)
    assert (answer.status, answer.reason) == (400, "unparseable")
    assert store.find(EventQuery()) == []


JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("position", "body", "expected"),
    [
        ("body:id", b'{"id": "tr_abc123", "amount": 1}', ["tr_abc123"]),
        ("body:id", b'[{"id": "tr_abc123"}]', []),
        ("body:data.0.id", b'{"data": [{"id": "tr_abc123"}]}', ["tr_abc123"]),
        ("body:*.id", b'[{"id": "tr_abc123"}, {"id": "tr_abc124"}]', ["tr_abc123", "tr_abc124"]),
        ("body:v.*.r.id", b'{"v": [{"r": {"id": "tr_abc123"}}, {}]}', ["tr_abc123"]),
        ("body:ids.*", b'{"ids": ["tr_abc123", "tr_abc123", "x"]}', ["tr_abc123"]),
        ("body:a.*.b.*", b'{"a": [{"b": ["tr_abc123"]}, {"b": ["tr_abc124"]}]}',
         ["tr_abc123", "tr_abc124"]),
        ("query:id", b"{}", ["tr_query1"]),
        ("header:X-Id", b"{}", ["tr_header1"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("media", [JSON, {"content-type": "application/vnd.acme+json"}, {}])
async def test_an_id_is_read_wherever_it_is(hints_of, store, position, body, expected, media):
    hints = hints_of(lambda name: {}, id=position)
    headers = media | {"x-id": "tr_header1"}
    async with hints.lifespan():
        answer = await hints.deliver("POST", f"{URL}?id=tr_query1", headers, body)
    assert answer.status == (200 if expected else 400)
    assert [kept.subject for kept in reversed(store.find(EventQuery()))] == expected


async def test_numbers_are_ids_too(hints_of, store):
    hints = hints_of(lambda name: {}, id="body:order.id", shape="[0-9]{1,12}")
    async with hints.lifespan():
        answer = await hints.deliver("POST", URL, JSON, b'{"order": {"id": 99}}')
    assert answer.outcome == "accepted"
    assert [kept.id for kept in store.find(EventQuery())] == ["99"]


async def test_the_elements_of_a_list_count_one_by_one(hints_of, clock, caplog):
    def batch(start, count):
        return msgspec.json.encode([{"id": f"tr_{n:06}"} for n in range(start, start + count)])

    hints = hints_of(lambda name: {}, id="body:*.id")
    async with hints.lifespan():
        sent = [
            (await hints.deliver("POST", URL, JSON, body)).status
            for body in (batch(0, 101), batch(0, 100), batch(200, 1))
        ]
        assert sent == [400, 200, 429]
        clock.advance(6)
        answer = await hints.deliver("POST", URL, JSON, b'[{"id": "tr_abc123"}, {"id": "cus_1"}]')
    assert answer.status == 200
    assert "1 ids do not have the shape" in caplog.text


@pytest.mark.parametrize(
    "position", ["id", "form:id", "claim:sub", "body:", "body:a[0].id", "body:$.a.*", "body:a..b",
           "body:a.*b", "body:.a", "query:"],
)  # fmt: skip
def test_a_position_that_no_delivery_has_is_refused_at_once(hints_of, position):
    with pytest.raises(InvalidScheme, match=r"locator|position"):
        hints_of(lambda name: None, id=position)


async def test_an_unknown_id_is_answered_like_a_known_one(hints_of, store):
    def get_payment(name):
        raise NotFound

    hints, seen = hints_of(get_payment), []
    hints.on("*")(seen.append)
    async with hints.lifespan():
        answer = await _send(hints)
        await hints.drain()
    assert (answer.status, seen) == (200, [])
    [kept] = store.find(EventQuery())
    assert (kept.state, kept.reason) == ("done", "the provider has no such object")


async def test_an_open_breaker_keeps_the_hint(hints_of, store, clock):
    def get_payment(name):
        raise CircuitOpen

    hints = hints_of(get_payment)
    hints.on("*")(print)
    async with hints.lifespan():
        await _send(hints)
        await hints.drain()
    [kept] = store.find(EventQuery())
    assert (kept.state, kept.attempts) == ("pending", 0)


async def test_waiting_hints_are_merged_and_running_ones_are_not(hints_of, store):
    reads, again = [], asyncio.Event()

    async def get_payment(name):
        reads.append(name)
        again.set()
        await asyncio.sleep(0)
        return {}

    hints = hints_of(get_payment, work=False)
    hints.on("*")(lambda event: None)
    async with hints.lifespan():
        assert [(await _send(hints)).outcome for _ in range(3)] == [
            "accepted",
            "duplicate",
            "duplicate",
        ]
        working = asyncio.create_task(hints.drain())
        await again.wait()
        assert (await _send(hints)).outcome == "accepted"
        await working
        await hints.drain()
    assert reads == ["tr_abc123", "tr_abc123"]


async def test_a_flood_of_hints_gets_429(hints_of, clock):
    hints = hints_of(lambda name: None)
    async with hints.lifespan():
        answers = [await _send(hints, f"id=tr_{n:06}".encode()) for n in range(60)]
        assert [answer.status for answer in answers] == [200] * 50 + [429] * 10
        assert dict(answers[-1].headers)["retry-after"] == "5"
        clock.advance(1)
        later = [await _send(hints, f"id=tr_{n:06}".encode()) for n in range(100, 111)]
        assert [answer.status for answer in later] == [200] * 10 + [429]


async def test_the_token_is_the_end_of_the_path(hints_of, monkeypatch):
    monkeypatch.setenv("HINT_TOKEN", "s3cret-s3cret-s3cret-s3cret")
    hints = hints_of(lambda name: None, token="HINT_TOKEN")
    async with hints.lifespan():
        assert (await _send(hints)).status == 401
        assert (await _send(hints, url=f"{URL}/s3cret-s3cret-s3cret-s3cret?a=b")).status == 200
    monkeypatch.setenv("HINT_TOKEN", "short")
    with pytest.raises(Refused, match="HINT_TOKEN is shorter"):
        async with hints.lifespan():
            pass


@pytest.mark.parametrize("shape", ["", ".*", r"\S+", "[a-z", r"[\w./-]*"])
def test_a_shape_that_matches_anything_is_refused(hints_of, shape):
    with pytest.raises(Refused, match="shape"):
        hints_of(lambda name: None, shape=shape)


def test_a_missing_read_is_refused(hints_of):
    with pytest.raises(Refused, match="RefetchReceiver needs `read=`"):
        hints_of(None)


def test_a_provider_that_signs_is_verified_instead(clock):
    with pytest.raises(Refused, match="signs its deliveries"):
        RefetchReceiver("stripe", id="body:id", shape=SHAPE, read=lambda name: None)
