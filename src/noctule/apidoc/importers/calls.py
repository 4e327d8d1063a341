"""Converts recorded or saved calls to an OpenAPI document."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from noctule.apidoc.importers.credentials import without_secrets
from noctule.apidoc.importers.inference import FILE, UNKNOWN, schema_of, schema_of_texts
from noctule.json_types import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOTHING = "\0nothing"
"""A body that is missing or cannot be read."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass
class RecordedBody:
    """One body: its media type without parameters, and its JSON value, text, or form fields."""

    type: str
    value: object = NOTHING


@dataclass
class RecordedResponse:
    status: int
    body: RecordedBody | None = None
    headers: tuple[str, ...] = ()
    description: str = ""


@dataclass
class RecordedCall:
    """One request and its responses. `path` is a template; `query` and `headers` contain no
    credentials, and those that need not be sent are `optional`; `schemes` are the OpenAPI
    security schemes it used, by name, None if that is not known."""

    method: str
    path: str
    server: str = ""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: RecordedBody | None = None
    answers: list[RecordedResponse] = field(default_factory=list[RecordedResponse])
    schemes: Mapping[str, Mapping[str, Any]] | None = None
    summary: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Descriptions of parameters, by name."""
    optional: frozenset[str] = frozenset()


@dataclass(frozen=True)
class CallSource:
    """Where a set of calls comes from. `examples`: the bodies were written as examples."""

    title: str
    version: str = ""
    description: str = ""
    examples: bool = False


def document(source: CallSource, calls: Iterable[RecordedCall]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the calls, those of one method and path together."""
    groups: dict[tuple[str, str], list[RecordedCall]] = defaultdict(list)
    for call in calls:
        groups[call.path, call.method].append(call)
    all_calls = [call for group in groups.values() for call in group]
    server = Counter(call.server for call in all_calls if call.server).most_common(1)
    main = server[0][0] if server else ""
    names = Counter(identifier(group[0].summary) for group in groups.values())
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for (path, method), group in groups.items():
        described = operation(source, path, group)
        name = identifier(group[0].summary)
        if name and names[name] == 1:
            described["operationId"] = name
        if group[0].server not in ("", main):
            described["servers"] = [{"url": group[0].server}]
        paths[path][method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": source.title, "version": source.version, "description": source.description,
        },
        **({"servers": [{"url": main}]} if main else {}),
        "paths": dict(paths),
        "components": {
            "securitySchemes": {n: s for call in all_calls for n, s in (call.schemes or {}).items()}
        },
    }  # fmt: skip


def operation(source: CallSource, path: str, calls: list[RecordedCall]) -> dict[str, Any]:
    described: dict[str, Any] = {"parameters": parameters(path, calls)}
    for key in ("summary", "description"):
        value = next((text for call in calls if (text := getattr(call, key))), "")
        if value:
            described[key] = value
    if calls[0].tags:
        described["tags"] = list(calls[0].tags)
    bodies = [call.body for call in calls if call.body]
    if bodies:
        required = len(bodies) == len(calls)
        described["requestBody"] = {"required": required, "content": content(source, bodies)}
    by_status: dict[str, list[RecordedResponse]] = defaultdict(list)
    for recorded in (recorded for call in calls for recorded in call.answers):
        by_status[str(recorded.status)].append(recorded)
    described["responses"] = {
        status: response(source, by_status[status]) for status in sorted(by_status)
    }
    schemes = dict.fromkeys(tuple(call.schemes) for call in calls if call.schemes is not None)
    if schemes:
        described["security"] = [{name: [] for name in names} for names in schemes if names]
    return described


def parameters(path: str, calls: list[RecordedCall]) -> list[dict[str, Any]]:
    notes = {name: note for call in calls for name, note in call.notes.items()}
    optional = frozenset[str]().union(*(call.optional for call in calls))
    described: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{([^{}]+)\}", path)
    ]
    for where, attribute in (("query", "query"), ("header", "headers")):
        texts: dict[str, list[str]] = defaultdict(list)
        for call in calls:
            for name, value in getattr(call, attribute).items():
                texts[name].append(value)
        described += [
            {
                "name": name,
                "in": where,
                "required": 1 < len(calls) == len(values) and name not in optional,
                "schema": schema_of_texts(name, values),
            }
            for name, values in texts.items()
        ]
    return [
        {**parameter, "description": notes[parameter["name"]]}
        if notes.get(parameter["name"])
        else parameter
        for parameter in described
    ]


def response(source: CallSource, answers: list[RecordedResponse]) -> dict[str, Any]:
    bodies = [answer.body for answer in answers if answer.body]
    headers = dict.fromkeys(name for answer in answers for name in answer.headers)
    description = next((answer.description for answer in answers if answer.description), "")
    return {
        "description": description,
        **({"content": content(source, bodies)} if bodies else {}),
        **({"headers": {n: {"schema": {"type": "string"}} for n in headers}} if headers else {}),
    }


def content(source: CallSource, bodies: list[RecordedBody]) -> dict[str, Any]:
    """Media type -> schema, and one example where the source has examples."""
    media: dict[str, Any] = {}
    for type_ in dict.fromkeys(body.type for body in bodies):
        values = [body.value for body in bodies if body.type == type_ and body.value != NOTHING]
        media[type_] = {"schema": body_schema(type_, values)} if values else {}
        if source.examples and values and "json" in type_ and is_known(values[0]):
            media[type_]["example"] = without_secrets(values[0])
    return media


def body_schema(type_: str, values: list[object]) -> dict[str, Any]:
    if type_ in FORMS:
        forms = [value for value in values if is_object(value)]
        names = dict.fromkeys(name for form in forms for name in form)
        fields = {
            name: schema_of_texts(name, (form[name] for form in forms if name in form))
            for name in names
        }
        return {"type": "object", "properties": fields}
    if "json" in type_:
        return schema_of(values)
    binary = any(value == FILE for value in values)
    return {"type": "string", **({"format": "binary"} if binary else {})}


def is_known(value: object) -> bool:
    """Whether every part of the value is known."""
    if is_object(value):
        return all(is_known(member) for member in value.values())
    if is_list(value):
        return all(is_known(item) for item in value)
    return value not in (UNKNOWN, FILE)


def identifier(text: str) -> str:
    """An operationId from what people call the call: "Create a customer" -> create_a_customer."""
    return "_".join(re.findall(r"[a-z0-9]+", text.lower()))[:60].strip("_")
