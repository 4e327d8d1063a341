"""From the bytes of a request to the values that the document describes."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

import msgspec

from noctule.json_types import is_list, is_object
from noctule.sandbox.checks.text_values import read_text
from noctule.sandbox.request import RequestValues

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiOperation, Media, Parameter, Schema
    from noctule.sandbox.http.connection import IncomingRequest

FORM = "application/x-www-form-urlencoded"
_SEPARATORS = {
    "form": ",",
    "simple": ",",
    "spaceDelimited": " ",
    "pipeDelimited": "|",
    "tabDelimited": "\t",
}


class Undecodable(Exception):
    """The request is not encoded as the document says."""


def decode(
    operation: ApiOperation, path: Mapping[str, str], request: IncomingRequest
) -> RequestValues:
    """Read `request` by the parameters and the body of `operation`. Raises Undecodable."""
    _, _, query = request.target.partition("?")
    by_place: dict[str, list[Parameter]] = {"path": [], "query": []}
    for parameter in operation.parameters:
        by_place.setdefault(parameter.where, []).append(parameter)
    media, body = _body(operation, request)
    return RequestValues(
        path={
            p.name: read_text(p.schema, _styled(p, path[p.name]))
            for p in by_place["path"]
            if p.name in path
        },
        query=_query(parse_qsl(query, keep_blank_values=True), by_place["query"]),
        headers=request.headers,
        body=body,
        media=media,
    )


def _styled(parameter: Parameter, text: str) -> Any:
    """A path parameter without the signs of its style: `;ids=1;ids=2`, `.1.2`, `1,2`."""
    name, kind, explode = parameter.name, parameter.schema.type, parameter.explode
    holds = kind in {"array", "object"}
    if parameter.style == "matrix" and text.startswith(";"):
        pairs = list(map(_pair, text[1:].split(";")))
        if explode and holds:
            return dict(pairs) if kind == "object" else [value for _, value in pairs]
        text = pairs[0][1] if pairs[0][0] == name else text
    elif parameter.style == "label" and text.startswith("."):
        text = text[1:]
    if not holds:
        return text
    parts = text.split("." if parameter.style == "label" and explode else ",")
    if kind == "array":
        return parts
    if explode:
        return dict(map(_pair, parts))
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _query(pairs: list[tuple[str, str]], parameters: Iterable[Parameter]) -> dict[str, Any]:
    nested = nest(pairs)
    values: dict[str, Any] = {}
    for parameter in parameters:
        name = parameter.name.removesuffix("[]")
        if name in nested:
            raw = nested.pop(name)
            style = parameter.style if not parameter.explode else ""
            values[parameter.name] = read_text(
                parameter.schema, _split(raw, parameter.schema, style)
            )
        elif parameter.schema.type == "object" and parameter.explode and parameter.style == "form":
            members = {key: nested.pop(key) for key in parameter.schema.properties if key in nested}
            if members:
                values[parameter.name] = read_text(parameter.schema, members)
    return {**nested, **values}


def _body(operation: ApiOperation, request: IncomingRequest) -> tuple[Media | None, Any]:
    described = operation.body
    content_type = request.headers.get("content-type", "")
    essence = content_type.partition(";")[0].strip().lower()
    # A form without fields has no bytes.
    empty = not request.body and not (essence == FORM and described and described.required)
    if described is None or empty:
        return None, None
    media = _media(described.media, essence)
    if media is None:
        documented = ", ".join(described.media) or "no body"
        raise Undecodable(f"content type {essence or '(none)'}: the document says {documented}")
    if essence == FORM:
        return media, _form(request.body, media)
    if essence.endswith(("/json", "+json")):
        return media, _json(request.body)
    if media.is_lines:
        return media, [
            _json(line) for line in request.body.replace(b"\x1e", b"").splitlines() if line
        ]
    if essence == "multipart/form-data":
        return media, _multipart(request.body, content_type, media)
    return media, request.body.decode("utf-8", "replace")


def _media(described: Mapping[str, Media], essence: str) -> Media | None:
    for type_, media in described.items():
        documented = type_.partition(";")[0].strip().lower()
        if documented in {essence, "*/*"} or documented == f"{essence.partition('/')[0]}/*":
            return media
    return None


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Undecodable(f"the body is not JSON: {error}") from error


def _form(body: bytes, media: Media) -> Any:
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError as error:
        raise Undecodable("the form is not percent-encoded") from error
    return _fields(parse_qsl(text, keep_blank_values=True), media)


def _multipart(body: bytes, content_type: str, media: Media) -> Any:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if not message.is_multipart():
        raise Undecodable("the body is not multipart/form-data")
    pairs: list[tuple[str, str]] = []
    structured: dict[str, list[Any]] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        payload = part.get_payload(decode=True)
        data = payload if isinstance(payload, bytes) else b""
        if part.get_content_type().endswith(("/json", "+json")):
            structured.setdefault(name, []).append(_json(data))
        else:
            pairs.append((name, data.decode("utf-8", "replace")))
    return {**_fields(pairs, media), **_structured(structured, media)}


def _structured(parts: dict[str, list[Any]], media: Media) -> dict[str, Any]:
    """Parts that are JSON; a list where the document has one, or where a name occurs twice."""
    properties: Mapping[str, Schema] = media.schema.properties if media.schema else {}
    lists = {name for name, schema in properties.items() if schema.type == "array"}
    single = {name for name, values in parts.items() if len(values) == 1}
    return {
        name: values[0] if name in single and (name not in lists or is_list(values[0])) else values
        for name, values in parts.items()
    }


def _fields(pairs: list[tuple[str, str]], media: Media) -> Any:
    nested = nest(pairs)
    properties: Mapping[str, Schema] = media.schema.properties if media.schema else {}
    for name, value in nested.items():
        if name in properties:
            nested[name] = _split(value, properties[name], media.styles.get(name, ""))
    return read_text(media.schema, nested) if media.schema else nested


def _split(value: Any, schema: Schema, style: str) -> Any:
    """A list or an object that is encoded in one text ("a,b")."""
    separator = _SEPARATORS.get(style)
    if separator is None or not isinstance(value, str) or schema.type not in {"array", "object"}:
        return value
    parts = value.split(separator) if value else []
    if schema.type == "array":
        return parts
    return dict(zip(parts[::2], parts[1::2], strict=False))


def nest(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`[("a[b][0]", "x")]` -> `{"a": {"b": ["x"]}}`; a repeated name makes a list."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = _keys(unquote_plus(name) if "%5B" in name else name)
        _put(root, first, rest, value)
    return {name: _listed(value) for name, value in root.items()}


def _keys(name: str) -> list[str]:
    first, bracket, rest = name.partition("[")
    if not first or not bracket or not rest.endswith("]"):
        return [name]
    return [first, *rest[:-1].split("][")]


def _put(node: dict[str, Any], key: str, rest: list[str], value: str) -> None:
    if rest:
        child = node.setdefault(key, {})
        if not is_object(child):
            raise Undecodable(f"{key} is sent both as a value and as an object")
        # "[]" appends: each value under the next number.
        _put(child, rest[0] or str(len(child)), rest[1:], value)
    elif key not in node:
        node[key] = value
    elif is_object(node[key]):
        raise Undecodable(f"{key} is sent both as a value and as an object")
    else:
        before = node[key]
        node[key] = [*before, value] if is_list(before) else [before, value]


def _listed(value: Any) -> Any:
    """Objects whose keys are 0, 1, 2 … as lists, all the way down."""
    if not is_object(value):
        return value
    node = {key: _listed(member) for key, member in value.items()}
    if list(node) == [str(index) for index in range(len(node))]:
        return list(node.values())
    return node
