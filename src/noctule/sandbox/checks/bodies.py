"""The body of a request: its value in the types of the document, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_plus

import msgspec

from noctule.apidoc import Schema
from noctule.apidoc.values.fits import fits, needed
from noctule.json_types import is_list, is_object
from noctule.sandbox.checks.nesting import MixedName, nest, stem
from noctule.sandbox.checks.parts import Part, part_findings
from noctule.sandbox.checks.spelling import Misspelt, raw_pairs, spelt
from noctule.sandbox.checks.text_values import read_text
from noctule.sandbox.finding import RequestFinding
from noctule.sandbox.stated.bodies import FORM, MULTIPART, essence
from noctule.sandbox.stated.parameters import texts
from noctule.sandbox.stated.schema_shape import properties, shape

if TYPE_CHECKING:
    from noctule.sandbox.checks.spelling import Pairs
    from noctule.sandbox.http.connection import IncomingRequest
    from noctule.sandbox.stated.bodies import StatedBody, StatedMedia
    from noctule.sandbox.stated.operation import StatedOperation

TOKENS = frozenset({"token", "access_token"})
EMPTY: tuple[dict[str, Any] | list[Any], ...] = ({}, [])


class Undecodable(Exception):
    """The bytes are not what their media type says."""


@dataclass(slots=True)
class BodyValue:
    """`value` is None where no body was sent; `media` is what the document says of it."""

    media: StatedMedia | None = None
    value: Any = None
    findings: list[RequestFinding] = field(default_factory=list[RequestFinding])


def read_body(operation: StatedOperation, request: IncomingRequest) -> BodyValue:
    described = operation.body
    content_type = request.headers.get("content-type", "")
    kind = essence(content_type)
    if described is None:
        return _undescribed(operation, request)
    if not request.body and not (kind == FORM and described.required):  # an empty form has no bytes
        read = BodyValue()
        if described.required and not _is_sent_as_credential(described, request):
            read.findings.append(_found("missing", operation, "", "body", described.pointer))
        return read
    media = _media(described, kind)
    if media is None:
        types = ", ".join(each.type for each in described.media)
        sent = kind or "(none)"
        found = _found("content_type", operation, sent, types or "no body", described.pointer)
        return BodyValue(findings=[found])
    read = BodyValue(media)
    try:
        read.value = _value(operation, request, media, read.findings)
    except (Undecodable, MixedName) as error:
        found = _found("body", operation, str(error), media.type, media.pointer)
        return BodyValue(media, findings=[*read.findings, found])
    except Misspelt as error:
        found = _found("style", operation, f"body {error}", "another style", media.pointer)
        return BodyValue(media, findings=[*read.findings, found])
    return read


def _is_sent_as_credential(described: StatedBody, request: IncomingRequest) -> bool:
    """Whether all that it must hold is a token that was sent as a credential."""
    schemas = [media.schema.follow() for media in described.media if media.schema is not None]
    wanted = {name for schema in schemas for name in texts(schema.at("required"))}
    return "authorization" in request.headers and bool(wanted) and wanted <= TOKENS


def _undescribed(operation: StatedOperation, request: IncomingRequest) -> BodyValue:
    """A body where the document has none says nothing to the provider."""
    if not request.body:
        return BodyValue()
    sent = essence(request.headers.get("content-type", "")) or "a body"
    found = _found("content_type", operation, sent, "no body", operation.pointer)
    return BodyValue(findings=[found])


def _found(
    kind: Any, operation: StatedOperation, sent: str, documented: str, pointer: str
) -> RequestFinding:
    return RequestFinding(kind, operation.key, sent, documented, pointer)


def _media(described: StatedBody, kind: str) -> StatedMedia | None:
    """The most precise of the documented media types and ranges."""
    ranges = (kind, f"{kind.partition('/')[0]}/*", "*/*")
    return next(
        (media for wanted in ranges for media in described.media if media.essence == wanted), None
    )


def _value(
    operation: StatedOperation,
    request: IncomingRequest,
    media: StatedMedia,
    findings: list[RequestFinding],
) -> Any:
    content_type = request.headers.get("content-type", "")
    kind = essence(content_type)
    if kind == FORM:
        return _with_token(_fields(_form_pairs(request.body), media), media, request)
    if kind == MULTIPART:
        parts = _parts(request.body, content_type)
        findings += part_findings(operation, media, parts)
        return _of_parts(parts, media)
    if kind.endswith(("/json", "+json")):
        return decoded_json(request.body)
    if is_lines(kind):
        lines = request.body.replace(b"\x1e", b"").splitlines()
        return [decoded_json(line) for line in lines if line.strip()]
    return request.body.decode("utf-8", "replace")


def _with_token(fields: Any, media: StatedMedia, request: IncomingRequest) -> Any:
    """The fields of a form, and a token that was sent as a credential: some documents ask for it
    twice."""
    _, _, credential = request.headers.get("authorization", "").partition(" ")
    if not is_object(fields) or not credential or media.schema is None:
        return fields
    named = TOKENS & properties(media.schema).keys() - fields.keys()
    return {**dict.fromkeys(named, credential), **fields}


def is_lines(kind: str) -> bool:
    """Whether it is JSON values, one in each line or record."""
    subtype = kind.partition("/")[2].removeprefix("x-")
    return subtype in {
        "ndjson", "jsonl", "jsonlines", "json-lines", "json-seq", "json-stream", "stream+json",
    } or subtype.endswith(("+json-seq", "+jsonl", "+ndjson"))  # fmt: skip


def decoded_json(body: bytes) -> Any:
    """Raises Undecodable."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise Undecodable(f"the body is not JSON: {error}") from error


def _form_pairs(body: bytes) -> Pairs:
    try:
        return raw_pairs(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise Undecodable("the form is not percent-encoded") from error


def _fields(pairs: Pairs, media: StatedMedia) -> Any:
    """The fields of a form, those whose encoding is stated by that encoding."""
    schemas = properties(media.schema) if media.schema is not None else {}
    values: dict[str, Any] = {}
    for name, encoding in media.encodings.items():
        own = [pair for pair in pairs if pair[0] == name or pair[0].startswith(f"{name}[")]
        if own and name in schemas and (encoding.style or encoding.explode is not None):
            style = encoding.style or "form"
            explode = style == "form" if encoding.explode is None else encoding.explode
            values[name] = spelt(name, style, explode, shape(schemas[name]), own)
    others = [(key, unquote_plus(raw)) for key, raw in pairs if stem(key) not in values]
    return _typed({**nest(others), **values}, media)


def _typed(values: dict[str, Any], media: StatedMedia) -> Any:
    """`values` in the types of the schema. What a form cannot write down is there: an empty object
    or list that is required."""
    if media.schema is None:
        return values
    schema = Schema.of(media.schema)
    read = read_text(schema, values)
    if is_object(read):
        for name in needed(schema, request=True) & schema.properties.keys() - read.keys():
            for empty in EMPTY:
                if fits(schema.properties[name], empty, request=True):
                    read[name] = empty
    return read


def _parts(body: bytes, content_type: str) -> list[Part]:
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1")
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    if body.startswith(b"--") and body.strip().endswith(b"--") and body.count(b"\n") <= 1:
        return []  # a form without fields: nothing but its end
    if not message.is_multipart():
        raise Undecodable("the body is not multipart/form-data")
    return [_part(part) for part in message.iter_parts()]


def _part(part: Any) -> Part:
    payload = part.get_payload(decode=True)
    return Part(
        name=str(part.get_param("name", header="content-disposition")),
        type=part.get_content_type() if part["content-type"] else "",
        headers=frozenset(header.lower() for header, _ in part.items()),
        content=payload if isinstance(payload, bytes) else b"",
        is_file=part.get_filename() is not None,
    )


def _of_parts(parts: list[Part], media: StatedMedia) -> Any:
    plain: Pairs = []
    structured: dict[str, list[Any]] = {}
    for part in parts:
        if part.type.endswith(("/json", "+json")) and not part.is_file:
            structured.setdefault(part.name, []).append(decoded_json(part.content))
        else:
            text = part.content.decode("utf-8", "replace")
            plain.append((part.name, quote(text, safe=",|")))
    members = _structured(structured, media)
    fields = _fields(plain, media)
    return {**fields, **members} if is_object(fields) else fields


def _structured(parts: dict[str, list[Any]], media: StatedMedia) -> dict[str, Any]:
    """Parts that are JSON; a list where the document has one, or where a name occurs twice."""
    schemas = properties(media.schema) if media.schema is not None else {}
    lists = {name for name, schema in schemas.items() if shape(schema) == "array"}
    single = {name for name, values in parts.items() if len(values) == 1}
    return {
        name: values[0] if name in single and (name not in lists or is_list(values[0])) else values
        for name, values in parts.items()
    }
