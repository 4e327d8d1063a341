"""The bodies and saved responses of a Postman collection, which may contain variables anywhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from noctule.apidoc.importers import traffic
from noctule.apidoc.importers.calls import NOTHING, RecordedBody, RecordedResponse
from noctule.apidoc.importers.inference import FILE, UNKNOWN
from noctule.json_types import as_dict, as_list, as_text, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]
VARIABLE = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
BARE = re.compile(r"(?<=[:\[,\s])\s*(\{\{[^{}\"]+\}\})(?=\s*[,}\]\n])")
"""A variable outside quotes."""
LANGUAGES = {
    "json": "application/json", "xml": "application/xml", "html": "text/html", "text": "text/plain",
    "javascript": "application/javascript",
}  # fmt: skip


def entries(values: object) -> list[Json]:
    """The {key, value} entries of a list, values as text."""
    return [
        {**entry, "value": as_text(entry.get("value"))}
        for entry in map(as_dict, as_list(values))
        if as_text(entry.get("key"))
    ]


def headers_of(headers: object) -> list[Json]:
    """Headers as a list, or as the lines of an old collection."""
    lines = [line.partition(":") for line in as_text(headers).splitlines()]
    parsed = [{"key": key.strip(), "value": value.strip()} for key, colon, value in lines if colon]
    return parsed or entries(headers)


def pairs(listed: list[Json]) -> list[tuple[str, str]]:
    return [(entry["key"], entry["value"]) for entry in listed]


def open_ended(listed: list[Json], filled: Callable[[str], str]) -> list[tuple[str, str]]:
    """The entries; a value that is empty or still contains a variable is unknown."""
    values = [(name, filled(value)) for name, value in pairs(listed)]
    return [(name, UNKNOWN if VARIABLE.search(v) or not v else v) for name, v in values]


def media_of(headers: list[Json]) -> str:
    return next(
        (header["value"] for header in headers if header["key"].lower() == "content-type"), ""
    )


def sent(body: Json, media: str, filled: Callable[[str], str]) -> RecordedBody | None:
    """The body of a request."""
    if body.get("disabled"):
        return None
    match body.get("mode"):
        case "raw":
            language = as_text(as_dict(as_dict(body.get("options")).get("raw")).get("language"))
            media_type = media or LANGUAGES.get(language, "")
            return understood(media_type, as_text(body.get("raw")), filled)
        case "urlencoded":
            fields = dict(open_ended(entries(body.get("urlencoded")), filled))
            return traffic.body_of("application/x-www-form-urlencoded", None, fields)
        case "formdata":
            parts = entries(body.get("formdata"))
            files = {part["key"]: FILE for part in parts if part.get("type") == "file"}
            fields = dict(open_ended(parts, filled)) | files
            return traffic.body_of("multipart/form-data", None, fields)
        case "file":
            return RecordedBody(media or "application/octet-stream", FILE)
        case "graphql":
            return graphql(as_dict(body.get("graphql")))
        case _:
            return None


def graphql(body: Json) -> RecordedBody:
    value: Json = {"query": as_text(body.get("query"))}
    variables = traffic.json_of(as_text(body.get("variables")))
    if is_object(variables):
        value["variables"] = opened(variables)
    return RecordedBody("application/json", value)


def understood(media: str, text: str, filled: Callable[[str], str]) -> RecordedBody | None:
    """A text body; in JSON, variables outside quotes are unknown values."""
    text = filled(text)
    if "json" not in media and (media or text.lstrip()[:1] not in ("{", "[")):
        return traffic.body_of(media, text)
    body = traffic.body_of(media or "application/json", text)
    if body and body.value == NOTHING:
        body = traffic.body_of(body.type, BARE.sub(r' "\1"', text))
    return body and RecordedBody(body.type, opened(body.value))


def opened(value: object) -> object:
    """The value, with UNKNOWN for every text that contains a variable."""
    if is_object(value):
        return {key: opened(member) for key, member in value.items()}
    if is_list(value):
        return [opened(item) for item in value]
    return UNKNOWN if isinstance(value, str) and VARIABLE.search(value) else value


def answers(examples: object, filled: Callable[[str], str]) -> Iterator[RecordedResponse]:
    """The saved responses of a request."""
    for example in map(as_dict, as_list(examples)):
        code = example.get("code")
        if not isinstance(code, int) or not 100 <= code <= 599:
            continue
        headers = headers_of(example.get("header"))
        language = as_text(example.get("_postman_previewlanguage"))
        media = media_of(headers) or LANGUAGES.get(language, "")
        body = understood(media, as_text(example.get("body")), filled)
        names = tuple(h["key"] for h in headers if traffic.TELLING.search(h["key"]))
        yield RecordedResponse(code, body, names, " ".join(as_text(example.get("name")).split()))
