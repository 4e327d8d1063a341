"""The JSON Schema of the task file, made from the dataclasses."""

from __future__ import annotations

from dataclasses import MISSING
from typing import Any, Literal, get_args, get_origin

from noctule.manifest.file import ROOT, TYPES, keys
from noctule.manifest.task import IntegrationTask, TaskPart


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of the file; unknown keys are allowed everywhere."""
    defs: dict[str, Any] = {}
    _define(IntegrationTask, defs)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "noctule integration task",
        "type": "object",
        "required": [ROOT],
        "properties": {ROOT: _reference(IntegrationTask)},
        "$defs": dict(sorted(defs.items())),
    }


def _define(kind: type[TaskPart], defs: dict[str, Any]) -> None:
    properties: dict[str, Any] = {}
    defs[kind.__name__] = {
        "type": "object",
        "required": [
            key.name
            for key in keys(kind)
            if key.default is MISSING and key.default_factory is MISSING
        ],
        "properties": properties,
    }
    for key in keys(kind):
        properties[key.name] = _type(TYPES[kind][key.name], defs)


def _type(kind: Any, defs: dict[str, Any]) -> dict[str, Any]:
    if get_origin(kind) is list:
        return {"type": "array", "items": _type(get_args(kind)[0], defs)}
    if get_origin(kind) is Literal:
        return {"enum": list(get_args(kind))}
    if isinstance(kind, type) and issubclass(kind, TaskPart):
        if kind.__name__ not in defs:
            _define(kind, defs)
        return _reference(kind)
    return {"type": "boolean" if kind is bool else "string"}


def _reference(kind: type[TaskPart]) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{kind.__name__}"}
