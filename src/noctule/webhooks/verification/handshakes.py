"""Recognise a delivery that is a handshake, and build the reply to it."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.template import Mac, OptionalLocator, Setting, Template
from noctule.webhooks.verification.key_cache import KeyRequest, key_cache_for
from noctule.webhooks.verification.signing_secret import NO_SECRET, HiddenSecret, hidden

if TYPE_CHECKING:
    import re

    from noctule.webhooks.schemes.handshake import Handshake
    from noctule.webhooks.schemes.template import Placeholder
    from noctule.webhooks.verification.delivery_view import DeliveryView

VISIT_SECONDS = 3.0
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class HandshakeReply:
    """The HTTP answer to a handshake."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def find_handshake(view: DeliveryView, *, signed: bool) -> Handshake | None:
    """The handshake that this delivery is, if any; a signed delivery is never an unsigned one.

    Raises Rejection.
    """
    for handshake in view.scheme.handshakes:
        if handshake.signed is signed and handshake.method == view.request.method:
            if not signed and view.has_signature:
                continue
            values = (
                (view.read(locator), _rendered(template, view))
                for locator, template in handshake.match
            )
            if all(_matches(value, expected) for value, expected in values):
                return handshake
    return None


def handshake_reply(
    handshake: Handshake, view: DeliveryView, secret: str | HiddenSecret = NO_SECRET
) -> HandshakeReply:
    """The reply to a handshake; `secret` is what `{mac:…}` signs with.

    Raises Rejection if the delivery lacks a field, or asks for a signature of a text that does not
    have the handshake's shape.
    """
    (secret,) = hidden([secret])

    def rendered(template: Template, secret: HiddenSecret = secret) -> str:
        return _rendered(template, view, secret, handshake.shape).decode("utf-8", "replace")

    headers = [(name, _one_line(rendered(text))) for name, text in handshake.headers]
    media_type, body = PLAIN, b""
    if handshake.json is not None:
        pairs = handshake.json.items()
        values = {k: rendered(v) if isinstance(v, Template) else v for k, v in pairs}
        media_type, body = "application/json", json.dumps(values).encode()
    elif handshake.text is not None:
        body = rendered(handshake.text).encode()
    if body:
        headers += [("content-type", media_type), ("x-content-type-options", "nosniff")]
    return HandshakeReply(handshake.status, tuple(headers), body)


async def visit(handshake: Handshake, view: DeliveryView) -> None:
    """Call the address that a verified handshake asks us to call, if it names one.

    Only an address on the provider's own host, under the rules for its keys. Raises Rejection,
    KeyUnavailable.
    """
    address = view.scheme.key_address
    if handshake.visit is None or address is None:
        return
    url = (view.read(handshake.visit) or b"").decode("utf-8", "replace")
    request = KeyRequest(address.checked_host(url))
    await key_cache_for(address).load(request, within=VISIT_SECONDS)


def _matches(value: bytes | None, expected: bytes) -> bool:
    return value is not None and (not expected or hmac.compare_digest(value, expected))


def _rendered(
    template: Template,
    view: DeliveryView,
    secret: HiddenSecret = NO_SECRET,
    shape: re.Pattern[str] | None = None,
) -> bytes:
    def value_of(part: Placeholder) -> bytes:
        match part:
            case Setting():
                return view.scheme.setting_values.get(part.name, "").encode() or _absent(part.name)
            case Mac():
                return _mac(view, part.locator, secret, shape)
            case Locator():
                return view.read(part) or _absent(str(part))
            case OptionalLocator():
                return view.read(part.locator) or b""
            case _:
                return _absent(part)

    return template.render(value_of)


def _mac(
    view: DeliveryView, locator: Locator, secret: HiddenSecret, shape: re.Pattern[str] | None
) -> bytes:
    from noctule.webhooks.verification.keys import MacKey, key_of

    text = view.read(locator) or _absent(str(locator))
    scheme = view.scheme
    key = key_of(scheme.key_form, scheme.algorithm, secret)
    if not isinstance(key, MacKey) or not shape or not shape.fullmatch(text.decode("latin-1")):
        raise Rejection(Reason.MISSING_FIELD, str(locator))
    return encode(scheme.encoding, key.sign(text))


def _absent(position: str) -> bytes:
    raise Rejection(Reason.MISSING_FIELD, position)


def _one_line(text: str) -> str:
    """Header values must not smuggle in another header."""
    if not text.isprintable() or not text.isascii():
        raise Rejection(Reason.MALFORMED_HEADER, "header")
    return text
