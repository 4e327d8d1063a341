"""Every answer that the document has for an operation, beside the one that it usually gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from noctule.apidoc import Schema, sample
from noctule.problem import Problem
from noctule.sandbox.http.connection import FakeResponse
from noctule.sandbox.stated.bodies import StatedMedia
from noctule.sandbox.stated.documented_answers import DocumentedAnswer
from noctule.sandbox.stated.schema_shape import is_binary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.sandbox.stated.bodies import StatedResponse
    from noctule.sandbox.stated.documented_answers import AnswerKind
    from noctule.sandbox.stated.operation import StatedOperation

REDIRECTS = frozenset({"301", "302", "303", "307", "308"})
CONDITIONS = frozenset({"if-none-match", "if-modified-since"})
ELSEWHERE = "https://files.elsewhere.example"
"""A host that is not the provider's, where its redirects lead."""
PARTIAL = frozenset({"206", "226"})
"""Successes that answer a request for a range, or for a difference."""
CONTENTS = {
    "text/csv": b"id,name\n1,sample\n",
    "application/xml": b"<sample/>",
    "text/xml": b"<sample/>",
    "application/pdf": b"%PDF-1.7\n",
    "text/event-stream": b"data: {}\n\n",
}
BYTES = b"PK\x03\x04\x00\xff"


def response_of(answer: DocumentedAnswer) -> FakeResponse:
    if answer.kind == "redirect":
        return FakeResponse(answer.status, b"", {"location": f"{ELSEWHERE}/file"})
    return FakeResponse(answer.status, *content(answer.media))


def documented_answers(operation: StatedOperation, usual: FakeResponse) -> list[DocumentedAnswer]:
    """All but the usual one."""
    answers = [*_successes(operation, usual)]
    if operation.method in ("GET", "HEAD"):
        conditions = {each.name.lower() for each in operation.within("header")} & CONDITIONS
        for response in operation.responses:
            if response.status in REDIRECTS:
                status = int(response.status)
                media = _behind(operation)
                answers.append(DocumentedAnswer("redirect", status, media, response.pointer))
            elif response.status == "304" and conditions:
                answers.append(DocumentedAnswer("not_modified", 304, None, response.pointer))
    return answers


def content(media: StatedMedia | None) -> tuple[bytes, dict[str, str]]:
    """A body of this media type, and its header."""
    if media is None:
        return b"", {}
    kind = "application/json" if media.type == "*/*" else media.type
    return _bytes(media), {"content-type": kind}


def _bytes(media: StatedMedia) -> bytes:
    if media.essence in CONTENTS:
        return CONTENTS[media.essence]
    binary = media.schema is not None and is_binary(media.schema)
    if binary or not ("json" in media.essence or media.essence in ("*/*", "text/plain")):
        return b"sample" if media.essence.startswith("text/") else BYTES
    value: Any = sample(Schema.of(media.schema), optional=True) if media.schema is not None else {}
    if media.essence == "text/plain" and isinstance(value, str):
        return value.encode()
    return msgspec.json.encode(value)


def _successes(operation: StatedOperation, usual: FakeResponse) -> Iterator[DocumentedAnswer]:
    """The first media type of each status, then the others; JSON goes first."""
    usual_type = usual.headers.get("content-type", "")
    for response in operation.responses:
        if not response.status.isdigit() or response.status[0] != "2" or response.status in PARTIAL:
            continue
        status = int(response.status)
        others = [each for each in _media(response) if _is_made(each)]
        if status == usual.status:
            others = [each for each in others if each is not None and each.type != usual_type]
        for place, media in enumerate(others):
            other = place > 0 or status == usual.status
            kind: AnswerKind = "other_media_type" if other else "other_success"
            yield DocumentedAnswer(kind, status, media, response.pointer)


def _media(response: StatedResponse) -> list[StatedMedia | None]:
    if response.status in ("204", "205") or not response.media:
        return [None]
    return [
        *(media for media in response.media if "json" in media.essence),
        *(media for media in response.media if "json" not in media.essence),
    ]


def _behind(operation: StatedOperation) -> StatedMedia | None:
    """What a redirect leads to: a documented success, or bytes where there is none."""
    if not operation.successes:
        return StatedMedia("application/octet-stream", None, operation.pointer)
    return next((media for each in operation.successes for media in each.media), None)


def _is_made(media: StatedMedia | None) -> bool:
    """Whether a body can be made: there is one for each media type, but not for a range."""
    if media is None or media.type == "*/*":
        return True
    if "*" in media.essence or media.streams:
        return False
    try:
        _bytes(media)
    except Problem:  # no value of this schema is small enough
        return False
    return True
