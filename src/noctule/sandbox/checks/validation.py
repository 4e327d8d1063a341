"""Whether a request conforms to the document, and where it does not.

Validators are compiled at the first request that needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.apidoc import json_schema
from noctule.json_types import is_object
from noctule.problem import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    import jsonschema_rs

    from noctule.apidoc import ApiOperation, Media, Parameter, Schema
    from noctule.sandbox.request import RequestValues

TOKENS = frozenset({"token", "access_token"})
MAX_REASONS = 5


class Validators:
    """Compiled validators by schema.

    `elsewhere` names query parameters that are documented outside the operations: credentials.
    """

    def __init__(self, elsewhere: Iterable[str] = ()) -> None:
        self._elsewhere = frozenset(elsewhere)
        self._compiled: dict[Schema, jsonschema_rs.Validator] = {}

    def refusals(self, operation: ApiOperation, decoded: RequestValues) -> list[str]:
        """How the request differs from the document, in words; at most MAX_REASONS."""
        reasons = [
            reason
            for parameter in operation.parameters
            for reason in self._parameter(parameter, decoded)
        ]
        reasons += _unknown(operation, decoded, self._elsewhere)
        if decoded.media is not None and decoded.media.schema is not None:
            for place, value in _values(decoded.media, decoded.media.schema, decoded.body):
                reasons += self._value(place, decoded.media.schema, value)
        elif operation.body is not None and operation.body.required and decoded.body is None:
            reasons.append("body: is required")
        return reasons[:MAX_REASONS]

    def _parameter(self, parameter: Parameter, decoded: RequestValues) -> list[str]:
        place = f"{parameter.where} {parameter.name}"
        is_missing = parameter.required and not _sent(parameter, decoded)
        missing = [f"{place}: is required"] if is_missing else []
        if parameter.where == "header":
            return [] if parameter.name.lower() in decoded.headers else missing
        if parameter.where not in {"path", "query"}:
            return []
        values = decoded.path if parameter.where == "path" else decoded.query
        if parameter.name not in values:
            return missing
        return self._value(place, parameter.schema, values[parameter.name])

    def _value(self, place: str, schema: Schema, value: Any) -> list[str]:
        validator = self._validator(schema)
        if validator.is_valid(value):
            return []
        return [
            f"{'.'.join([place, *map(str, error.instance_path)])}: {error.message}"
            for error in validator.iter_errors(value)
        ]

    def _validator(self, schema: Schema) -> jsonschema_rs.Validator:
        validator = self._compiled.get(schema)
        if validator is None:
            validator = self._compiled[schema] = _compile(json_schema(schema, request=True))
        return validator


def _values(media: Media, schema: Schema, body: Any) -> list[tuple[str, Any]]:
    """What the schema describes: the body, or each of its lines where they are no list. A body that
    is neither JSON nor a form (XML, a file) is not looked into."""
    if isinstance(body, str) and not media.is_json and "form" not in media.essence:
        return []
    if not media.is_lines or schema.type == "array":
        return [("body", body)]
    if schema.type == "string":
        return []
    return [(f"body[{index}]", line) for index, line in enumerate(body)]


def _sent(parameter: Parameter, decoded: RequestValues) -> bool:
    """Whether it is a token that was sent as a credential: some documents ask for it twice."""
    if parameter.where == "path":
        return False
    return parameter.name.lower() in TOKENS and "authorization" in decoded.headers


def _compile(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    try:
        import jsonschema_rs
    except ImportError as error:
        raise Problem("sandbox.no_validator", exit=Exit.USAGE, place="jsonschema-rs") from error
    # Masked: a request may contain a card number, and reasons are shown and logged.
    return jsonschema_rs.Draft202012Validator(schema, mask="the value")


def _unknown(
    operation: ApiOperation, decoded: RequestValues, elsewhere: frozenset[str]
) -> list[str]:
    """Names that are not in the document: the provider would ignore them."""
    known = {parameter.name for parameter in operation.parameters if parameter.where == "query"}
    reasons = [
        f"query {name}: is not in the document"
        for name in decoded.query
        if name not in known and name not in elsewhere
    ]
    schema = decoded.media.schema if decoded.media is not None else None
    if schema is None or schema.type != "object" or not schema.properties:
        return reasons
    body = decoded.body
    if "additionalProperties" in schema.raw or not is_object(body):
        return reasons
    return reasons + [
        f"body.{n}: is not in the document" for n in body if n not in schema.properties
    ]
