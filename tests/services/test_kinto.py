"""Kinto, from the Swagger 2.0 document that it serves itself.

Where the document differs from the server, and what a user does about it:

- Every operation says `security: []`, and everything needs HTTP Basic: `--auth basic`.
- Its host is that of the server it was taken from: `KINTO_BASE_URL`, with the path `/v1`.
- The next page is in a header that it does not name: a pack of the project says `Next-Page`, and
  how to authenticate as well.
- A deleted record is only its id, time and `deleted`: these are what `data` holds.
- A missing bucket is 403, not 404: `Forbidden`.
- A PUT with `If-None-Match: *` of something that exists is 412: `Conflict`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import Conflict, Forbidden, NotFound, Unauthorized
from support.real_services import documented, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import Integrate

USER, PASSWORD = "shop", "password-of-a-test"
REQUEST = "Keep records in Kinto: create, list, read, change and delete records"
OPERATIONS = """
    PUT /accounts/{id}
    PUT /buckets/{id}
    PUT /buckets/{bucket_id}/collections/{id}
    POST /buckets/{bucket_id}/collections/{collection_id}/records
    GET /buckets/{bucket_id}/collections/{collection_id}/records
    GET /buckets/{bucket_id}/collections/{collection_id}/records/{id}
    PUT /buckets/{bucket_id}/collections/{collection_id}/records/{id}
    PATCH /buckets/{bucket_id}/collections/{collection_id}/records/{id}
    DELETE /buckets/{bucket_id}/collections/{collection_id}/records/{id}
"""
SETTINGS = """
[app:main]
use = egg:kinto
kinto.storage_backend = kinto.core.storage.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.includes = kinto.plugins.accounts
kinto.account_create_principals = system.Everyone
kinto.bucket_create_principals = system.Authenticated
kinto.userid_hmac_secret = secret-of-a-test
multiauth.policies = account
multiauth.policy.account.use = kinto.plugins.accounts.authentication.AccountsAuthenticationPolicy

[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = {port}
"""
PACK = """
id = "kinto"
name = "Kinto"
homepage = "https://kinto-storage.org"

[environments.live]
base_url = "https://kinto.example/v1"
credential_shape = ".+"
note_en = "Our server."
note_fr = "Notre serveur."

[auth]
kind = "basic"
env = { username = "KINTO_USERNAME", password = "KINTO_PASSWORD" }

[env.KINTO_USERNAME]
role = "username"
en = "Account"
fr = "Compte"

[env.KINTO_PASSWORD]
role = "password"
en = "Its password"
fr = "Son mot de passe"

[pagination]
style = "next_uri"
parameter = "_token"
next = "header:Next-Page"
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    server = program("kinto")
    folder = tmp_path / "kinto"
    folder.mkdir()
    settings = folder / "kinto.ini"

    def arguments(port: int) -> list[str]:
        settings.write_text(SETTINGS.format(port=port))
        return [server, "start", "--ini", str(settings)]

    with running(folder, arguments) as url:
        yield f"{url}/v1"


@pytest.fixture(autouse=True)
def variables(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINTO_BASE_URL", address)
    monkeypatch.setenv("KINTO_USERNAME", USER)
    monkeypatch.setenv("KINTO_PASSWORD", PASSWORD)


def test_life_of_a_record(integrate: Integrate, monkeypatch: pytest.MonkeyPatch) -> None:
    document = documented("documents/kinto.json")
    wrapper = integrate(REQUEST, document, OPERATIONS, "--auth", "basic")
    asyncio.run(life_of_a_record(wrapper.KintoService()))

    monkeypatch.setenv("KINTO_PASSWORD", "not-the-password")
    with pytest.raises(Unauthorized):
        asyncio.run(wrapper.KintoService().get_records(bucket_id="b", collection_id="c"))


async def life_of_a_record(service: Any) -> None:
    async with service as kinto:
        of = await collection(kinto)
        created = await kinto.create_record(**of, data={"name": "é", "tags": ["a"], "gone": None})
        of_record = {**of, "id": created.data["id"]}
        read = await kinto.get_record(**of_record)
        assert read.data == created.data
        assert (read.data["name"], read.data["gone"]) == ("é", None)
        assert read.permissions.write == [f"account:{USER}"]

        changed = await kinto.patch_record(**of_record, data={"tags": []})
        assert (changed.data["name"], changed.data["tags"]) == ("é", [])
        replaced = await kinto.update_record(**of_record, data={"n": 1})
        assert {"n", "id", "last_modified"} == replaced.data.keys()
        with pytest.raises(Conflict):
            await kinto.update_record(**of_record, data={}, if_none_match="*")
        listed = await kinto.get_records(**of)
        assert [record["id"] for record in listed.data] == [of_record["id"]]

        deleted = await kinto.delete_record(**of_record)
        assert deleted.data["deleted"] is True
        for gone in (kinto.get_record, kinto.delete_record):
            with pytest.raises(NotFound):
                await gone(**of_record)
        with pytest.raises(Forbidden):
            await kinto.get_record(**{**of_record, "bucket_id": "nowhere"})


def test_all_pages(tmp_path: Path, integrate: Integrate) -> None:
    packs = tmp_path / "project" / "integrations" / "packs"
    packs.mkdir(parents=True)
    (packs / "kinto.toml").write_text(PACK)
    document = documented("documents/kinto.json")
    wrapper = integrate(REQUEST, document, OPERATIONS)
    asyncio.run(all_pages(wrapper.KintoService()))


async def all_pages(service: Any) -> None:
    async with service as kinto:
        of = await collection(kinto)
        for number in range(7):
            await kinto.update_record(**of, id=f"r{number}", data={"n": number})
        for limit in (1, 2, 7, 100):
            pages = kinto.get_records_all(**of, limit=limit, sort=["n"])
            assert [record["n"] async for record in pages] == [*range(7)]


async def collection(kinto: Any) -> dict[str, str]:
    """A new account, bucket and collection."""
    await kinto.update_account(id=USER, data={"password": PASSWORD})
    await kinto.update_bucket(id="shop")
    await kinto.update_collection(bucket_id="shop", id="orders")
    return {"bucket_id": "shop", "collection_id": "orders"}
