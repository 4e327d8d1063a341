"""The text fields of a multipart form (RFC 7578), for providers that post their JSON in one."""

from __future__ import annotations

import re

from noctule.webhooks.errors import Reason, Rejection

MAX_PARTS = 100
_BOUNDARY = re.compile(rb'boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))', re.IGNORECASE)
_NAME = re.compile(rb'(?:^|[;\s])name="([^"]*)"', re.IGNORECASE)


def parts(media_type: bytes, body: bytes) -> dict[str, str]:
    """Names and values, files as text. Raises Rejection if the body is not such a form.

    The body's first line holds the boundary. The one in the media type, if there is one, must be
    equal: a header that is not signed must not split a signed body elsewhere.
    """
    first = body.partition(b"\r\n")[0]
    named = _BOUNDARY.search(media_type)
    if not 2 < len(first) <= 72 or (named and b"--" + (named[1] or named[2]) != first):
        raise Rejection(Reason.UNPARSEABLE, "boundary")
    delimiter = b"\r\n" + first
    pieces = (b"\r\n" + body).split(delimiter)
    if len(pieces) < 3 or len(pieces) > MAX_PARTS + 2 or not pieces[-1].startswith(b"--"):
        raise Rejection(Reason.UNPARSEABLE, "form")
    fields: dict[str, str] = {}
    for piece in pieces[1:-1]:
        head, empty, value = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        name = _NAME.search(_disposition(head))
        if not empty or name is None:
            raise Rejection(Reason.UNPARSEABLE, "form")
        try:
            fields[name[1].decode()] = value.decode()
        except UnicodeDecodeError:
            raise Rejection(Reason.UNPARSEABLE, "form") from None
    return fields


def _disposition(head: bytes) -> bytes:
    lines = head.split(b"\r\n")
    return next((line for line in lines if line.lower().startswith(b"content-disposition:")), b"")
