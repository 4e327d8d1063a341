"""What an operation does to a resource, derived from its path and method.

`/customers` with `/customers/{id}` beside it is a collection of items; that alone gives create,
list, read, update and delete, for any document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from noctule.sandbox.request import PATH_PARAMETER
from noctule.sandbox.state.facts import plain

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument, ApiOperation, ApiResponse, Media, Schema

RoleKind = Literal["create", "list", "read", "update", "replace", "delete", "action", "other"]

_EXTENSION = re.compile(r"\.(json|xml)$")
_ON_ITEM: dict[str, RoleKind] = {
    "GET": "read",
    "HEAD": "read",
    "PUT": "replace",
    "POST": "update",
    "PATCH": "update",
    "DELETE": "delete",
}


@dataclass(frozen=True, slots=True)
class OperationRole:
    """What an operation does, and to which collection."""

    kind: RoleKind
    collection: str
    """Path template of the collection, without its last parameter: "/v1/customers"."""
    parameter: str
    """Path parameter that identifies an item; "" when the document has none."""

    def item(self, path: dict[str, str]) -> str:
        """The concrete path of the item that a request names: "/v1/customers/cus_1"."""
        return f"{self.concrete(path)}/{path[self.parameter]}"

    def concrete(self, path: dict[str, str]) -> str:
        return PATH_PARAMETER.sub(lambda match: path[match[1]], self.collection)


class OperationRoles:
    """The role of each operation of one document."""

    def __init__(self, document: ApiDocument) -> None:
        self._items: dict[str, str] = {}
        """Collection without parameter names -> the parameter of its items."""
        self._reads: dict[str, ApiOperation] = {}
        """Item path without parameter names -> the operation that reads it."""
        for operation in document.operations.values():
            collection, parameter = _split(operation.path)
            if parameter:
                self._items.setdefault(_anonymous(collection), parameter)
                if operation.method == "GET":
                    self._reads[_anonymous(f"{collection}/{{{parameter}}}")] = operation

    def of(self, operation: ApiOperation) -> OperationRole:
        collection, parameter = _split(operation.path)
        if parameter:
            return OperationRole(_ON_ITEM.get(operation.method, "other"), collection, parameter)
        path = _EXTENSION.sub("", operation.path.partition("?")[0])
        item = path.rpartition("/")[0]
        parameter = self._items.get(_anonymous(path), "")
        if operation.method == "POST" and self._is_action(operation, item):
            return OperationRole("action", *_split(item))
        if operation.method == "POST":
            return OperationRole("create", path, parameter)
        if operation.method == "GET" and parameter:
            return OperationRole("list", path, parameter)
        return OperationRole("other", path, "")

    def _is_action(self, operation: ApiOperation, item: str) -> bool:
        """Whether it acts on the item: `POST /payments/{id}/confirm` returns the payment."""
        read = self._reads.get(_anonymous(item))
        if read is None:
            return False
        name = _success_name(operation)
        return name is not None and name == _success_name(read)


def _success_name(operation: ApiOperation) -> str | None:
    schema = success_schema(operation)
    return schema.name if schema is not None else None


def success_schema(operation: ApiOperation) -> Schema | None:
    """The schema of the success response; None when the document has none."""
    media = main_media(operation.success)
    return concrete(media.schema) if media is not None and media.schema is not None else None


def concrete(schema: Schema) -> Schema:
    """The first kind of object where a schema offers several."""
    while schema.type == "union" and schema.variants:
        objects = [variant for variant in schema.variants if variant.type in {"object", "union"}]
        schema = (objects or schema.variants)[0]
    return schema


def main_media(response: ApiResponse | None) -> Media | None:
    """The JSON media type of a response where there is one, else its first."""
    if response is None or not response.media:
        return None
    kinds = list(response.media.values())
    return next((media for media in kinds if media.is_json), kinds[0])


def _split(template: str) -> tuple[str, str]:
    """("/v1/customers", "id") of "/v1/customers/{id}"; no parameter for another path."""
    path = template.partition("#")[0].partition("?")[0]
    collection, _, last = _EXTENSION.sub("", path).rpartition("/")
    match = PATH_PARAMETER.fullmatch(last)
    return (collection, match[1]) if match else (path, "")


def _anonymous(template: str) -> str:
    return PATH_PARAMETER.sub("{}", template)


@lru_cache(maxsize=4096)
def identity(schema: Schema, parameter: str) -> str:
    """The property that has the value of `parameter`: "id", "sid", "number" …; or "".

    `issue_number` is `number`, `CallSid` is `sid`, anything else is `id`.
    """
    name = plain(parameter)
    names = {plain(prop): prop for prop in schema.properties}
    if name in names:
        return names[name]
    endings = [key for key in names if len(key) > 1 and name.endswith(key)]
    if endings:
        return names[max(endings, key=len)]
    return names.get("id", "")
