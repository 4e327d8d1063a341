"""The body of a delivery as data: JSON, a form, or JSON or XML in a field of a form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.json_body import parse_json

if TYPE_CHECKING:
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.scheme import Scheme

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
_JSON = re.compile(rb"[ \t\r\n]*[{\[]")
"""How a JSON body begins; a form escapes these characters."""


def parser_of(scheme: Scheme, request: WebhookRequest) -> str:
    """The parser of a body. The scheme and the body alone choose it: the media type is seldom
    signed, so it may only confirm the choice.

    Raises Rejection (415) for a media type that the scheme does not name, or that does not describe
    the body.
    """
    media_type = request.media_type
    declared = _declared(scheme, media_type) if media_type else None
    if len(scheme.parsers) == 1 or not request.body:
        return declared or next(iter(scheme.content.values()))
    parser = scheme.parsers.get(_kind(scheme, request.body))
    if parser is None or declared not in (None, parser):
        raise Rejection(Reason.UNSUPPORTED_MEDIA, "content-type")
    return parser


def _declared(scheme: Scheme, media_type: str) -> str:
    parser = scheme.content.get(media_type)
    if parser is None and media_type.endswith("+json"):
        parser = scheme.content.get("application/json")
    if parser is None:
        raise Rejection(Reason.UNSUPPORTED_MEDIA, "content-type")
    return parser


def _kind(scheme: Scheme, body: bytes) -> str:
    """What a body is, of the kinds that a scheme reads."""
    if "json" in scheme.parsers and _JSON.match(body):
        return "json"
    if "multipart" in scheme.parsers and body.startswith(b"--"):
        return "multipart"
    return "form"


def parse(parser: str, request: WebhookRequest) -> Any:
    """The whole body; raises Rejection if it does not parse."""
    kind, _, field = parser.partition(":")
    if kind == "json":
        return parse_json(request.body)
    form = fields(parser, request)
    text = form.get(field)
    if kind == "xml64":
        from noctule.webhooks.formats.xml import parse_xml64

        return parse_xml64(text or "")
    if text is None and kind == "multipart":
        raise Rejection(Reason.UNPARSEABLE, field)
    return form if text is None else parse_json(text.encode())


def fields(parser: str, request: WebhookRequest) -> dict[str, str]:
    """The fields of a form of either kind; the last value of a repeated one. Raises Rejection."""
    if not parser.startswith("multipart"):
        return dict(request.form)
    from noctule.webhooks.formats.multipart import parts

    return parts(request.header("content-type") or b"", request.body)
