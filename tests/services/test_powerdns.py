"""PowerDNS, from the Swagger 2.0 document in its source.

Where the document differs from the server, and what a user does about it:

- It names no host, only `/api/v1`: `POWER_DNS_BASE_URL` has the host, the path is kept.
- `changetype` of a record set is required; no answer has it, so reading it raises `InvalidMember`.
- That a zone exists already (409) is not documented: it is a `Conflict` all the same.
- Some errors are text, not JSON: an error needs no body.
- The export is a JSON string by the document, and an object when JSON is asked for: `JSON`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from noctule.runtime import Conflict, InvalidMember, NotFound, Unauthorized, Unprocessable
from support.echo_server import free_port
from support.real_services import documented, program, running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Integrate

KEY = "key-of-a-test"
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
OPERATIONS = """
    GET /servers
    GET /servers/{server_id}/zones
    POST /servers/{server_id}/zones
    GET /servers/{server_id}/zones/{zone_id}
    PATCH /servers/{server_id}/zones/{zone_id}
    PUT /servers/{server_id}/zones/{zone_id}
    DELETE /servers/{server_id}/zones/{zone_id}
    GET /servers/{server_id}/zones/{zone_id}/export
    GET /servers/{server_id}/search-data
"""


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    server = program("pdns_server")
    if not SCHEMA.is_file():
        pytest.skip("pdns-backend-sqlite3 is not installed")
    folder = tmp_path / "powerdns"
    folder.mkdir()
    database = sqlite3.connect(folder / "zones.sqlite")
    database.executescript(SCHEMA.read_text())
    database.close()

    def arguments(port: int) -> list[str]:
        settings = {
            "launch": "gsqlite3",
            "gsqlite3-database": folder / "zones.sqlite",
            "gsqlite3-dnssec": "yes",
            "api": "yes",
            "api-key": KEY,
            "webserver": "yes",
            "webserver-address": "127.0.0.1",
            "webserver-port": port,
            "local-address": "127.0.0.1",
            "local-port": free_port(),
            "socket-dir": folder,
            "daemon": "no",
            "guardian": "no",
        }
        lines = [f"{name}={value}\n" for name, value in settings.items()]
        (folder / "pdns.conf").write_text("".join(lines))
        return [server, f"--config-dir={folder}"]

    with running(folder, arguments) as url:
        yield url


def test_life_of_a_zone(
    address: str, integrate: Integrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = documented("documents/pdns-4.7.3.yaml")
    request = "Manage our DNS zones with PowerDNS: create, read, list, change and delete zones"
    wrapper = integrate(request, document, OPERATIONS)
    monkeypatch.setenv("POWER_DNS_BASE_URL", address)
    monkeypatch.setenv("POWER_DNS_API_KEY", KEY)
    asyncio.run(life_of_a_zone(wrapper.PowerDNSService()))

    monkeypatch.setenv("POWER_DNS_API_KEY", "not-the-key")
    with pytest.raises(Unauthorized):
        asyncio.run(wrapper.PowerDNSService().list_servers())


async def life_of_a_zone(service: Any) -> None:
    async with service as dns:
        (server,) = await dns.list_servers()
        assert server.version.startswith("4.")
        at = {"server_id": server.id}

        names = ["one.example.", "two.example."]
        for name in names:
            zone = {"name": name, "kind": "Native", "nameservers": ["ns.example."]}
            created = await dns.create_zone(**at, **zone)
            assert created.name == name
            with pytest.raises(Conflict):
                await dns.create_zone(**at, **zone)
        assert sorted(zone.name for zone in await dns.list_zones(**at)) == names
        (only,) = await dns.list_zones(**at, zone=names[1], dnssec=False)
        assert only.name == names[1]

        at_zone = {**at, "zone_id": only.id}
        records = [{"content": '"a; b"'}, {"content": '"é"'}]
        change = {"name": f"t.{only.name}", "type": "TXT", "ttl": 60, "records": records}
        await dns.patch_zone(**at_zone, rrsets=[{**change, "changetype": "REPLACE"}])
        zone = await dns.get_zone(**at_zone)
        (text,) = (one for one in zone.rrsets if one.type == "TXT")
        assert (text.name, text.ttl, len(text.records)) == (f"t.{only.name}", 60, 2)
        with pytest.raises(InvalidMember, match="changetype"):
            assert text.changetype
        assert (await dns.get_zone(**at_zone, rrsets=False)).rrsets is None

        await dns.replace_zone(**at_zone, kind="Master", account="ours")
        zone = await dns.get_zone(**at_zone)
        assert (zone.kind, zone.account) == ("Master", "ours")
        exported = await dns.axfr_export_zone(**at_zone)
        assert f"t.{only.name}\t60\tIN\tTXT" in exported["zone"]
        matches = await dns.search_data(**at, q="t.two*", max=10)
        assert {match.object_type for match in matches} == {"record"}

        with pytest.raises(Unprocessable):
            await dns.create_zone(**at, name="no.dot", kind="Native", nameservers=[])
        await dns.delete_zone(**at_zone)
        with pytest.raises(NotFound):
            await dns.get_zone(**at_zone)
        with pytest.raises(NotFound):
            await dns.delete_zone(**at_zone)
        assert [zone.name for zone in await dns.list_zones(**at)] == names[:1]
