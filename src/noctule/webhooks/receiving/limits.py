"""Limits on a request, whichever way it came in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.webhooks.errors import Reason, Rejection

if TYPE_CHECKING:
    from noctule.webhooks.request import WebhookRequest

MAX_HEADERS = 100
MAX_HEADER_BYTES = 32 * 1024


def check_limits(request: WebhookRequest, max_body: int) -> None:
    """Raise Rejection for too many or too large headers, a large body, or an encoded one.

    `max_body` is in bytes.
    """
    size = sum([len(name) + len(value) for name, value in request.headers])
    if len(request.headers) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise Rejection(Reason.HEADERS_TOO_LARGE)
    if len(request.body) > max_body:
        raise Rejection(Reason.BODY_TOO_LARGE)
    if (request.header("content-encoding") or b"identity").lower() != b"identity":
        raise Rejection(Reason.ENCODED_BODY, "content-encoding")
