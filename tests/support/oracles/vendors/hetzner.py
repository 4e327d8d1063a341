from typing import Any

from support.oracles.calls import Call, Vendor

RULE = {"direction": "in", "protocol": "tcp", "source_ips": ["192.0.2.0/24"], "port": "80"}


# From the SDK's own tests (MIT).
KEY = {"id": 2323, "name": "My ssh key", "labels": {}, "created": "2016-01-30T23:50:00+00:00",
       "fingerprint": "b7:2f:30:a0:2f:6c:58:6c:21:04:58:61:ba:06:3b:2f",
       "public_key": "ssh-rsa AAAjjk76kgf...Xt"}  # fmt: skip


def client() -> Any:
    from hcloud import Client

    return Client(token="secret")


DIFFERS = {"query space", "json spelling"}
VENDOR = Vendor("hetzner.cloud.json", "hcloud", client, [
    Call("POST /ssh_keys", {"name": "é", "public_key": "ssh-rsa AAAA", "labels": {"env": "a b"}},
         lambda sdk: sdk.ssh_keys.create("é", "ssh-rsa AAAA", labels={"env": "a b"}),
         answer={"ssh_key": KEY}),
    Call("POST /firewalls", {"name": "f", "rules": [RULE]}, lambda sdk: _firewall(sdk)),
    Call("GET /servers", {"name": "a b", "label_selector": "env=prod,!x", "status": ["running"]},
         lambda sdk: sdk.servers.get_list(
             name="a b", label_selector="env=prod,!x", status=["running"])),
    Call("GET /servers",  {"status": ["running", "off"]},
         lambda sdk: sdk.servers.get_list(status=["running", "off"])),
    Call("DELETE /servers/{id}", {"id": 42}, lambda sdk: _delete(sdk)),
], DIFFERS,
   token="HCLOUD_TOKEN")  # fmt: skip


def _firewall(sdk: Any) -> object:
    from hcloud.firewalls import FirewallRule

    return sdk.firewalls.create("f", rules=[FirewallRule(**RULE)])


def _delete(sdk: Any) -> object:
    from hcloud.servers import Server

    return sdk.servers.delete(Server(id=42))
