"""Good responses that differ from their schema: fields missing, null, new or of another type."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.json_types import is_object

if TYPE_CHECKING:
    from noctule.apidoc import Schema
    from noctule.sandbox.http.connection import FakeResponse
    from noctule.sandbox.http.faults import Fault, Kind


def with_schema_drift(fault: Fault, schema: Schema | None, response: FakeResponse) -> FakeResponse:
    """`response` changed as `fault` says; unchanged where no property is suitable."""
    if fault.kind not in FIELD_FAULTS or schema is None:
        return response
    try:
        body = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return response
    if not is_object(body):
        return response
    names = [fault.field] if fault.field else list(schema.properties)
    for name in names:
        if name in body and (fault.field or _is_suitable(fault.kind, schema, name)):
            return replace(response, body=msgspec.json.encode(_changed(fault.kind, body, name)))
    return response


FIELD_FAULTS: frozenset[Kind] = frozenset(
    {"missing_field", "null_field", "wrong_type", "new_enum_value", "extra_field"}
)


def _is_suitable(kind: Kind, schema: Schema, name: str) -> bool:
    """Whether a change of this property contradicts the document."""
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


def _changed(kind: Kind, body: dict[str, Any], name: str) -> dict[str, Any]:
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
