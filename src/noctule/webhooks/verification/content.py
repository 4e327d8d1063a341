"""The body of a delivery as data: JSON, a form, or JSON or XML in a field of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.json_body import parse_json

if TYPE_CHECKING:
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.scheme import Scheme

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def parser_of(scheme: Scheme, request: WebhookRequest) -> str:
    """The parser that the scheme's `content` names for the media type; raises Rejection (415)."""
    media_type = request.media_type or next(iter(scheme.content))
    parser = scheme.content.get(media_type)
    if parser is None and media_type.endswith("+json"):
        parser = scheme.content.get("application/json")
    if parser is None:
        raise Rejection(Reason.UNSUPPORTED_MEDIA, "content-type")
    return parser


def parse(scheme: Scheme, request: WebhookRequest) -> Any:
    """The whole body; raises Rejection if its media type is not supported or it does not parse."""
    kind, _, field = parser_of(scheme, request).partition(":")
    if kind == "json":
        return parse_json(request.body)
    form = fields(request)
    text = form.get(field)
    if kind == "xml64":
        from noctule.webhooks.formats.xml import parse_xml64

        return parse_xml64(text or "")
    if text is None and kind == "multipart":
        raise Rejection(Reason.UNPARSEABLE, field)
    return form if text is None else parse_json(text.encode())


def fields(request: WebhookRequest) -> dict[str, str]:
    """The fields of a form of either kind; the last value of a repeated one. Raises Rejection."""
    if request.media_type != MULTIPART:
        return dict(request.form)
    from noctule.webhooks.formats.multipart import parts

    return parts(request.header("content-type") or b"", request.body)
