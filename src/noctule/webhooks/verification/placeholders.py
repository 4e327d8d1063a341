"""The placeholders of `signed` that are computed instead of read."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.verification.message_signature import signature_base

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.webhooks.verification.delivery_view import DeliveryView

_UNESCAPED = ["%3A", "%2F", "%3F", "%40", "%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%3B"]
"""HubSpot, "Validating requests", version 3: these escapes are decoded before signing."""
LISTED = "x-contentful-signed-headers"
_SNS = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SNS_CONFIRMATION = (
    "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
)  # fmt: skip
_SNS_TYPES: Mapping[str, tuple[str, ...]] = {
    "Notification": _SNS,
    "SubscriptionConfirmation": _SNS_CONFIRMATION,
    "UnsubscribeConfirmation": _SNS_CONFIRMATION,
}


def crc32(view: DeliveryView, url: str) -> bytes:
    """CRC-32 of the body, unsigned, in decimal (PayPal)."""
    del url
    return str(zlib.crc32(view.request.body)).encode()


def sha256(view: DeliveryView, url: str) -> bytes:
    """SHA-256 of the body, in hexadecimal (fal)."""
    del url
    return hashlib.sha256(view.request.body).hexdigest().encode()


def path(view: DeliveryView, url: str) -> bytes:
    """The path and query that were called."""
    del view
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Rejection(Reason.UNPARSEABLE, "url") from None
    return (parts.path + (f"?{parts.query}" if parts.query else "")).encode("utf-8", "replace")


def encoded_path(view: DeliveryView, url: str) -> bytes:
    """The path and query with their escapes escaped again, the query twice, as Contentful's library
    @contentful/node-apps-toolkit does with any address."""
    start, mark, query = path(view, url).decode().partition("?")
    text = start + mark + quote(query, safe="!*'()")
    return quote(text, safe=";,/?:@&=+$!*'()#").encode()


def uri(view: DeliveryView, url: str) -> bytes:
    """The address with some escapes decoded, in upper or lower case (HubSpot)."""
    del view
    for escape in _UNESCAPED:
        letter = chr(int(escape[1:], 16))
        url = url.replace(escape, letter).replace(escape.lower(), letter)
    return url.encode("utf-8", "replace")


def listed_headers(view: DeliveryView, url: str) -> bytes:
    """`name:value` of the headers listed in a header; the timestamp must be listed (Contentful)."""
    del url
    listed = (view.request.header(LISTED) or b"").decode("latin-1").lower().split(",")
    stamp = view.scheme.timestamp
    required = stamp.locator.name if stamp else LISTED
    if required not in listed or len(listed) > 64:
        raise Rejection(Reason.MISSING_FIELD, required)
    pairs: list[bytes] = []
    for name in listed:
        value = view.request.header(name) if name.isascii() else None
        if value is None:
            raise Rejection(Reason.MISSING_FIELD, LISTED)
        pairs.append(name.encode() + b":" + value)
    return b";".join(pairs)


def sns(view: DeliveryView, url: str) -> bytes:
    """Key and value of each field signed for the message type, one a line (Amazon SNS)."""
    del url
    names = _SNS_TYPES.get(view.text(Locator("body", "Type")) or "")
    if names is None:
        raise Rejection(Reason.MISSING_FIELD, "body:Type")
    for name in view.scheme.signed_keys.difference(names):
        if view.text(Locator("body", name)) is not None:
            raise Rejection(Reason.BODY_NOT_COVERED, f"body:{name}")
    lines: list[str] = []
    for name in names:
        text = view.text(Locator("body", name))
        if text is None and name != "Subject":
            raise Rejection(Reason.MISSING_FIELD, f"body:{name}")
        lines += [] if text is None else [name, text]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


def message_base(view: DeliveryView, url: str) -> bytes:
    """What an HTTP message signature signs (RFC 9421)."""
    return signature_base(view.request, url, view.message.inputs)


COMPUTED: Mapping[str, Callable[[DeliveryView, str], bytes]] = {
    "crc32": crc32,
    "sha256": sha256,
    "path": path,
    "encoded_path": encoded_path,
    "uri": uri,
    "listed_headers": listed_headers,
    "sns": sns,
    "signature_base": message_base,
}
