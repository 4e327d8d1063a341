from typing import Any

from support.oracles.calls import Call, Vendor

DROPLET = {"name": "a.example", "region": "nyc3", "size": "s-1vcpu-1gb", "image": "ubuntu-20-04",
           "ssh_keys": [289794, "3b:16:e4"], "tags": ["env:prod", "é"], "ipv6": True}  # fmt: skip


def client() -> Any:
    from pydo import Client

    return Client(token="secret")


DIFFERS = {"json spelling", "accept"}
VENDOR = Vendor("digitalocean.json", "pydo", client, [
    Call("POST /v2/droplets", {"body": DROPLET}, lambda sdk: sdk.droplets.create(body=DROPLET)),
    Call("GET /v2/droplets", {"tag_name": "env:prod é", "per_page": 20, "page": 1},
         lambda sdk: sdk.droplets.list(tag_name="env:prod é", per_page=20, page=1)),
    Call("PATCH /v2/domains/{domain_name}/records/{domain_record_id}",
         {"domain_name": "a.example", "domain_record_id": 7, "type": "A", "name": "@", "ttl": 60},
         lambda sdk: sdk.domains.patch_record(
             "a.example", 7, body={"type": "A", "name": "@", "ttl": 60})),
    Call("DELETE /v2/tags/{tag_id}", {"tag_id": "env:prod/é x"},
         lambda sdk: sdk.tags.delete("env:prod/é x")),
    Call("POST /v2/tags/{tag_id}/resources",
         {"tag_id": "a", "resources": [{"resource_id": "9569411", "resource_type": "droplet"}]},
         lambda sdk: sdk.tags.assign_resources("a", body={
             "resources": [{"resource_id": "9569411", "resource_type": "droplet"}]})),
], DIFFERS)  # fmt: skip
