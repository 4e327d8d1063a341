"""The fake provider asks for Digest, and lets those in who know the password: another client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from support.sandbox_samples import document, operation, play

if TYPE_CHECKING:
    from noctule.sandbox import FakeProvider

SCHEMES: Any = {
    "login": {"type": "http", "scheme": "Digest"},
    "key": {"type": "apiKey", "in": "query", "name": "key"},
}
PATHS: Any = {
    "/me": {"get": operation(security=[{"login": []}])},
    "/status": {"get": operation(security=[])},
}


@pytest.mark.parametrize(
    ("user", "password", "statuses"),
    [("ada", "secret", [401, 204]), ("ada", "wrong", [401, 401]), ("eve", "secret", [401, 401])],
)
def test_the_password_is_checked(user: str, password: str, statuses: list[int]) -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        login = httpx2.DigestAuth(user, password)
        await client.get(f"{fake.base_url}/me", auth=login)
        assert [exchange.status for exchange in fake.ledger.exchanges] == statuses
        assert fake.ledger.exchanges[0].operation == "challenge"

    play(scene, document(PATHS, schemes=SCHEMES), logins={"ada": "secret"})


def test_an_answer_counts_once_and_for_its_address() -> None:
    async def scene(fake: FakeProvider, client: httpx2.AsyncClient) -> None:
        login = httpx2.DigestAuth("ada", "secret")
        await client.get(f"{fake.base_url}/me", auth=login)
        header = {"authorization": fake.ledger.exchanges[-1].headers["authorization"]}
        again = await client.get(f"{fake.base_url}/me", headers=header)
        other = await client.get(f"{fake.base_url}/me?x=1", headers=header)
        free = await client.get(f"{fake.base_url}/status")
        assert [again.status_code, other.status_code, free.status_code] == [401, 401, 204]
        assert "Digest realm=" in again.headers["www-authenticate"]

    play(scene, document(PATHS, schemes=SCHEMES), logins={"ada": "secret"})
