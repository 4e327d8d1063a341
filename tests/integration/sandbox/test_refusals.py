"""What the document forbids is refused with the documented error, which says why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from noctule import apidoc, providers
from support.sandbox_samples import ERROR, PARCELS, SCHEMES, TOKEN_URL, document, operation, play

if TYPE_CHECKING:
    import httpx2

    from noctule.sandbox import FakeProvider

FORBIDDEN: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "not in the bounds": ("POST", "/parcels", {"json": {"weight": 101}}, "body.weight"),
    "of another type": ("POST", "/parcels", {"json": {"weight": "three"}}, "body.weight"),
    "a field missing": ("POST", "/parcels", {"json": {}}, "weight"),
    "a field unheard of": ("POST", "/parcels", {"json": {"weight": 1, "wieght": 2}}, "wieght"),
    "not one of the values": ("PATCH", "/parcels/p", {"json": {"status": "lost"}}, "status"),
    "no body": ("POST", "/parcels", {}, "body: is required"),
    "not JSON": (
        "POST",
        "/parcels",
        {"content": b"{", "headers": {"content-type": "application/json"}},
        "not JSON",
    ),
    "a deep body": (
        "POST",
        "/parcels",
        {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
        "nested",
    ),
    "of another kind": ("POST", "/parcels", {"data": {"weight": "3"}}, "content type"),
    "query missing": ("GET", "/search", {}, "query q: is required"),
    "query unheard of": ("GET", "/parcels?page=2", {}, "query page"),
    "query of another type": ("GET", "/parcels?limit=all", {}, "query limit"),
    "a deep query": ("GET", "/parcels?limit" + "[a]" * 9000, {}, "query limit"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_request_is_refused_with_its_reason(name: str) -> None:
    method, place, sent, reason = FORBIDDEN[name]

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        response = await client.request(method, place, **sent)
        assert response.status_code == (415 if "content type" in reason else 400), response.text
        jsonschema_rs.validate(ERROR, response.json())
        assert reason in response.json()["message"]
        assert response.json()["message"] == fake.ledger.exchanges[0].reason
        assert not fake.ledger.effects

    play(scene)


def test_a_reason_does_not_repeat_what_was_sent() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        response = await client.post("/parcels", json={"weight": "4242424242424242"})
        assert response.status_code == 400
        assert "4242" not in response.text

    play(scene)


OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "bearer": ({"Authorization": "Basic eDp5"}, {"headers": {"Authorization": "Bearer k"}}),
    "basic": ({"Authorization": "Bearer k"}, {"headers": {"Authorization": "Basic eDp5"}}),
    "header": ({"X-Api": "k"}, {"headers": {"X-Api-Key": "k"}}),
    "query": ({"X-Api-Key": "k"}, {"params": {"api_key": "k"}}),
    "cookie": ({"Cookie": "a,b=c; expires=1; =; sessions=k"}, {"headers": {"Cookie": "session=k"}}),
    "oauth": ({"X-Api-Key": "k"}, {"headers": {"Authorization": "Bearer k"}}),
}
"""By scheme: headers that carry no such credential, and a request that does."""


@pytest.mark.parametrize("name", OTHERS)
def test_each_kind_of_credential_is_asked_for(name: str) -> None:
    wrong, right = OTHERS[name]
    api = document({"/me": {"get": operation()}}, schemes=SCHEMES, security=[{name: []}])

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        for headers in ({}, wrong):
            refused = await client.get("/me", headers=headers)
            assert refused.status_code == 401
            assert f"no credential: {name}" in refused.json()["message"]
        assert (await client.get("/me", **right)).status_code == 204

    play(scene, api)


def test_one_of_several_credentials_is_enough_and_two_together_are_both_needed() -> None:
    api = document(
        {"/me": {"get": operation()}},
        schemes=SCHEMES,
        security=[{"header": [], "query": []}, {"bearer": []}],
    )

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        half = await client.get("/me", headers={"X-Api-Key": "k"})
        assert half.status_code == 401
        assert "query or bearer" in half.json()["message"]
        both = await client.get("/me", params={"api_key": "k"}, headers={"X-Api-Key": "k"})
        other = await client.get("/me", headers={"Authorization": "Bearer k"})
        assert [both.status_code, other.status_code] == [204, 204]

    play(scene, api)


def test_a_token_that_an_operation_asks_for_as_well_may_come_as_the_credential_alone() -> None:
    asked = [
        {"name": "token", "in": place, "required": True, "schema": {"type": "string"}}
        for place in ("query", "header")
    ]
    api = document(
        {"/me": {"get": operation(parameters=asked)}}, schemes=SCHEMES, security=[{"bearer": []}]
    )

    async def scene(_fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        got = await client.get("/me", headers={"Authorization": "Bearer k"})
        assert got.status_code == 204, got.text

    play(scene, api)


def test_the_token_endpoint_grants_to_who_says_who_it_is() -> None:
    api = document({"/me": {"get": operation()}}, schemes=SCHEMES, security=[{"oauth": []}])

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        place = fake.origin + TOKEN_URL.removeprefix("https://api.parcels.example")
        grants: list[dict[str, str]] = [
            {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"},
            {"grant_type": "refresh_token", "refresh_token": "r", "client_id": "c"},
        ]
        first, second = [(await client.post(place, data=grant)).json() for grant in grants]
        assert first["token_type"] == "Bearer"
        assert first["expires_in"] > 0
        assert "refresh_token" not in first
        assert second["refresh_token"] != second["access_token"] != first["access_token"]
        bearer = {"Authorization": f"Bearer {first['access_token']}"}
        assert (await client.get("/me", headers=bearer)).status_code == 204

        for unknown in ({"grant_type": "client_credentials"}, {"client_id": "c"}):
            refused = await client.post(place, data=unknown)
            assert (refused.status_code, refused.json()) == (401, {"error": "invalid_client"})
        assert fake.ledger.exchanges[0].operation == "token"
        assert not fake.ledger.effects

        await fake.renew()
        place = place.replace(str(client.base_url.port), fake.origin.rpartition(":")[2])
        assert (await client.post(place, data=grants[0])).json() == first

    play(scene, api)


def test_the_token_endpoint_answers_what_the_document_says() -> None:
    answer = {
        "type": "object",
        "required": ["access_token", "issued_at", "scope"],
        "properties": {
            "access_token": {"type": "string"},
            "token_type": {"type": "string", "enum": ["mac", "bearer"]},
            "expires_in": {"type": "string"},
            "issued_at": {"type": "integer"},
            "scope": {"type": "string", "enum": ["all"]},
            "note": {"type": "string"},
        },
    }
    paths = {"/me": {"get": operation()}, "/oauth/token": {"post": operation(answer)}}
    api = document(paths, schemes=SCHEMES, security=[{"oauth": []}])

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        place = fake.origin + TOKEN_URL.removeprefix("https://api.parcels.example")
        form = {"grant_type": "client_credentials", "client_id": "c", "client_secret": "s"}
        token = (await client.post(place, data=form)).json()
        jsonschema_rs.Draft202012Validator(answer).validate(token)
        assert token["token_type"] == "bearer"
        assert "note" not in token
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        assert (await client.get("/me", headers=bearer)).status_code == 204

    play(scene, api)


def test_a_key_replays_its_answer_and_conflicts_with_another_request() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        key = {"Idempotency-Key": "k-1"}
        first = await client.post("/parcels", json={"weight": 3}, headers=key)
        again = await client.post("/parcels", json={"weight": 3}, headers=key)
        other = await client.post("/parcels", json={"weight": 4}, headers=key)
        fresh = await client.post("/parcels", json={"weight": 3}, headers={"Idempotency-Key": "k"})
        assert again.json() == first.json() != fresh.json()
        assert other.status_code == 409
        assert "idempotency key" in other.json()["message"]
        assert [each.replayed for each in fake.ledger.exchanges] == [False, True, False, False]
        assert [effect.exchange for effect in fake.ledger.effects] == [1, 4]

    play(scene, PARCELS)


def test_a_refused_request_does_not_use_its_key_up() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        key = {"Idempotency-Key": "k-1"}
        assert (await client.post("/parcels", json={}, headers=key)).status_code == 400
        good = await client.post("/parcels", json={"weight": 3}, headers=key)
        assert good.status_code == 200

    play(scene)


def test_a_pack_says_on_which_methods_a_key_is_looked_at() -> None:
    pack = providers.pack("stripe")
    stripe = apidoc.parse(pack.document_bytes(), source="pack:stripe")

    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        headers = {"Authorization": "Bearer k", "Idempotency-Key": "k"}
        for _ in range(2):
            made = await client.post("/v1/customers", headers=headers, data={"name": "Ada"})
            assert made.status_code == 200, made.text
        assert len(fake.ledger.effects) == 1
        for _ in range(2):
            await client.get("/v1/customers", headers=headers)
        assert [each.replayed for each in fake.ledger.exchanges] == [False, True, False, False]

    play(scene, stripe, pack=pack)
