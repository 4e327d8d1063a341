"""The fake keeps a world: what was made can be read, changed, listed and deleted, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule import apidoc, providers
from support.sandbox_samples import ID, document, operation, play

if TYPE_CHECKING:
    import httpx2

    from noctule.sandbox import FakeProvider


async def created(client: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    response = await client.post("/parcels", json={"weight": 3, **fields})
    assert response.status_code == 200, response.text
    made: dict[str, Any] = response.json()
    return made


def test_what_is_made_can_be_read_changed_and_deleted() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        made = await created(client, note="fragile")
        place = f"/parcels/{made['id']}"
        assert (made["weight"], made["note"]) == (3, "fragile")
        assert (await client.get(place)).json() == made

        changed = (await client.patch(place, json={"weight": 9})).json()
        assert changed == {**made, "weight": 9}
        assert (await client.get(place)).json() == changed

        assert (await client.delete(place)).status_code == 204
        assert (await client.get(place)).status_code == 404
        assert (await client.delete(place)).status_code == 404
        assert [effect.operation for effect in fake.ledger.effects] == [
            "POST /parcels",
            "PATCH /parcels/{id}",
            "DELETE /parcels/{id}",
        ]
        assert {effect.resource for effect in fake.ledger.effects} == {place}

    play(scene)


def test_a_list_holds_what_exists_and_is_the_last_page() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        assert (await client.get("/parcels")).json() == {"data": [], "has_more": False}
        made = [await created(client, weight=weight) for weight in (1, 2)]
        assert len({each["id"] for each in made}) == 2
        assert (await client.get("/parcels")).json()["data"] == made
        await client.delete(f"/parcels/{made[0]['id']}")
        assert (await client.get("/parcels")).json()["data"] == made[1:]

    play(scene)


def test_what_is_for_requests_only_is_not_answered() -> None:
    secret = {"type": "string", "writeOnly": True}
    signer = {
        "type": "object",
        "properties": {"email": {"type": "string"}, "password": secret},
    }
    request = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "pin": secret,
            "owner": signer,
            "signers": {"type": "array", "items": signer},
            "any": {"anyOf": [{"type": "array", "items": signer}, {"type": "string"}]},
            "named": {"type": "object", "additionalProperties": signer},
        },
    }
    example = {**request, "example": {"id": "d", "pin": "9", "signers": [{"password": "example"}]}}
    paths = {
        "/deeds": {"post": operation(request, body=request)},
        "/deeds/{id}": {"get": operation(example, parameters=[ID])},
    }

    async def scene(_: FakeProvider, client: httpx2.AsyncClient) -> None:
        one = {"email": "a@example.com", "password": "sent"}
        sent = {"id": "d_1", "pin": "1", "owner": one, "signers": [one, one], "any": [one]}
        made = (await client.post("/deeds", json={**sent, "named": {"a": one}})).json()
        shown = {"email": "a@example.com"}
        assert made == {
            "id": "d_1", "owner": shown, "signers": [shown, shown], "any": [shown],
            "named": {"a": shown},
        }  # fmt: skip
        read = (await client.get("/deeds/d_1")).text
        assert "d_1" in read
        assert not any(word in read for word in ("pin", "password"))

    play(scene, document(paths))


def test_an_action_changes_the_thing_itself() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        made = await created(client)
        sent = await client.post(f"/parcels/{made['id']}/send")
        assert sent.json()["id"] == made["id"]
        assert fake.ledger.effects[-1].resource == f"/parcels/{made['id']}"
        assert (await client.post("/parcels/none/send")).status_code == 404

    play(scene)


def test_what_is_put_twice_has_its_effect_once() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for weight in (5, 5, 6):
            answer = await client.put("/parcels/p_1", json={"weight": weight})
            assert answer.json() | {"id": "p_1", "weight": weight} == answer.json()
        assert len(fake.ledger.effects) == 2

    play(scene)


def test_a_collection_is_deleted_once() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for _ in range(2):
            assert (await client.delete("/parcels")).status_code == 204
        assert [effect.operation for effect in fake.ledger.effects] == ["DELETE /parcels"]

    play(scene)


def test_what_does_not_exist_is_not_found_and_says_so() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for method, place in (
            ("GET", "/parcels/none"),
            ("PATCH", "/parcels/none"),
            ("GET", "/nowhere"),
            ("POST", "/search"),
        ):
            body = {} if method == "PATCH" else None
            response = await client.request(method, place, json=body)
            assert response.status_code == 404, place
            assert fake.ledger.exchanges[-1].reason
            assert fake.ledger.exchanges[-1].reason in response.text
        assert not fake.ledger.effects

    play(scene)


def test_put_and_ensure_make_things_exist() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        fake.put("/parcels/p_7", weight=7)
        assert (await client.get("/parcels/p_7")).json()["weight"] == 7
        fake.ensure("DELETE /parcels/{id}", {"id": "p_8"})
        assert (await client.delete("/parcels/p_8")).status_code == 204
        fake.ensure("POST /parcels/{id}/send", {"id": "p_9"})
        assert (await client.post("/parcels/p_9/send")).json()["id"] == "p_9"

    play(scene)


def test_operations_that_share_a_path_on_the_wire_are_told_apart_by_ensure() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for name, status in (("close", 204), ("open", 200), ("close", 204)):
            key = f"PUT /links/{{id}}#{name}"
            fake.ensure(key, {"id": "l_1"})
            answer = await client.put("/links/l_1", json={} if name == "open" else None)
            assert answer.status_code == status
            assert fake.ledger.exchanges[-1].operation == key
        await fake.renew()
        client.base_url = fake.base_url
        await client.put("/links/l_1", json={})
        assert fake.ledger.exchanges[-1].operation == "PUT /links/{id}#open"

    play(scene)


def test_the_most_literal_path_is_meant() -> None:
    paths = {
        "/things/{id}": {"get": operation({"type": "object"})},
        "/things/newest": {"get": operation({"type": "object"})},
        "/things/{id}.json": {"get": operation({"type": "object"})},
        "/things/{kind}/{id}": {"get": operation({"type": "object"})},
    }

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for place in (
            "/things/newest",
            "/things/a.json",
            "/things/a",
            "/things/b%2Fc",
            "/things/a/b",
        ):
            await client.get(place)
        assert [exchange.operation for exchange in fake.ledger.exchanges] == [
            "GET /things/newest",
            "GET /things/{id}.json",
            "GET /things/{id}",
            "GET /things/{id}",
            "GET /things/{kind}/{id}",
        ]

    play(scene, document(paths))


def test_renewed_it_is_as_if_just_made() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        first, before = await created(client), fake.base_url
        await fake.renew()
        assert fake.base_url != before
        assert not fake.ledger.exchanges
        assert not fake.ledger.effects
        assert fake.ledger.connections == 0
        client.base_url = fake.base_url
        assert (await client.get(f"/parcels/{first['id']}")).status_code == 404
        assert await created(client) == first

    play(scene)


def test_the_ledger_counts_and_shows_no_header_and_no_body() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        await client.post("/parcels", json={"weight": 3, "note": "card"}, headers={"X-Key": "sk"})
        await client.get("/parcels?limit=secret")
        assert len(fake.ledger.requests()) == 2
        assert len(fake.ledger.requests("POST /parcels")) == 1
        assert len(fake.ledger.gaps()) == 1
        assert fake.ledger.gaps()[0] >= 0
        exchange = fake.ledger.exchanges[0]
        assert exchange.headers["x-key"] == "sk"
        assert b"card" in exchange.body
        told = f"{fake.ledger.as_json()} {fake.ledger.exchanges}"
        assert not [word for word in ("card", "sk", "limit=secret") if word in told]
        assert [line["status"] for line in fake.ledger.as_json()["requests"]] == [200, 400]

    play(scene)


def test_the_same_requests_and_seed_have_the_same_answers() -> None:
    told: list[list[bytes]] = []

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        answers = [await client.post("/parcels", json={"weight": 2}) for _ in range(3)]
        answers += [await client.get(place) for place in ("/parcels", "/nowhere")]
        told.append([answer.content for answer in answers])

    for _ in range(2):
        play(scene, seed=5)
    assert told[0] == told[1]


def test_the_request_is_named_as_the_provider_names_it() -> None:
    pack = providers.pack("stripe")
    stripe = apidoc.parse(pack.document_bytes(), source="pack:stripe")

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        names = [(await client.get("/v1/customers")).headers["request-id"] for _ in range(2)]
        assert names == ["req_00000001", "req_00000002"]

    play(scene, stripe, pack=pack)
