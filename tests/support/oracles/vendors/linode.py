from typing import Any

from support.oracles.calls import Call, Vendor

# From the SDK's own tests (BSD-3-Clause).
DOMAIN = {"domain": "example.org", "type": "master", "id": 12345, "axfr_ips": [], "retry_sec": 0,
          "ttl_sec": 300, "status": "active", "master_ips": [], "description": "", "group": "",
          "expire_sec": 0, "soa_email": "test@example.org", "refresh_sec": 0,
          "tags": ["something"]}  # fmt: skip
VOLUME = {"id": 3, "label": "block3", "created": "2017-08-06T17:00:00", "region": "ap-south-1a",
          "linode_id": 1, "size": 200, "updated": "2017-08-07T04:00:00", "status": "active",
          "tags": ["attached"], "filesystem_path": "this/is/a/file/path",
          "hardware_type": "nvme", "linode_label": "some_label"}  # fmt: skip


def client() -> Any:
    from linode_api4 import LinodeClient

    return LinodeClient("secret")


DIFFERS = {"json spelling", "json order", "json nulls", "accept", "idle type"}
VENDOR = Vendor("linode.com.json", "linode_api4", client, [
    Call("POST /volumes", {"label": "é", "region": "us-east", "size": 20, "tags": ["a", "b"]},
         lambda sdk: sdk.volume_create("é", region="us-east", size=20, tags=["a", "b"]),
         answer=VOLUME),
    Call("POST /domains/{domainId}/records",
         {"domain_id": 7, "type": "A", "name": "www", "target": "192.0.2.1", "ttl_sec": 300},
         lambda sdk: _record(sdk)),
    Call("POST /profile/sshkeys", {"label": "k", "ssh_key": "ssh-rsa AAAA a@b"},
         lambda sdk: sdk.profile.ssh_key_upload("ssh-rsa AAAA a@b", "k")),
    Call("DELETE /domains/{domainId}", {"domain_id": 7}, lambda sdk: _domain(sdk).delete()),
    Call("GET /domains/{domainId}", {"domain_id": 7}, lambda sdk: _domain(sdk).domain,
         answer=DOMAIN),
], DIFFERS,
   server="https://api.linode.com/v4")  # fmt: skip


def _domain(sdk: Any) -> Any:
    from linode_api4 import Domain

    return Domain(sdk, 7)


def _record(sdk: Any) -> object:
    return _domain(sdk).record_create("A", name="www", target="192.0.2.1", ttl_sec=300)
