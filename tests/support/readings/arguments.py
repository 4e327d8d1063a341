"""Arguments for every method of a wrapper: for the smallest valid call, and for a full one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import Schema, sample
from noctule.codegen.build.requests import body_of
from noctule.codegen.model.integration import ListOf, Nullable, Scalar
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiOperation
    from noctule.codegen.model.integration import Method, Type

BINARY = (Scalar("bytes"), Scalar("file"))
Values = dict[tuple[str, str], Any]


def calls_of(method: Method, operation: ApiOperation) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a call says, in a word, and its arguments."""
    needs_body = any(param.required for param in method.params if param.place == "body")
    smallest = _arguments(method, _values(operation, everything=False, body=needs_body))
    yield "required", smallest
    whole = _arguments(method, _values(operation, everything=True, body=True))
    if whole != smallest:
        yield "everything", whole


def _arguments(method: Method, values: Values) -> dict[str, Any]:
    return {
        param.name: _typed(param.type, values[param.place, param.wire])
        for param in method.params
        if (param.place, param.wire) in values
    }


def _typed(kind: Type, value: Any) -> Any:
    """The value, with bytes where the method takes bytes."""
    match kind:
        case Nullable(inner):
            return _typed(inner, value)
        case ListOf(inner) if is_list(value):
            return [_typed(inner, item) for item in value]
        case _ if kind in BINARY:
            return str(value).encode()
    return value


def _values(operation: ApiOperation, *, everything: bool, body: bool) -> Values:
    """By place and name; an empty container says nothing in a query or a form."""
    values: Values = {
        (parameter.where, parameter.name): sample(
            parameter.schema, request=True, optional=everything
        )
        for parameter in operation.parameters
        if everything or parameter.required or parameter.where == "path"
    }
    media, kind = body_of(operation)
    if operation.body is None or not (body or operation.body.required):
        return values
    if media is None or kind in ("text", "bytes"):
        return {**values, ("body", ""): "Y29udGVudA=="}
    if media.schema is None:
        return values
    sampled = sample(media.schema, request=True, optional=everything)
    if kind == "lines":
        return {**values, ("body", ""): sampled if is_list(sampled) else [sampled]}
    if media.schema.type != "object" or not media.schema.properties or not is_object(sampled):
        return {**values, ("body", ""): sampled}
    if kind in ("form", "multipart"):
        members = media.schema.properties
        sampled = {name: _spellable(members.get(name), value) for name, value in sampled.items()}
    return {**values, **{("body", name): value for name, value in sampled.items()}}


def _spellable(schema: Schema | None, value: Any) -> Any:
    """The value without empty objects and lists, which a form cannot write."""
    if schema is not None and schema.type == "union":
        kinds = {"object": dict, "array": list}
        fitting = (one for one in schema.variants if isinstance(value, kinds.get(one.type, ())))
        schema = next(fitting, None)
    if value == {} and (schema is None or schema.type == "any"):
        return "string"
    if schema is None:
        return value
    if value in ({}, []):
        filled = sample(schema, request=True, optional=True)
        return filled if filled == value else _spellable(schema, filled)
    if is_object(value):
        other = schema.additional if isinstance(schema.additional, Schema) else None
        members = schema.properties
        return {name: _spellable(members.get(name, other), item) for name, item in value.items()}
    return [_spellable(schema.items, item) for item in value] if is_list(value) else value
