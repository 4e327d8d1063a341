from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    from svix.api import Svix, SvixOptions

    return Svix("secret", SvixOptions(server_url="https://api.svix.com"))


DIFFERS = {"path escapes", "query lists", "query defaults", "json order", "accept"}
VENDOR = Vendor("svix.com.json", "svix", client, [
    Call("POST /api/v1/app/", {"name": "é", "uid": "u.1", "metadata": {"a": "b"}},
         lambda sdk: _application(sdk)),
    Call("POST /api/v1/app/{app_id}/msg/",
         {"app_id": "a1", "event_type": "user.created", "payload": {"a": [1, "é"]},
          "channels": ["x"], "with_content": True}, lambda sdk: _message(sdk)),
    Call("GET /api/v1/app/{app_id}/msg/",
         {"app_id": "a1", "limit": 5, "event_types": ["a.b", "c.d"]}, lambda sdk: _listed(sdk)),
    Call("DELETE /api/v1/app/{app_id}/", {"app_id": "a1"},
         lambda sdk: sdk.application.delete("a1")),
], DIFFERS,
   adds="with_content=false", base_url="https://api.svix.com")  # fmt: skip


def _application(sdk: Any) -> object:
    from svix.api import ApplicationIn

    return sdk.application.create(ApplicationIn(name="é", uid="u.1", metadata={"a": "b"}))


def _message(sdk: Any) -> object:
    from svix.api import MessageCreateOptions, MessageIn

    message = MessageIn(event_type="user.created", payload={"a": [1, "é"]}, channels=["x"])
    return sdk.message.create("a1", message, MessageCreateOptions(with_content=True))


def _listed(sdk: Any) -> object:
    from svix.api import MessageListOptions

    return sdk.message.list("a1", MessageListOptions(limit=5, event_types=["a.b", "c.d"]))
