"""The exact bytes of a body under WSGI, wherever the server and the framework keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from noctule.webhooks.errors import Reason, Rejection, WebhookError

if TYPE_CHECKING:
    from collections.abc import Mapping


class BodyStream(Protocol):
    """A stream of the body: `wsgi.input`, or a Django request."""

    def read(self, size: int, /) -> bytes: ...


class BodyConsumed(WebhookError):
    """Something read the body first, and kept no copy of its bytes."""

    def __init__(self) -> None:
        super().__init__(
            "nothing is left of the body: something before the webhook's view has read it and kept"
            " only the form (request.form, request.POST), or the sender hung up. Leave this path"
            " out there, or let it read request.get_data() (Flask), request.body (Django) first"
        )


def read_body(environ: Mapping[str, Any], limit: int, request: BodyStream | None = None) -> bytes:
    """The body, at most `limit` bytes of it.

    `request` is the framework's request where it keeps the bytes that were read before (Django);
    Flask's is in the environ. Raises Rejection for a body that is too large, cut short, or of a
    length that nobody knows; BodyConsumed.
    """
    length = _length(environ)
    if length is not None and length > limit:
        raise Rejection(Reason.BODY_TOO_LARGE)
    if length is None and "wsgi.input" in environ and not environ.get("wsgi.input_terminated"):
        if environ.get("HTTP_TRANSFER_ENCODING"):  # the server does not decode it
            raise Rejection(Reason.LENGTH_REQUIRED)
        return b""
    size = limit + 1 if length is None else length
    if "werkzeug.request" in environ:
        body = _from_werkzeug(environ["werkzeug.request"], limit, size)
    elif request is not None and (length is not None or "wsgi.input" not in environ):
        body = _read(request, size)
    else:  # Django reads nothing without a length
        body = _read(environ["wsgi.input"], size)
    if len(body) > limit:
        raise Rejection(Reason.BODY_TOO_LARGE)
    if length and not body:
        raise BodyConsumed
    if length is not None and len(body) < length:
        raise Rejection(Reason.INCOMPLETE)
    return body


def _length(environ: Mapping[str, Any]) -> int | None:
    text = str(environ.get("CONTENT_LENGTH") or "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise Rejection(Reason.LENGTH_REQUIRED)
    return int(text[:18])


def _read(stream: BodyStream, size: int) -> bytes:
    """At most `size` bytes. A server may wait endlessly for one byte more than the body has."""
    chunks: list[bytes] = []
    while size and (chunk := stream.read(size)):
        chunks.append(chunk)
        size -= len(chunk)
    return b"".join(chunks)


def _from_werkzeug(request: Any, limit: int, size: int) -> bytes:
    """The bytes that Flask's request has read already, or reads now."""
    from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

    try:
        request.max_content_length = limit
    except AttributeError:  # Flask before 3.1
        return _read(request.stream, size)
    try:
        body: bytes = request.get_data()
    except RequestEntityTooLarge:
        raise Rejection(Reason.BODY_TOO_LARGE) from None
    except ClientDisconnected:
        raise Rejection(Reason.INCOMPLETE) from None
    return body
