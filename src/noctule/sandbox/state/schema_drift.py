"""Good answers whose shape is not the documented one: the lies of a document, told on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.json_types import is_object

if TYPE_CHECKING:
    from noctule.apidoc import Schema
    from noctule.sandbox.http.connection import FakeResponse
    from noctule.sandbox.http.faults import Fault, Kind


def with_schema_drift(fault: Fault, schema: Schema | None, reply: FakeResponse) -> FakeResponse:
    """`reply` with the shape that `fault` asks for; as it is where it has no such place."""
    if fault.kind not in SHAPES or schema is None:
        return reply
    try:
        body = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        return reply
    if not is_object(body):
        return reply
    wanted = [fault.field] if fault.field else list(schema.properties)
    for name in wanted:
        if name in body and (fault.field or _suits(fault.kind, schema, name)):
            return replace(reply, body=msgspec.json.encode(_spoilt(fault.kind, body, name)))
    return reply


SHAPES: frozenset[Kind] = frozenset(
    {"missing_field", "null_field", "wrong_type", "new_enum_value", "extra_field"}
)


def _suits(kind: Kind, schema: Schema, name: str) -> bool:
    """Whether spoiling this property contradicts the document."""
    prop = schema.properties[name]
    match kind:
        case "new_enum_value":
            return prop.type == "string" and len(prop.enum) > 1
        case "null_field":
            return name in schema.required and not prop.nullable
        case "extra_field":
            return True
        case _:
            return name in schema.required


def _spoilt(kind: Kind, body: dict[str, Any], name: str) -> dict[str, Any]:
    match kind:
        case "missing_field":
            return {key: value for key, value in body.items() if key != name}
        case "null_field":
            return {**body, name: None}
        case "wrong_type":
            return {**body, name: "text" if is_object(body[name]) else {"unexpected": True}}
        case "new_enum_value":
            return {**body, name: "value_of_next_year"}
        case _:
            return {**body, "field_of_next_year": {"since": 2031}}
