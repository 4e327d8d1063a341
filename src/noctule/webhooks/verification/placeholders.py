"""What cannot be said as a template of places: the words of `signed` that are computed."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.schemes.locator import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from noctule.webhooks.verification.delivery_view import Reading

_UNDONE = ["%3A", "%2F", "%3F", "%40", "%21", "%24", "%27", "%28", "%29", "%2A", "%2C", "%3B"]
"""HubSpot, "Validating requests", version 3: these escapes are undone before signing."""
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


def crc32(reading: Reading, url: str) -> bytes:
    """Unsigned, in decimal (PayPal)."""
    del url
    return str(zlib.crc32(reading.request.body)).encode()


def sha256(reading: Reading, url: str) -> bytes:
    """In hexadecimal (fal)."""
    del url
    return hashlib.sha256(reading.request.body).hexdigest().encode()


def path(reading: Reading, url: str) -> bytes:
    """Path and query as they were called."""
    del reading
    try:
        parts = urlsplit(url)
    except ValueError:
        raise Rejection(Reason.UNPARSEABLE, "url") from None
    return (parts.path + (f"?{parts.query}" if parts.query else "")).encode("utf-8", "replace")


def encoded_path(reading: Reading, url: str) -> bytes:
    """The path and query with their escapes escaped, the query twice (Contentful's own library,
    @contentful/node-apps-toolkit, whatever the address that it is given)."""
    start, mark, query = path(reading, url).decode().partition("?")
    text = start + mark + quote(query, safe="!*'()")
    return quote(text, safe=";,/?:@&=+$!*'()#").encode()


def uri(reading: Reading, url: str) -> bytes:
    """The address with some escapes undone, in either case of their digits."""
    del reading
    for escape in _UNDONE:
        letter = chr(int(escape[1:], 16))
        url = url.replace(escape, letter).replace(escape.lower(), letter)
    return url.encode("utf-8", "replace")


def listed_headers(reading: Reading, url: str) -> bytes:
    """`name:value` of the headers that a header lists, which must list the time (Contentful)."""
    del url
    listed = (reading.request.header(LISTED) or b"").decode("latin-1").lower().split(",")
    stamp = reading.scheme.timestamp
    wanted = stamp.source.name if stamp else LISTED
    if wanted not in listed or len(listed) > 64:
        raise Rejection(Reason.MISSING_FIELD, wanted)
    pairs: list[bytes] = []
    for name in listed:
        value = reading.request.header(name) if name.isascii() else None
        if value is None:
            raise Rejection(Reason.MISSING_FIELD, LISTED)
        pairs.append(name.encode() + b":" + value)
    return b";".join(pairs)


def sns(reading: Reading, url: str) -> bytes:
    """Key and value of what the type of message signs, each on a line (Amazon SNS)."""
    del url
    names = _SNS_TYPES.get(reading.text(Source("body", "Type")) or "")
    if names is None:
        raise Rejection(Reason.MISSING_FIELD, "body:Type")
    for name in reading.scheme.only.difference(names):
        if reading.text(Source("body", name)) is not None:
            raise Rejection(Reason.BODY_NOT_COVERED, f"body:{name}")
    lines: list[str] = []
    for name in names:
        text = reading.text(Source("body", name))
        if text is None and name != "Subject":
            raise Rejection(Reason.MISSING_FIELD, f"body:{name}")
        lines += [] if text is None else [name, text]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


COMPUTED: Mapping[str, Callable[[Reading, str], bytes]] = {
    "crc32": crc32,
    "sha256": sha256,
    "path": path,
    "encoded_path": encoded_path,
    "uri": uri,
    "listed_headers": listed_headers,
    "sns": sns,
}
