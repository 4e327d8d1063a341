"""Responses made from the document: samples of its schemas, filled with known facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from noctule.apidoc import sample
from noctule.checks.failures import without_failure
from noctule.json_types import as_dict, is_object
from noctule.sandbox.http.connection import FakeResponse
from noctule.sandbox.state.facts import Facts, facts_of, fill, plain
from noctule.sandbox.state.operation_roles import concrete, identity, main_media, success_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiOperation, ApiResponse, Schema
    from noctule.providers import FailureFact, Pack

TEXT_FIELDS = frozenset({"message", "detail", "description", "errordescription", "title", "reason"})
"""Properties of an error that contain text for people."""


class ResponseBuilder:
    """Builds the responses of one document."""

    def __init__(self, pack: Pack | None, failure: FailureFact | None = None) -> None:
        self._samples: dict[Schema, Any] = {}
        self._success_facts: Facts = {}
        """What every success says: a provider that reports failures inside a 200 sets a flag."""
        self._next = pack.pagination.next if pack is not None and pack.pagination else ""
        self._failure = failure
        if failure is not None and failure.flag:
            self._success_facts[plain(failure.flag.rpartition(".")[2])] = True

    def sample(self, schema: Schema) -> Any:
        """The sample of a schema, made once; the caller must not change it."""
        if schema not in self._samples:
            self._samples[schema] = sample(schema, optional=True)
        return self._samples[schema]

    def success(
        self, operation: ApiOperation, facts: Facts, *, parameter: str = ""
    ) -> FakeResponse:
        """The documented success, with `facts` about the item that `parameter` identifies."""
        return self.encode(operation, self.success_body(operation, facts, parameter))

    def success_body(self, operation: ApiOperation, facts: Facts, parameter: str) -> Any:
        """The body of that success."""
        schema = success_schema(operation)
        if schema is None:
            return None
        facts = {**facts, **self._success_facts}
        name, described = envelope(schema, parameter)
        whole = self.sample(schema)
        if not name:
            return fill(schema, whole, facts)
        inner = fill(described, whole.get(name) or self.sample(described), facts)
        return fill(schema, whole, self._success_facts) | {name: inner}

    def facts(self, operation: ApiOperation, body: Any, facts: Facts, parameter: str) -> Facts:
        """`facts`, and everything else that `body` contains about the item."""
        schema = success_schema(operation)
        name = envelope(schema, parameter)[0] if schema is not None else ""
        record = as_dict(body).get(name) if name else body
        return {**facts_of(as_dict(record)), **facts}

    def encode(self, operation: ApiOperation, body: Any) -> FakeResponse:
        """`body` with the status and the media type of the success."""
        body = without_failure(self._failure, body)
        response = operation.success
        media, status = main_media(response), _status(response)
        if media is None or status == 204:
            return FakeResponse(status)
        if isinstance(body, str) and "json" not in media.type and media.type != "*/*":
            return FakeResponse(status, body.encode(), {"content-type": media.type})
        kind = "application/json" if media.type == "*/*" else media.type
        return FakeResponse(status, msgspec.json.encode(body), {"content-type": kind})

    def page(self, operation: ApiOperation, items: list[Facts]) -> FakeResponse:
        """The documented list of `items`, which says that there is no other page."""
        schema = success_schema(operation)
        if schema is None:
            return self.encode(operation, None)
        if schema.type == "array":
            return self.encode(operation, self._items(schema, items))
        whole = self.sample(schema)
        if not is_object(whole):  # of a schema that does not say what it describes
            return self.encode(operation, whole)
        name = _list_property(schema)
        members = {name: self._items(schema.properties[name], items)} if name else {}
        body = fill(schema, whole, self._success_facts) | members
        return self.encode(operation, self._last_page(schema, body))

    def refusal(self, operation: ApiOperation | None, status: int, reason: str) -> FakeResponse:
        """An error, with the documented body where the document has one."""
        errors: Mapping[str, ApiResponse] = operation.errors if operation is not None else {}
        spellings = (str(status), f"{status // 100}XX", "default")
        response = next((errors[key] for key in spellings if key in errors), None)
        media = main_media(response)
        if media is None or media.schema is None or "json" not in media.type:
            body: Any = {"error": {"type": "refused", "message": reason}}
            return FakeResponse(
                status, msgspec.json.encode(body), {"content-type": "application/json"}
            )
        body = _explained(concrete(media.schema), sample(media.schema), reason)
        return FakeResponse(status, msgspec.json.encode(body), {"content-type": media.type})

    def _items(self, schema: Schema, items: list[Facts]) -> list[Any]:
        if schema.items is None:
            return []
        described = concrete(schema.items)
        return [fill(described, self.sample(described), facts) for facts in items]

    def _last_page(self, schema: Schema, body: dict[str, Any]) -> dict[str, Any]:
        required = schema.required
        for name, prop in schema.properties.items():
            if prop.type == "boolean" and "more" in plain(name):
                body[name] = False
            elif plain(name).startswith("next") and prop.nullable:
                body[name] = None
            elif plain(name).startswith("next") and name not in required:
                body.pop(name, None)
        _blank(body, self._next.split("."))
        return body


def envelope(schema: Schema, parameter: str) -> tuple[str, Schema]:
    """Where a response contains the item: ("", schema), or the one property that has an id while
    the response has none (`{"customer": {"id": …}}`)."""
    if schema.type != "object" or identity(schema, parameter):
        return "", schema
    inner = [
        (name, prop)
        for name, prop in schema.properties.items()
        if prop.type == "object" and identity(prop, parameter)
    ]
    return inner[0] if len(inner) == 1 else ("", schema)


def _list_property(schema: Schema) -> str:
    lists = [name for name, prop in schema.properties.items() if prop.type == "array"]
    objects = [
        name for name in lists if (items := schema.properties[name].items) and items.properties
    ]
    return next(iter(objects or lists), "")


def _status(response: ApiResponse | None) -> int:
    if response is None:
        return 200
    return int(response.status) if response.status.isdigit() else 200


def _explained(schema: Schema, value: Any, reason: str) -> Any:
    """An error sample with `reason` in every text field of the schema."""
    if not is_object(value):
        return value
    fields = value
    for name, prop in schema.properties.items():
        if plain(name) in TEXT_FIELDS and prop.type == "string" and not prop.enum:
            fields[name] = reason
        elif name in fields:
            fields[name] = _explained(concrete(prop), fields[name], reason)
    return fields


def _blank(body: dict[str, Any], path: list[str]) -> None:
    """Empty the text at `path`, if there is one."""
    *parents, last = path
    for name in parents:
        child = body.get(name)
        if not is_object(child):
            return
        body[name] = body = dict(child)
    if isinstance(body.get(last), str):
        body[last] = ""
