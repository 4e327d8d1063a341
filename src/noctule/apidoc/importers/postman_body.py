"""The bodies and saved answers of a Postman collection, in which variables stand anywhere."""

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


def entries(written: object) -> list[Json]:
    """The {key, value} entries of a list, values as text."""
    return [
        {**one, "value": as_text(one.get("value"))}
        for one in map(as_dict, as_list(written))
        if as_text(one.get("key"))
    ]


def headers_of(written: object) -> list[Json]:
    """Headers as a list, or as the lines of an old collection."""
    lines = [line.partition(":") for line in as_text(written).splitlines()]
    read = [{"key": key.strip(), "value": value.strip()} for key, colon, value in lines if colon]
    return read or entries(written)


def pairs(listed: list[Json]) -> list[tuple[str, str]]:
    return [(one["key"], one["value"]) for one in listed]


def open_ended(listed: list[Json], filled: Callable[[str], str]) -> list[tuple[str, str]]:
    """The entries; a value that still holds a variable, or is empty, is unknown."""
    known = [(name, filled(value)) for name, value in pairs(listed)]
    return [(name, UNKNOWN if VARIABLE.search(v) or not v else v) for name, v in known]


def media_of(headers: list[Json]) -> str:
    return next((one["value"] for one in headers if one["key"].lower() == "content-type"), "")


def sent(body: Json, media: str, filled: Callable[[str], str]) -> RecordedBody | None:
    """The body of a request."""
    if body.get("disabled"):
        return None
    match body.get("mode"):
        case "raw":
            language = as_text(as_dict(as_dict(body.get("options")).get("raw")).get("language"))
            known = media or LANGUAGES.get(language, "")
            return understood(known, as_text(body.get("raw")), filled)
        case "urlencoded":
            fields = dict(open_ended(entries(body.get("urlencoded")), filled))
            return traffic.body_of("application/x-www-form-urlencoded", None, fields)
        case "formdata":
            parts = entries(body.get("formdata"))
            files = {one["key"]: FILE for one in parts if one.get("type") == "file"}
            fields = dict(open_ended(parts, filled)) | files
            return traffic.body_of("multipart/form-data", None, fields)
        case "file":
            return RecordedBody(media or "application/octet-stream", FILE)
        case "graphql":
            return graphql(as_dict(body.get("graphql")))
        case _:
            return None


def graphql(written: Json) -> RecordedBody:
    value: Json = {"query": as_text(written.get("query"))}
    variables = traffic.json_of(as_text(written.get("variables")))
    if is_object(variables):
        value["variables"] = opened(variables)
    return RecordedBody("application/json", value)


def understood(media: str, text: str, filled: Callable[[str], str]) -> RecordedBody | None:
    """A text body; in JSON, variables outside quotes are unknown values."""
    text = filled(text)
    if "json" not in media and (media or text.lstrip()[:1] not in ("{", "[")):
        return traffic.body_of(media, text)
    made = traffic.body_of(media or "application/json", text)
    if made and made.value == NOTHING:
        made = traffic.body_of(made.type, BARE.sub(r' "\1"', text))
    return made and RecordedBody(made.type, opened(made.value))


def opened(value: object) -> object:
    """The value with what holds a variable unknown."""
    if is_object(value):
        return {key: opened(held) for key, held in value.items()}
    if is_list(value):
        return [opened(item) for item in value]
    return UNKNOWN if isinstance(value, str) and VARIABLE.search(value) else value


def answers(written: object, filled: Callable[[str], str]) -> Iterator[RecordedResponse]:
    """The saved answers of a request."""
    for one in map(as_dict, as_list(written)):
        code = one.get("code")
        if not isinstance(code, int) or not 100 <= code <= 599:
            continue
        headers = headers_of(one.get("header"))
        language = as_text(one.get("_postman_previewlanguage"))
        media = media_of(headers) or LANGUAGES.get(language, "")
        body = understood(media, as_text(one.get("body")), filled)
        names = tuple(h["key"] for h in headers if traffic.TELLING.search(h["key"]))
        yield RecordedResponse(code, body, names, " ".join(as_text(one.get("name")).split()))
