"""The body of a delivery as data: JSON, a form, or JSON in a field of a form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from noctule.webhooks.errors import Reason, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.scheme import Scheme

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def parser_of(scheme: Scheme, request: WebhookRequest) -> str:
    """How the body is to be read, as `content` says; raises Rejection (415)."""
    media = request.media_type or next(iter(scheme.content))
    kind = scheme.content.get(media)
    if kind is None and media.endswith("+json"):
        kind = scheme.content.get("application/json")
    if kind is None:
        raise Rejection(Reason.UNSUPPORTED_MEDIA, "content-type")
    return kind


def parse(scheme: Scheme, request: WebhookRequest) -> Any:
    """The body, whole; raises Rejection (unsupported, not parseable)."""
    kind, _, field = parser_of(scheme, request).partition(":")
    if kind == "json":
        return parse_json(request.body)
    form = fields(request)
    inner = form.get(field)
    if kind == "xml64":
        from noctule.webhooks.formats.xml import parse_xml64

        return parse_xml64(inner or "")
    if inner is None and kind == "multipart":
        raise Rejection(Reason.UNPARSEABLE, field)
    return form if inner is None else parse_json(inner.encode())


def fields(request: WebhookRequest) -> dict[str, str]:
    """The fields of a form, of either kind; of a repeated one the last. Raises Rejection."""
    if request.media_type != MULTIPART:
        return dict(request.form)
    from noctule.webhooks.formats.multipart import parts

    return parts(request.header("content-type") or b"", request.body)


def parse_json(body: bytes) -> Any:
    """JSON, or Rejection. An empty body is an empty object: some deliveries have none."""
    try:
        return msgspec.json.decode(body) if body else {}
    except (ValueError, RecursionError):
        raise Rejection(Reason.UNPARSEABLE, "body") from None


def skim(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """As much of a JSON body as the decoder keeps; the whole if it is of another shape."""
    try:
        return decoder.decode(body)
    except (ValueError, RecursionError):
        return parse_json(body)


def skimmer(paths: Iterable[str]) -> msgspec.json.Decoder[Any]:
    """A decoder that keeps what lies at these paths (dots between keys) and skips the rest.

    It costs a third of a whole decode.
    """
    tree: dict[str, Any] = {}
    for path in paths:
        node = tree
        for key in path.split("."):
            node = node.setdefault(key, {})
    return msgspec.json.Decoder(_shape(tree))


def _shape(tree: dict[str, Any]) -> Any:
    fields = {key: _shape(inner) | None if inner else Any for key, inner in tree.items()}
    # Checkers know the functional form with literal fields only.
    return TypedDict("Skimmed", fields, total=False)  # type: ignore[operator]
