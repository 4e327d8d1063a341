"""Whether the values of a request fit their schemas.

Validators are compiled at the first request that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import Schema, json_schema
from noctule.json_types import is_list, is_object
from noctule.problem import Exit, Problem
from noctule.sandbox.checks.bodies import is_lines
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.parameters import texts
from noctule.sandbox.stated.schema_shape import DEEPEST, properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs

    from noctule.apidoc.model.node import Node
    from noctule.sandbox.checks.bodies import BodyValue
    from noctule.sandbox.checks.parameters import ParameterValues
    from noctule.sandbox.stated.bodies import StatedMedia
    from noctule.sandbox.stated.operation import StatedOperation

VALUES = frozenset({"enum", "const", "default", "examples"})
"""Keywords that hold values and no schemas."""


class Validators:
    """Compiled validators by the place of their schema."""

    def __init__(self) -> None:
        self._compiled: dict[str, jsonschema_rs.Validator] = {}

    def parameters(
        self, operation: StatedOperation, values: ParameterValues
    ) -> Iterator[RequestFinding]:
        for parameter in operation.parameters:
            sent = values.of(parameter.where)
            if parameter.name in sent:
                place = f"{parameter.where} {parameter.name}"
                value = sent[parameter.name]
                yield from self._misfits(operation, place, parameter.schema, value)

    def body(self, operation: StatedOperation, body: BodyValue) -> Iterator[RequestFinding]:
        media = body.media
        if media is None or media.schema is None or body.value is None:
            return
        for place, value in _values(media, media.schema, body.value):
            yield from self._misfits(operation, place, media.schema, value)
        yield from _undeclared(operation, media, media.schema, body.value)

    def _misfits(
        self, operation: StatedOperation, place: str, schema: Node, value: Any
    ) -> Iterator[RequestFinding]:
        validator = self._validator(schema)
        if validator.is_valid(value):
            return
        for error in validator.iter_errors(value):
            where = ".".join([place, *map(str, error.instance_path)])
            yield RequestFinding("value", operation.key, where, error.message, schema.pointer)

    def _validator(self, schema: Node) -> jsonschema_rs.Validator:
        validator = self._compiled.get(schema.pointer)
        if validator is None:
            written = json_schema(Schema.of(schema), request=True)
            compiled = _compile(_overlapping(written))
            validator = self._compiled[schema.pointer] = compiled
        return validator


def _values(media: StatedMedia, schema: Node, body: Any) -> list[tuple[str, Any]]:
    """What the schema describes: the body, or each of its lines where they are no list. A body that
    is neither JSON nor a form (XML, a file) is not looked into."""
    if isinstance(body, str) and "json" not in media.essence and "form" not in media.essence:
        return []
    read = Schema.of(schema)
    if not is_lines(media.essence) or (read.type == "array" and not media.streams):
        return [("body", body)]
    if read.type == "string":
        return []
    return [(f"body[{index}]", line) for index, line in enumerate(body)]


def _overlapping(value: Any) -> Any:
    """`oneOf` as `anyOf`: that two of a document's alternatives overlap is no fault of a request
    that fits both."""
    if is_list(value):
        return [_overlapping(each) for each in value]
    if not is_object(value):
        return value
    members = {
        name: member if name in VALUES else _overlapping(member) for name, member in value.items()
    }
    one_of = members.get("oneOf")
    if is_list(one_of):  # not a property of that name
        del members["oneOf"]
        members["allOf"] = [*members.get("allOf", []), {"anyOf": one_of}]
    return members


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    try:
        import jsonschema_rs
    except ImportError as error:
        raise Problem("sandbox.no_validator", exit=Exit.USAGE, place="jsonschema-rs") from error
    # Masked: a request may contain a card number, and findings are shown and logged.
    return jsonschema_rs.Draft202012Validator(schema, mask="the value")


def _undeclared(
    operation: StatedOperation, media: StatedMedia, schema: Node, body: Any
) -> Iterator[RequestFinding]:
    """Members that the document does not have: the provider would ignore them."""
    named = [*properties(schema), *texts(schema.follow().at("required"))]
    if not is_object(body) or not named or _is_open(schema, 0):
        return
    for name in body:
        if name not in named:
            known = ", ".join(dict.fromkeys(named))
            yield RequestFinding("undeclared", operation.key, f"body.{name}", known, media.pointer)


def _is_open(schema: Node, depth: int) -> bool:
    """Whether the document speaks of other members than it names."""
    node = schema.follow()
    if not {"additionalProperties", "patternProperties", "unevaluatedProperties"}.isdisjoint(
        node.mapping
    ):
        return True
    parts = [each for key in ("allOf", "anyOf", "oneOf") for each in node.at(key).members()]
    return depth < DEEPEST and any(_is_open(part, depth + 1) for part in parts)
