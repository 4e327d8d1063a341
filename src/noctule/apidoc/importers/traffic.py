"""Facts from headers, queries, paths and bodies of real requests, without secrets."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from noctule.apidoc.importers.calls import NOTHING, RecordedBody
from noctule.apidoc.importers.credentials import is_credential, opaque
from noctule.apidoc.naming.nouns import singular
from noctule.json_types import as_dict, as_list, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TRANSPORT = re.compile(
    r"^(:.*|accept(-.*)?|user-agent|host|connection|content-.*|origin|referer|sec-.*|dnt|pragma"
    r"|cache-control|te|upgrade.*|priority|x-requested-with|if-.*|postman-token|traceparent"
    r"|tracestate|sentry-trace|baggage|x-forwarded-.*|via|x-amzn-trace-id|expect|keep-alive)$",
    re.IGNORECASE,
)
"""Headers that a client or a browser sends by itself."""
TELLING = re.compile(
    r"rate-?limit|^retry-after$|^location$|^link$|^etag$|request-?id", re.IGNORECASE
)
"""Response headers that matter to a caller."""
DIGITS = re.compile(r"\d+\Z")
IDENTIFIER = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\Z"  # UUID
    r"|(?=.*\d)[0-9a-fA-F]{8,}\Z"
    r"|[A-Za-z]{1,12}_(?=[A-Za-z0-9]*\d)[A-Za-z0-9]{8,}\Z"  # cus_9s6XKzkNRiz8i3
    r"|(?=(\D*\d){3})(?=.*[A-Za-z])[A-Za-z0-9_-]{16,}\Z"
    r"|bot\d+:|.*[@,=]|.*%[0-9A-Fa-f]{2}"
)
"""A path segment that is an id or a token, not the name of a collection."""
VERSIONED = ("api", "rest", "version", "v")
Scheme = dict[str, Any]


def pairs(values: object, key: str = "name") -> list[tuple[str, str]]:
    """A list of {name, value} mappings as pairs; other entries are ignored."""
    named = [
        (as_text(item.get(key)), as_text(item.get("value")))
        for item in map(as_dict, as_list(values))
    ]
    return [(name, value) for name, value in named if name]


def own_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The headers that an application sets: neither the transport's nor a credential."""
    return {
        name: value
        for name, value in headers
        if not TRANSPORT.match(name) and not is_credential(name)
    }


def own_query(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name: value for name, value in query if not is_credential(name)}


def schemes_of(
    headers: Iterable[tuple[str, str]], query: Iterable[tuple[str, str]]
) -> dict[str, Scheme]:
    """How a request authenticates: name -> OpenAPI security scheme, without any value."""
    schemes: dict[str, Scheme] = {}
    for name, value in headers:
        lower = name.lower()
        if lower == "authorization":
            schemes.update(authorization(value))
        elif is_credential(name) and lower not in ("cookie", "set-cookie"):
            schemes[plain(name)] = {"type": "apiKey", "in": "header", "name": name}
    for name, _ in query:
        if is_credential(name):
            schemes[plain(name)] = {"type": "apiKey", "in": "query", "name": name}
    return schemes


def authorization(value: str) -> dict[str, Scheme]:
    scheme, space, _ = value.strip().partition(" ")
    if scheme.lower() in ("bearer", "basic"):
        return {scheme.lower(): {"type": "http", "scheme": scheme.lower()}}
    if space and scheme.isalnum() and not scheme.isdigit():
        return {plain(scheme): {"type": "http", "scheme": scheme.lower()}}
    return {"authorization": {"type": "apiKey", "in": "header", "name": "Authorization"}}


def plain(name: str) -> str:
    """A name that is one in a path template and in a document."""
    return re.sub(r"\W+", "_", name).strip("_") or "value"


def names_one_thing(segment: str, before: str = "") -> bool:
    """Whether a segment is data (an id, an address, a token); `before` is the segment before it."""
    if DIGITS.match(segment):
        return len(segment) > 2 or before.lower() not in VERSIONED
    return bool(IDENTIFIER.match(segment) or opaque(segment))


def template(segments: Iterable[str]) -> str:
    """The path template of segments, of which "" is a variable without a name and "{x}" one with:
    ["customers", "", "cards"] -> "/customers/{customer_id}/cards"."""
    parts: list[str] = []
    before = ""
    for segment in segments:
        if segment:
            parts.append(segment)
            before = segment
            continue
        base = f"{plain(singular(before).lower())}_id" if before else "id"
        name, count = base, 1
        while f"{{{name}}}" in parts:
            count += 1
            name = f"{base}_{count}"
        parts.append(f"{{{name}}}")
        before = ""
    return "/" + "/".join(parts)


def body_of(
    type_: str, text: str | None, form: Mapping[str, str] | None = None
) -> RecordedBody | None:
    """A body: JSON as its value, a form as its fields, anything else as text."""
    media = type_.partition(";")[0].strip().lower()
    if form:
        return RecordedBody(media or "application/x-www-form-urlencoded", dict(form))
    if not text:
        return None
    if "json" in media or (not media and text.lstrip()[:1] in ("{", "[")):
        return RecordedBody(media or "application/json", json_of(text))
    return RecordedBody(media or "text/plain", text)


def json_of(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return NOTHING
