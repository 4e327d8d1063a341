"""How each dialect writes what JSON Schema 2020-12 says with a list of types."""

from __future__ import annotations

from typing import Any

from noctule.json_types import is_list, is_object

NULL_TYPE = ("openapi-3.1", "openapi-3.2", "postman-2.0", "postman-2.1", "har-1.2")
"""Dialects in which null is a type."""
NULLABLE = {"openapi-3.0": "nullable", "swagger-2.0": "x-nullable"}


def in_dialect(schema: Any, dialect: str) -> dict[str, Any]:
    """A schema of JSON Schema 2020-12, as `inference.schema_of` makes it, in this dialect."""
    converted: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            converted[key] = {name: in_dialect(each, dialect) for name, each in value.items()}
        elif is_object(value):
            converted[key] = in_dialect(value, dialect)
        else:
            converted[key] = value
    return converted if dialect in NULL_TYPE else _one_type(converted, dialect)


def _one_type(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    """Without a list of types: null as a keyword; no type where several others remain."""
    kinds = schema.get("type")
    if not is_list(kinds) and kinds != "null":
        return schema
    others = [kind for kind in (kinds if is_list(kinds) else []) if kind != "null"]
    rest = {key: value for key, value in schema.items() if key != "type"}
    typed = {"type": others[0], **rest} if len(others) == 1 else {}
    return typed if is_list(kinds) and "null" not in kinds else typed | {NULLABLE[dialect]: True}


def with_null(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    """`schema`, null allowed."""
    if dialect not in NULL_TYPE:
        return schema | {NULLABLE[dialect]: True}
    kinds = schema.get("type")
    if isinstance(kinds, str):
        schema = schema | {"type": [kinds, "null"]}
    elif is_list(kinds):
        schema = schema | {"type": [*kinds, "null"]}
    else:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema | {"enum": [*schema["enum"], None]} if is_list(schema.get("enum")) else schema


def nullable_reference(schema: dict[str, Any], dialect: str) -> dict[str, Any]:
    """A `$ref`, null allowed at this place only, not wherever its target is used."""
    if dialect in NULL_TYPE:
        return {"anyOf": [schema, {"type": "null"}]}
    return {"allOf": [schema], NULLABLE[dialect]: True}
