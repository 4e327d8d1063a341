"""Change one thing in a delivery that its signature covers, and nothing else.

If the whole body is signed, a member is added to it. If only some fields are signed, one of them is
changed: any other change would leave the delivery genuine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from noctule.json_types import get_path, is_list, set_path
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.formats.jws import signing_input
from noctule.webhooks.request import WebhookRequest, form_fields
from noctule.webhooks.schemes.registry import scheme_of
from noctule.webhooks.schemes.scheme import Scheme
from noctule.webhooks.signing.sign import body_of
from noctule.webhooks.verification.delivery_view import DeliveryView

if TYPE_CHECKING:
    from collections.abc import Mapping

ADDED = "tampered"
"""The member, or the claim, that is added."""
CONTENT_TYPE = "content-type"
SNS = "Message"
"""A signed field of every message of Amazon SNS."""


def tampered(
    provider: str | Scheme, headers: Mapping[str, str], body: bytes
) -> tuple[dict[str, str], bytes]:
    """A tampered copy of a delivery. Only its signature is wrong: it still parses, has the same
    time and holds an event.

    Raises Rejection for a delivery that is not one of the scheme's.
    """
    scheme = provider if isinstance(provider, Scheme) else scheme_of(provider)
    view = DeliveryView(scheme, WebhookRequest("POST", "", headers, body))
    if scheme.components and not scheme.scope.body_fields:
        return _tampered_headers(view), body
    if scheme.scope.is_token and scheme.body_digest is None:
        return dict(headers) | _tampered_token(view), body
    data = view.body
    event = get_path(data, scheme.batch.name) if scheme.batch else data
    _change(scheme, event[0] if is_list(event) else event)
    return dict(headers), _encoded(view, data)


def _change(scheme: Scheme, event: dict[str, Any]) -> None:
    time = scheme.timestamp.locator if scheme.timestamp else None
    signed = [at for at in scheme.signed.locators if at.kind == "body" and at != time]
    paths = [locator.name for locator in signed]
    paths += [SNS] if "sns" in scheme.signed else []
    for path in paths:
        value = get_path(event, path)
        if value is not None:
            set_path(event, path, value + 1 if isinstance(value, int) else f"{value}x")
            return
    set_path(event, ADDED, "yes")


def _encoded(view: DeliveryView, data: Any) -> bytes:
    scheme = replace(view.scheme, batch=None)
    body = body_of(replace(scheme, content={"": view.parser}), data)
    locator = scheme.signature_locator
    if locator is None or locator.kind != "form":
        return body
    return urlencode({**view.fields, **dict(form_fields(body))}).encode()


def _tampered_headers(view: DeliveryView) -> dict[str, str]:
    """The headers with another media type, or another signature if that is not signed."""
    headers = {name.decode(): value.decode("latin-1") for name, value in view.request.headers}
    if CONTENT_TYPE in view.scheme.components:
        return headers | {CONTENT_TYPE: f"{headers[CONTENT_TYPE]}; {ADDED}=yes"}
    signature = encode("base64", bytes(64)).decode()
    return headers | {"signature": f"sig1=:{signature}:"}


def _tampered_token(view: DeliveryView) -> dict[str, str]:
    scheme, token = view.scheme, view.token
    content = signing_input(token.header, {**token.claims, ADDED: "yes"})
    text = scheme.prefix + content + b"." + encode("base64url", token.signature)
    return {scheme.headers[0]: text.decode()}
