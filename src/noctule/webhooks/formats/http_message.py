"""Read a delivery from a file that holds the HTTP request: headers, empty line, body."""

from __future__ import annotations

import re

from noctule.webhooks.request import WebhookRequest

_START = re.compile(rb"([A-Z]+) (\S+)(?: HTTP/\d(?:\.\d)?)?")


def read_capture(data: bytes, *, url: str = "") -> WebhookRequest:
    """The request in a captured HTTP message; the body is exact to the last byte.

    The first line is `POST /path HTTP/1.1`, or has a whole address. `url` is the public address;
    without it, it is built from the `Host` header with https. Raises ValueError naming the line
    that is not HTTP.
    """
    head, empty, body = _split(data)
    if not empty:
        raise ValueError("no empty line after the headers: the file must contain a whole request")
    first, *lines = re.split(rb"\r?\n", head)
    start = _START.fullmatch(first.strip())
    if start is None:
        raise ValueError("line 1 is not a request line such as POST /webhooks HTTP/1.1")
    headers: list[tuple[bytes, bytes]] = []
    for number, line in enumerate(lines, start=2):
        name, colon, value = line.partition(b":")
        if not colon or not name.strip():
            raise ValueError(f"line {number} is not a header")
        headers.append((name.strip(), value.strip()))
    method, target = start[1].decode(), start[2].decode("latin-1")
    host = next((value for name, value in headers if name.lower() == b"host"), b"")
    whole = target if "://" in target else f"https://{host.decode('latin-1')}{target}"
    return WebhookRequest(method, url or whole, headers, body)


def _split(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Split at the first empty line, with either line ending."""
    empty = re.search(rb"\r?\n\r?\n", data)
    return (data[: empty.start()], empty[0], data[empty.end() :]) if empty else (data, b"", b"")
