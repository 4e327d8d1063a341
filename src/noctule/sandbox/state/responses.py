"""ResponseBuilder made from the document: a sample of the schema that tells what is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from noctule.apidoc import sample
from noctule.json_types import as_dict, is_object
from noctule.sandbox.http.connection import FakeResponse
from noctule.sandbox.state.facts import Facts, facts_of, fill, plain
from noctule.sandbox.state.operation_roles import concrete, identity, main_media, success_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiOperation, ApiResponse, Schema
    from noctule.providers import Pack

WORDS = frozenset({"message", "detail", "description", "errordescription", "title", "reason"})
"""Properties of an error that are read by people."""


class ResponseBuilder:
    def __init__(self, pack: Pack | None) -> None:
        self._samples: dict[Schema, Any] = {}
        self._truths: Facts = {}
        self._next = pack.pagination.next if pack is not None and pack.pagination else ""
        if pack is not None and pack.failure is not None:
            self._truths[plain(pack.failure.flag.rpartition(".")[2])] = True

    def sample(self, schema: Schema) -> Any:
        """The sample of a schema, made once; not to be changed by who gets it."""
        if schema not in self._samples:
            self._samples[schema] = sample(schema, optional=True)
        return self._samples[schema]

    def success(
        self, operation: ApiOperation, facts: Facts, *, parameter: str = ""
    ) -> FakeResponse:
        """The documented success, telling `facts` of the thing that `parameter` names."""
        return self.reply(operation, self.told(operation, facts, parameter))

    def told(self, operation: ApiOperation, facts: Facts, parameter: str) -> Any:
        """The body of that success."""
        schema = success_schema(operation)
        if schema is None:
            return None
        facts = {**facts, **self._truths}
        place, described = envelope(schema, parameter)
        whole = self.sample(schema)
        if not place:
            return fill(schema, whole, facts)
        inner = fill(described, whole.get(place) or self.sample(described), facts)
        return fill(schema, whole, self._truths) | {place: inner}

    def known(self, operation: ApiOperation, body: Any, facts: Facts, parameter: str) -> Facts:
        """`facts`, and all else that `body` says of the thing."""
        schema = success_schema(operation)
        place = envelope(schema, parameter)[0] if schema is not None else ""
        record = as_dict(body).get(place) if place else body
        return {**facts_of(as_dict(record)), **facts}

    def reply(self, operation: ApiOperation, body: Any) -> FakeResponse:
        """`body` under the status and the media type of the success."""
        response = operation.success
        media, status = main_media(response), _status(response)
        if media is None or status == 204:
            return FakeResponse(status)
        if isinstance(body, str) and "json" not in media.type:
            return FakeResponse(status, body.encode(), {"content-type": media.type})
        kind = "application/json" if media.type == "*/*" else media.type
        return FakeResponse(status, msgspec.json.encode(body), {"content-type": kind})

    def page(self, operation: ApiOperation, things: list[Facts]) -> FakeResponse:
        """The documented list, holding `things` and saying that there is no other page."""
        schema = success_schema(operation)
        if schema is None:
            return self.reply(operation, None)
        if schema.type == "array":
            return self.reply(operation, self._items(schema, things))
        held = _list_property(schema)
        listed = {held: self._items(schema.properties[held], things)} if held else {}
        body = fill(schema, self.sample(schema), self._truths) | listed
        return self.reply(operation, self._last_page(schema, body))

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
        told = _explained(concrete(media.schema), sample(media.schema), reason)
        return FakeResponse(status, msgspec.json.encode(told), {"content-type": media.type})

    def _items(self, schema: Schema, things: list[Facts]) -> list[Any]:
        if schema.items is None:
            return []
        items = concrete(schema.items)
        return [fill(items, self.sample(items), facts) for facts in things]

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
    """Where an answer holds the thing itself: ("", schema), or the one property that has an
    identity while the answer has none (`{"customer": {"id": …}}`)."""
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
        name for name in lists if (each := schema.properties[name].items) and each.properties
    ]
    return next(iter(objects or lists), "")


def _status(response: ApiResponse | None) -> int:
    if response is None:
        return 200
    return int(response.status) if response.status.isdigit() else 200


def _explained(schema: Schema, value: Any, reason: str) -> Any:
    """An error sample with `reason` wherever the schema has room for words."""
    if not is_object(value):
        return value
    fields = value
    for name, prop in schema.properties.items():
        if plain(name) in WORDS and prop.type == "string" and not prop.enum:
            fields[name] = reason
        elif name in fields:
            fields[name] = _explained(concrete(prop), fields[name], reason)
    return fields


def _blank(body: dict[str, Any], path: list[str]) -> None:
    """Empty the text at `path`, when it is there."""
    *parents, last = path
    for name in parents:
        child = body.get(name)
        if not is_object(child):
            return
        body[name] = body = dict(child)
    if isinstance(body.get(last), str):
        body[last] = ""
