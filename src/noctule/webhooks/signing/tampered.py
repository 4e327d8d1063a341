"""A genuine delivery made false: one thing that its signature covers is another, and nothing else.

What that is, the scheme knows. Where the whole body is signed, a member is added to it; where only
some of its fields are, one of them is changed: anything else would be taken for genuine, rightly.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from noctule.json_types import get_path, is_list, set_path
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.formats.jws import unsigned
from noctule.webhooks.request import WebhookRequest, form_fields
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.signing.sign import body_of
from noctule.webhooks.verification.delivery_view import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDED = "tampered"
"""The member that is added, and the claim."""
SNS = "Message"
"""What every message of Amazon SNS has, and signs."""


def tampered(
    provider: str | Scheme, headers: Mapping[str, str], body: bytes
) -> tuple[dict[str, str], bytes]:
    """The delivery as somebody else would have it. Only its signature tells that it is false: it
    can be parsed, it is as old, and it is about an event.

    Raises Rejection for a delivery that is not one of the scheme's.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    reading = Reading(scheme, WebhookRequest("POST", "", headers, body))
    if scheme.is_token and scheme.body_digest is None:
        return dict(headers) | _another_token(reading), body
    whole = reading.whole
    event = get_path(whole, scheme.batch.name) if scheme.batch else whole
    _change(scheme, event[0] if is_list(event) else event)
    return dict(headers), _written(reading, whole)


def _change(scheme: Scheme, event: dict[str, Any]) -> None:
    time = scheme.timestamp.source if scheme.timestamp else None
    signed = [s for s in scheme.signed.sources if s.place == "body" and s != time]
    fields = [source.name for source in signed]
    fields += [SNS] if "sns" in scheme.signed else []
    for path in fields:
        value = get_path(event, path)
        if value is not None:
            set_path(event, path, value + 1 if isinstance(value, int) else f"{value}x")
            return
    set_path(event, ADDED, "yes")


def _written(reading: Reading, whole: Any) -> bytes:
    scheme = replace(reading.scheme, batch=None)
    media = reading.request.media_type
    if media in scheme.content:
        scheme = replace(scheme, content={media: scheme.content[media]})
    body = body_of(scheme, whole)
    place = scheme.place
    if place is None or place.place != "form":
        return body
    return urlencode({**reading.fields, **dict(form_fields(body))}).encode()


def _another_token(reading: Reading) -> dict[str, str]:
    scheme, token = reading.scheme, reading.token
    content = unsigned(token.header, {**token.claims, ADDED: "yes"})
    text = scheme.prefix + content + b"." + encode("base64url", token.signature)
    return {scheme.headers[0]: text.decode()}
