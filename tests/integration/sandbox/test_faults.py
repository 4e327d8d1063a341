"""Each fault does on the wire what its name says, to whom and as often as it was told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from noctule.providers import FailureFact
from noctule.providers.pack import Pack
from noctule.sandbox import KINDS, FakeProvider, Fault
from support.sandbox_samples import PARCEL, PARCELS, get, play, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PLACE = "/v1/parcels/p_1"
PACK = Pack(
    id="parcels",
    name="Parcels",
    homepage="https://parcels.example",
    failure=FailureFact(flag="ok", code="error.code"),
    path=Path("parcels.toml"),
)
SOON = 0.2
"""Seconds without a byte after which none is taken to come."""


async def answered(fake: FakeProvider, fault: Fault) -> tuple[dict[str, str], bytes]:
    """Headers (and ":status") and body under `fault`, as they stand on the wire."""
    await fake.inject(fault)
    head, _, body = (await said(fake, get(PLACE))).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return {**headers, ":status": status}, body


async def honest(fake: FakeProvider) -> dict[str, Any]:
    await fake.clear()
    thing: dict[str, Any] = json.loads((await said(fake, get(PLACE))).partition(b"\r\n\r\n")[2])
    return thing


async def until_silent(fake: FakeProvider) -> bytes:
    """What the fake sends before it falls silent with the connection open."""
    host, port = fake.origin.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(get(PLACE))
    data = b""
    while True:
        try:
            read = await asyncio.wait_for(reader.read(65536), SOON)
        except TimeoutError:
            writer.close()
            return data
        assert read, "the fake closed the connection"
        data += read


async def refuse(fake: FakeProvider) -> None:
    origin = fake.origin
    await fake.inject(Fault(kind="refuse"))
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await said(fake, get(PLACE))
    await fake.clear()
    assert fake.origin == origin
    assert await honest(fake)


async def reset(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="reset"))
    with pytest.raises(ConnectionResetError):
        await said(fake, get(PLACE))
    assert fake.ledger.exchanges[0].status == 0


async def reset_on_accept(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="reset_on_accept"))
    with pytest.raises(ConnectionError):
        await said(fake, get(PLACE))
    assert (fake.ledger.connections, fake.ledger.exchanges) == (1, [])


async def close(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="close"))
    assert await said(fake, get(PLACE)) == b""


async def hang(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="hang"))
    assert await until_silent(fake) == b""
    assert fake.ledger.exchanges[0].status == 0


async def stall(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="stall"))
    head, _, body = (await until_silent(fake)).partition(b"\r\n\r\n")
    announced = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    assert 0 < len(body) < announced


async def latency(fake: FakeProvider) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    _, body = await answered(fake, Fault(kind="latency", seconds=0.1))
    assert loop.time() - begun >= 0.09
    assert json.loads(body) == await honest(fake)


async def drip(fake: FakeProvider) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    headers, body = await answered(fake, Fault(kind="drip", seconds=0.001))
    assert loop.time() - begun >= 0.0009 * len(body)
    assert headers["content-length"] == str(len(body))
    assert json.loads(body) == await honest(fake)


async def truncated(fake: FakeProvider) -> None:
    headers, body = await answered(fake, Fault(kind="truncated"))
    assert 0 < len(body) < int(headers["content-length"])
    await fake.inject(Fault(kind="truncated"))
    fake.put("/parcels/p_2", weight=3)
    nothing = await said(fake, get("/v1/parcels/p_2").replace(b"GET", b"DELETE"))
    assert nothing.startswith(b"HTTP/1.1 204")
    assert not nothing.endswith(b"\r\n\r\n")


async def garbage(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="garbage"))
    sent = await said(fake, get(PLACE))
    assert sent
    assert not sent.startswith(b"HTTP")
    assert fake.ledger.exchanges[0].status == 0


async def garbage_body(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="garbage_body"))
    async with httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(fake.origin + PLACE)
    assert fake.ledger.exchanges[0].status == 200


async def status(fake: FakeProvider) -> None:
    fault = Fault(kind="status", status=429, headers={"retry-after": "5"})
    headers, body = await answered(fake, fault)
    assert headers[":status"] == "HTTP/1.1 429 Too Many Requests"
    assert headers["retry-after"] == "5"
    assert set(json.loads(body)) == {"code", "message"}
    _, body = await answered(fake, Fault(kind="status", status=599, body="gone fishing"))
    assert body == b"gone fishing"


async def refused_in_200(fake: FakeProvider) -> None:
    fault = Fault(kind="refused_in_200", code="busy", headers={"retry-after": "5"})
    headers, body = await answered(fake, fault)
    assert (headers[":status"], headers["retry-after"]) == ("HTTP/1.1 200 OK", "5")
    assert json.loads(body) == {"ok": False, "error": {"code": "busy"}}


async def redirect_loop(fake: FakeProvider) -> None:
    await fake.inject(Fault(kind="redirect_loop", times=None))
    async with httpx2.AsyncClient(follow_redirects=True) as client:
        with pytest.raises(httpx2.TooManyRedirects):
            await client.get(fake.origin + PLACE)


async def oversized_header(fake: FakeProvider) -> None:
    headers, _ = await answered(fake, Fault(kind="oversized_header"))
    assert len(headers["x-flood"]) > 200_000


async def wrong_content_type(fake: FakeProvider) -> None:
    headers, body = await answered(fake, Fault(kind="wrong_content_type"))
    assert headers["content-type"] == "text/html"
    assert body.startswith(b"<!doctype html>")


async def invalid_json(fake: FakeProvider) -> None:
    headers, body = await answered(fake, Fault(kind="invalid_json"))
    assert headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


async def empty_body(fake: FakeProvider) -> None:
    headers, body = await answered(fake, Fault(kind="empty_body"))
    assert (headers[":status"], headers["content-length"], body) == ("HTTP/1.1 200 OK", "0", b"")


async def missing_field(fake: FakeProvider) -> None:
    _, body = await answered(fake, Fault(kind="missing_field"))
    (gone,) = (await honest(fake)).keys() - json.loads(body).keys()
    assert gone in PARCEL["required"]
    _, body = await answered(fake, Fault(kind="missing_field", field="note"))
    assert "note" not in json.loads(body)


async def null_field(fake: FakeProvider) -> None:
    _, body = await answered(fake, Fault(kind="null_field"))
    nulls = [name for name, value in json.loads(body).items() if value is None]
    assert nulls
    assert set(nulls) <= set(PARCEL["required"])


async def wrong_type(fake: FakeProvider) -> None:
    _, body = await answered(fake, Fault(kind="wrong_type", field="weight"))
    assert json.loads(body) == {**await honest(fake), "weight": {"unexpected": True}}


async def new_enum_value(fake: FakeProvider) -> None:
    _, body = await answered(fake, Fault(kind="new_enum_value"))
    told = json.loads(body)
    assert told["status"] not in PARCEL["properties"]["status"]["enum"]
    assert told == {**await honest(fake), "status": told["status"]}


async def extra_field(fake: FakeProvider) -> None:
    _, body = await answered(fake, Fault(kind="extra_field"))
    assert json.loads(body).keys() > (await honest(fake)).keys()


FAULTS: dict[str, Callable[[FakeProvider], Awaitable[None]]] = {
    scene.__name__: scene
    for scene in (
        refuse, reset_on_accept, reset, close, hang, stall, latency, drip, truncated, garbage,
        garbage_body, status, refused_in_200, redirect_loop, oversized_header, wrong_content_type,
        invalid_json, empty_body, missing_field, null_field, wrong_type, new_enum_value,
        extra_field,
    )
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_does_what_its_name_says_and_then_all_is_well(kind: str) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        fake.put("/parcels/p_1", weight=3)
        await FAULTS[kind](fake)
        assert (
            fake.ledger.exchanges == []
            or fake.ledger.exchanges[0].fault == kind
            or kind == "refuse"
        )
        await fake.clear()
        assert (await client.get("/parcels/p_1")).json()["weight"] == 3

    play(scene, pack=PACK)


ONE_REQUEST: tuple[tuple[str, bool], ...] = (
    ("reset", False),
    ("close", False),
    ("status", False),
    ("refused_in_200", False),
    ("redirect_loop", False),
    ("garbage", False),
    ("truncated", True),
    ("invalid_json", True),
    ("empty_body", True),
    ("missing_field", True),
    ("wrong_content_type", True),
    ("garbage_body", True),
)
"""Kinds, and whether the provider had by their nature done its work."""


@pytest.mark.parametrize(("kind", "done"), ONE_REQUEST)
def test_whether_the_work_was_done_is_told_or_in_the_nature_of_the_fault(
    kind: Any, done: bool
) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for committed in (False, True):
            await fake.inject(Fault(kind=kind, committed=committed))
            before = len(fake.ledger.effects)
            with contextlib.suppress(httpx2.TransportError):
                await client.post("/parcels", json={"weight": 3})
            assert len(fake.ledger.effects) - before == (done or committed)

    play(scene, pack=PACK)


def test_a_committed_effect_is_replayed_under_its_key() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        await fake.inject(Fault(kind="reset", committed=True))
        sent: dict[str, Any] = {"json": {"weight": 3}, "headers": {"Idempotency-Key": "k"}}
        with pytest.raises(httpx2.TransportError):
            await client.post("/parcels", **sent)
        assert (await client.post("/parcels", **sent)).status_code == 200
        assert len(fake.ledger.effects) == 1
        assert fake.ledger.exchanges[1].replayed

    play(scene)


async def statuses(client: httpx2.AsyncClient, *places: str) -> list[int]:
    return [(await client.get(place)).status_code for place in places]


def test_faults_strike_in_order_after_so_many_and_so_many_times() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        await fake.inject(
            Fault(kind="status", status=500, after=2, times=2), Fault(kind="status", status=503)
        )
        seen = await statuses(client, *["/parcels"] * 6)
        assert seen == [200, 200, 500, 500, 503, 200]

    play(scene)


def test_a_fault_of_one_operation_leaves_the_others_alone() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        await fake.inject(Fault(kind="status", operation="GET /search", times=None))
        places = ["/parcels", "/search?q=a", "/nowhere", "/search?q=a"]
        assert await statuses(client, *places) == [200, 500, 404, 500]
        assert [exchange.fault for exchange in fake.ledger.exchanges] == [
            "",
            "status",
            "",
            "status",
        ]
        await fake.clear()
        assert await statuses(client, *places) == [200, 200, 404, 200]

    play(scene)


def test_latency_of_the_fake_is_that_of_every_answer() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await statuses(client, "/parcels", "/nowhere")
        assert loop.time() - begun >= 0.09

    play(scene, latency=0.05)


def test_a_fault_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault 'fire'; valid faults: refuse"):
        Fault(kind="fire")  # type: ignore[arg-type]


def test_a_failure_inside_a_200_needs_a_pack_that_describes_it() -> None:
    async def scene(fake: FakeProvider, _: httpx2.AsyncClient) -> None:
        with pytest.raises(ValueError, match=r"no failure is declared"):
            await fake.inject(Fault(kind="refused_in_200"))

    play(scene)


def test_it_ends_with_a_client_still_waiting() -> None:
    async def scene() -> None:
        async with FakeProvider(PARCELS) as fake:
            await fake.inject(Fault(kind="hang"))
            host, port = fake.origin.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(get(PLACE))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), SOON)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()

    asyncio.run(scene())


@pytest.mark.parametrize("kind", ["status", "latency"])
def test_an_answer_to_head_has_no_body_under_a_fault(kind: Any) -> None:
    async def scene(fake: FakeProvider, _: httpx2.AsyncClient) -> None:
        await fake.inject(Fault(kind=kind, status=503, seconds=0.01))
        head, _, body = (await said(fake, get(PLACE).replace(b"GET", b"HEAD"))).partition(
            b"\r\n\r\n"
        )
        assert head.startswith(b"HTTP/1.1 ")
        assert fake.ledger.exchanges[-1].fault == kind
        assert body == b""

    play(scene)
