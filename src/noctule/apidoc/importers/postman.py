"""Converts a Postman collection (2.0, 2.1) to an API document.

Folders become tags, saved responses become documented ones, variables become path parameters or
stay open; auth is inherited as in Postman. Scripts are not read. Credentials are never copied.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from noctule.apidoc.importers import postman_body, traffic
from noctule.apidoc.importers.calls import CallSource, RecordedCall, document
from noctule.apidoc.importers.credentials import is_credential
from noctule.apidoc.importers.postman_body import VARIABLE, entries, headers_of, pairs
from noctule.apidoc.model.openapi3 import METHODS
from noctule.json_types import as_dict, as_list, as_text, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]
HOST = re.compile(r"((?:https?://)?[^/]*)(.*)", re.DOTALL)
MOST_STEPS = 5
"""Variables that stand for variables."""
GRANTS = {
    "authorization_code": "authorizationCode", "authorization_code_with_pkce": "authorizationCode",
    "client_credentials": "clientCredentials", "password_credentials": "password",
    "implicit": "implicit",
}  # fmt: skip


@dataclass(frozen=True)
class PostmanScope:
    """The context of a request: its folder, inherited auth and variables."""

    folder: str
    auth: Json | None
    variables: Mapping[str, str]

    def within(self, item: Json) -> PostmanScope:
        return replace(
            self,
            folder=as_text(item.get("name")) or self.folder,
            auth=item["auth"] if is_object(item.get("auth")) else self.auth,
            variables={**self.variables, **variables(item)},
        )

    def filled(self, text: str) -> str:
        """The text with the variables whose values are known and no secrets."""
        for _ in range(MOST_STEPS):
            text = VARIABLE.sub(lambda match: self.variables.get(match[1], match[0]), text)
        return text


def version(info: Json) -> str:
    """The dialect of a collection."""
    return "postman-2.0" if "v2.0" in as_text(info.get("schema")) else "postman-2.1"


def convert(collection: Json) -> Json:
    """The OpenAPI 3.1 document of a collection."""
    info = as_dict(collection.get("info"))
    scope = PostmanScope("", None, {}).within({**collection, "name": ""})
    source = CallSource(
        as_text(info.get("name")),
        as_text(info.get("version")),
        words(info.get("description")),
        examples=True,
    )
    return document(source, calls_of(collection.get("item"), scope))


def variables(holder: Json) -> dict[str, str]:
    """Names and values of the variables that are not secret."""
    values: dict[str, str] = {}
    for variable in map(as_dict, as_list(holder.get("variable"))):
        name, value = (
            as_text(variable.get("key") or variable.get("id")),
            as_text(variable.get("value")),
        )
        hidden = variable.get("type") == "secret" or variable.get("disabled") or is_credential(name)
        if name and value and not hidden:
            values[name] = value
    return values


def calls_of(items: object, scope: PostmanScope) -> Iterator[RecordedCall]:
    for item in map(as_dict, as_list(items)):
        if is_list(item.get("item")):
            yield from calls_of(item["item"], scope.within(item))
        elif (call := call_of(item, scope)) is not None:
            yield call


def call_of(item: Json, scope: PostmanScope) -> RecordedCall | None:
    raw = item.get("request")
    request = {"url": raw} if isinstance(raw, str) else as_dict(raw)
    method, url = as_text(request.get("method")) or "GET", request.get("url")
    if method.lower() not in METHODS or not url:
        return None
    server, path = address(text_of(url), scope)
    query, headers = entries(as_dict(url).get("query")), headers_of(request.get("header"))
    query = query or [{"key": key, "value": value} for key, value in in_text(url)]
    auth = request["auth"] if is_object(request.get("auth")) else scope.auth
    schemes = traffic.schemes_of(pairs(headers), pairs(query)) | scheme(as_dict(auth))
    described = [*query, *headers, *entries(as_dict(url).get("variable"))]
    media = postman_body.media_of(headers)
    return RecordedCall(
        method.upper(),
        path,
        server,
        query=traffic.own_query(postman_body.open_ended(query, scope.filled)),
        headers=traffic.own_headers(postman_body.open_ended(headers, scope.filled)),
        body=postman_body.sent(as_dict(request.get("body")), media, scope.filled),
        answers=[*postman_body.answers(item.get("response"), scope.filled)],
        schemes=schemes if schemes or auth else None,
        summary=" ".join(as_text(item.get("name")).split()),
        description=words(request.get("description")),
        tags=(scope.folder,) if scope.folder else (),
        notes={entry["key"]: words(entry.get("description")) for entry in described},
        optional=frozenset(entry["key"] for entry in [*query, *headers] if entry.get("disabled")),
    )


def text_of(url: object) -> str:
    """A URL as text, from its parts where the collection gives no other."""
    parts = as_dict(url)
    raw = url if isinstance(url, str) else as_text(parts.get("raw"))
    if raw:
        return raw
    host, path = parts.get("host"), parts.get("path")
    hosts = ".".join(map(str, as_list(host))) or as_text(host)
    segments = [as_dict(segment).get("value", segment) for segment in as_list(path)] or [
        as_text(path)
    ]
    protocol = as_text(parts.get("protocol"))
    return "/".join([f"{protocol}://{hosts}" if protocol else hosts, *map(str, segments)])


def in_text(url: object) -> list[tuple[str, str]]:
    return parse_qsl(text_of(url).partition("#")[0].partition("?")[2], keep_blank_values=True)


def address(text: str, scope: PostmanScope) -> tuple[str, str]:
    """Server ("" where a variable hides it) and path template."""
    match = HOST.match(re.split(r"[?#]", text.strip(), maxsplit=1)[0])
    base, path = match.groups() if match else ("", "")
    segments = [part for part in path.split("/") if part]
    return server(scope.filled(base)), traffic.template(segment(part, scope) for part in segments)


def server(base: str) -> str:
    base = VARIABLE.sub(lambda match: f"{{{traffic.plain(match[1])}}}", base).rstrip("/")
    protocol, _, host = base.rpartition("://")
    host = host.rpartition("@")[2]
    if not host or re.fullmatch(r"\{[^{}]*\}", host):
        return ""
    return f"{protocol or 'https'}://{host}"


def segment(text: str, scope: PostmanScope) -> str:
    """One segment: a variable by its name, "" for one without, or the word itself."""
    if text.startswith(":") and len(text) > 1:
        return f"{{{traffic.plain(text[1:])}}}"
    text_filled = scope.filled(text)
    if text_filled != text and re.fullmatch(r"v?\d+(\.\d+)*", text_filled):
        return text_filled  # a version
    template = VARIABLE.sub(lambda match: f"{{{traffic.plain(match[1])}}}", text)
    return "" if template == text and traffic.names_one_thing(text) else template


def scheme(auth: Json) -> dict[str, Json]:
    """Postman's auth as an OpenAPI security scheme, without any value."""
    kind = as_text(auth.get("type"))
    settings = auth.get(kind)
    facts = dict(pairs(entries(settings))) if is_list(settings) else as_dict(settings)
    match kind:
        case "" | "noauth":
            return {}
        case "bearer" | "basic" | "digest":
            return {kind: {"type": "http", "scheme": kind}}
        case "jwt":
            return {"bearer": {"type": "http", "scheme": "bearer"}}
        case "apikey":
            name = as_text(facts.get("key")) or "X-API-Key"
            where = "query" if facts.get("in") == "query" else "header"
            return {traffic.plain(name): {"type": "apiKey", "in": where, "name": name}}
        case "oauth2":
            return {"oauth2": {"type": "oauth2", "flows": flow(facts)}}
        case _:
            return {traffic.plain(kind): {"type": "http", "scheme": kind}}


def flow(facts: Mapping[str, object]) -> Json:
    name = GRANTS.get(as_text(facts.get("grant_type")), "authorizationCode")
    token, consent = (as_text(facts.get(key)) for key in ("accessTokenUrl", "authUrl"))
    addresses = {"tokenUrl": token, "authorizationUrl": consent}
    https_only = {key: url for key, url in addresses.items() if url.startswith("https://")}
    return {name: {**https_only, "scopes": as_dict(None)}}


def words(text: object) -> str:
    """A description: text, or {content, type}."""
    return as_text(as_dict(text).get("content", text)).strip()
