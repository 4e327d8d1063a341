"""Converts a HAR 1.2 capture to an API document: calls are grouped, schemas inferred.

A capture is live traffic: none of its values reach the document, and ids in paths become
variables. Only the host with the most calls is described.
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from noctule.apidoc.importers import traffic
from noctule.apidoc.importers.calls import (
    NOTHING,
    CallSource,
    RecordedBody,
    RecordedCall,
    RecordedResponse,
    document,
)
from noctule.apidoc.importers.inference import FILE
from noctule.apidoc.model.openapi3 import METHODS
from noctule.json_types import as_dict, as_list, as_text, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = ("json", "/xml", "+xml", "csv", "event-stream", "ndjson")
PAGES = ("html", "svg", "xhtml", "javascript", "css", "font", "image/")
ALIKE = 3
"""That many different words in one position of a path, with similar responses, are values of a
variable."""

Entry = dict[str, Any]


def convert(capture: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of a capture."""
    entries = as_list(as_dict(capture.get("log")).get("entries"))
    calls = [pair for entry in entries if (pair := call_of(as_dict(entry))) is not None]
    hosts = Counter(call.server for call, _ in calls)
    main = hosts.most_common(1)[0][0] if hosts else ""
    of_main = [(call, segments) for call, segments in calls if call.server == main]
    variable_segments(of_main)
    for call, segments in of_main:
        call.path = traffic.template(segments)
    others = len(calls) - len(of_main)
    description = f"Inferred from a HAR capture of {len(of_main)} calls."
    if others:
        description += f" Left out: {others} calls to {len(hosts) - 1} other hosts."
    source = CallSource(urlsplit(main).netloc, description=description)
    return document(source, [call for call, _ in of_main])


def call_of(entry: Entry) -> tuple[RecordedCall, list[str]] | None:
    """One entry, and the segments of its path; None if it is not an API call."""
    if not is_call(entry):
        return None
    request = entry["request"]
    try:
        url = urlsplit(str(request.get("url", "")))
        port = f":{url.port}" if url.port else ""
    except ValueError:
        return None
    if url.scheme not in ("http", "https") or not url.hostname:
        return None
    headers = traffic.pairs(request.get("headers"))
    query = traffic.pairs(request.get("queryString")) or parse_qsl(url.query, True)
    call = RecordedCall(
        method=str(request["method"]).upper(),
        path="",
        server=f"{url.scheme}://{url.hostname}{port}",
        query=traffic.own_query(query),
        headers=traffic.own_headers(headers),
        body=sent(request.get("postData")),
        answers=[answered(entry["response"])],
        schemes=traffic.schemes_of(headers, query),
    )
    segments = [segment for segment in url.path.split("/") if segment]
    return call, [
        "" if traffic.names_one_thing(segment, before) else segment
        for before, segment in zip(["", *segments], segments, strict=False)
    ]


def is_call(entry: Entry) -> bool:
    """A request that an API answers, not a page, a picture or a preflight."""
    request, response = as_dict(entry.get("request")), as_dict(entry.get("response"))
    method, status = as_text(request.get("method")).lower(), response.get("status")
    if method == "options" or method not in METHODS:
        return False
    if not isinstance(status, int) or status < 200 or status == 304:
        return False
    answer, sent_type = media_of(response.get("content")), media_of(request.get("postData"))
    if any(page in answer for page in PAGES):
        return False
    if any(data in answer for data in DATA) or "json" in sent_type:
        return True
    return method not in ("get", "head") and status in (201, 202, 204)


def media_of(content: object) -> str:
    return as_text(as_dict(content).get("mimeType")).lower()


def sent(data: object) -> RecordedBody | None:
    media, posted = media_of(data), as_dict(data)
    fields = dict(traffic.pairs(posted.get("params")))
    files = [
        param for param in map(as_dict, as_list(posted.get("params"))) if param.get("fileName")
    ]
    fields |= {as_text(param.get("name")): FILE for param in files}
    text = as_text(posted.get("text"))
    if not fields and "x-www-form-urlencoded" in media:
        fields = dict(parse_qsl(text, keep_blank_values=True))
    return traffic.body_of(media, text, fields)


def answered(response: Entry) -> RecordedResponse:
    pairs = traffic.pairs(response.get("headers"))
    headers = tuple(name for name, _ in pairs if traffic.TELLING.search(name))
    content = as_dict(response.get("content"))
    body = traffic.body_of(media_of(content), decoded(content))
    if body is None and content.get("size") and media_of(content):
        body = RecordedBody(media_of(content).partition(";")[0].strip(), NOTHING)
    return RecordedResponse(int(response["status"]), body, headers)


def decoded(content: Entry) -> str:
    text = as_text(content.get("text"))
    if content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def variable_segments(calls: list[tuple[RecordedCall, list[str]]]) -> None:
    """Empty the segments in which several calls with similar responses differ: names of users or
    repositories, which look like the names of resources."""
    longest = max((len(segments) for _, segments in calls), default=0)
    for at in range(1, longest):
        groups: dict[tuple[Any, ...], list[tuple[RecordedCall, list[str]]]] = defaultdict(list)
        for call, segments in calls:
            if at < len(segments) and (shape := shape_of(call)):
                around = (*segments[:at], None, *segments[at + 1 :])
                groups[call.method, around, shape].append((call, segments))
        for group in groups.values():
            words = {segments[at] for _, segments in group}
            if "" in words or len(words) >= ALIKE:
                for _, segments in group:
                    segments[at] = ""


def shape_of(call: RecordedCall) -> frozenset[str]:
    """The names of the members of a successful response; empty if there are none."""
    return frozenset(keys(call))


def keys(call: RecordedCall) -> Iterator[str]:
    for answer in call.answers:
        value = answer.body.value if answer.body and answer.status < 300 else None
        if is_list(value) and value:
            value = value[0]
        if is_object(value):
            yield from value
