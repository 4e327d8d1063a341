from typing import Any

from support.oracles.calls import Call, Vendor

TITLE = [{"text": {"content": "Été « 1 »"}}]
CHILDREN = [{"object": "block", "type": "paragraph",
             "paragraph": {"rich_text": [{"type": "text", "text": {"content": "é"}}]}}]  # fmt: skip


def client() -> Any:
    from notion_client import Client

    return Client(auth="secret", notion_version="2021-08-16")


DIFFERS = {"query space", "accept", "version header"}
VENDOR = Vendor("notion.json", "notion-client", client, [
    Call("POST /v1/databases/{id}/query", {"id": "d1", "filter": {"a": 1}},
         lambda sdk: sdk.request("databases/d1/query", "POST", body={"filter": {"a": 1}})),
    Call("PATCH /v1/databases/{id}", {"id": "d1", "title": TITLE},
         lambda sdk: sdk.databases.update("d1", title=TITLE)),
    Call("PATCH /v1/blocks/{id}/children", {"id": "b1", "children": CHILDREN},
         lambda sdk: sdk.blocks.children.append("b1", children=CHILDREN)),
    Call("GET /v1/blocks/{id}/children", {"id": "b1", "page_size": "10"},
         lambda sdk: sdk.blocks.children.list("b1", page_size=10)),
    Call("GET /v1/comments", {"block_id": "a b&é", "page_size": "5"},
         lambda sdk: sdk.comments.list(block_id="a b&é", page_size=5)),
    Call("GET /v1/pages/{page_id}/properties/{property_id}",
         {"page_id": "p1", "property_id": "vYdV%3B"},
         lambda sdk: sdk.pages.properties.retrieve("p1", "vYdV%253B")),
    Call("GET /v1/users/{id}", {"id": "u1"}, lambda sdk: sdk.users.retrieve("u1")),
], DIFFERS)  # fmt: skip
