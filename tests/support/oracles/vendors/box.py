from typing import Any

from support.oracles.calls import Call, Vendor


def client() -> Any:
    from box_sdk_gen import BoxClient, BoxDeveloperTokenAuth

    return BoxClient(BoxDeveloperTokenAuth("secret"))


DIFFERS = {
    "path slashes",
    "query booleans",
    "query space",
    "query escapes",
    "json spelling",
    "accept",
    "idle type",
}
VENDOR = Vendor("box.json", "boxsdk", client, [
    Call("POST /folders", {"name": "é x", "parent": {"id": "0"}},
         lambda sdk: sdk.folders.create_folder("é x", _parent("0"))),
    Call("GET /folders/{folder_id}/items",
         {"folder_id": "0", "fields": ["id", "name"], "limit": 5},
         lambda sdk: sdk.folders.get_folder_items("0", fields=["id", "name"], limit=5)),
    Call("GET /search", {"query": "a b&é", "limit": 5, "file_extensions": ["pdf", "png"],
                         "created_at_range": ["2014-05-15T13:35:01-07:00", ""]},
         lambda sdk: sdk.search.search_for_content(
             query="a b&é", limit=5, file_extensions=["pdf", "png"],
             created_at_range=["2014-05-15T13:35:01-07:00", ""])),
    Call("PUT /files/{file_id}", {"file_id": "1", "description": "é", "tags": ["a", "b"]},
         lambda sdk: sdk.files.update_file_by_id("1", description="é", tags=["a", "b"])),
    Call("DELETE /folders/{folder_id}", {"folder_id": "a/b c", "recursive": True},
         lambda sdk: sdk.folders.delete_folder_by_id("a/b c", recursive=True)),
    Call("POST /comments", {"message": "é", "item": {"id": "1", "type": "file"}},
         lambda sdk: _comment(sdk)),
], DIFFERS)  # fmt: skip


def _parent(identity: str) -> Any:
    from box_sdk_gen.managers.folders import CreateFolderParent

    return CreateFolderParent(id=identity)


def _comment(sdk: Any) -> object:
    from box_sdk_gen.managers.comments import CreateCommentItem

    return sdk.comments.create_comment("é", CreateCommentItem(id="1", type="file"))
