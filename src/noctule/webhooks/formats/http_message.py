"""A delivery from a file: the HTTP message as it was received, headers, empty line, body."""

from __future__ import annotations

import re

from noctule.webhooks.request import WebhookRequest

_START = re.compile(rb"([A-Z]+) (\S+)(?: HTTP/\d(?:\.\d)?)?")


def read_capture(data: bytes, *, url: str = "") -> WebhookRequest:
    """The request in a captured HTTP message; the body is exact to the last byte.

    The first line is `POST /path HTTP/1.1`, or with a whole address. `url` is the public address
    where the message does not have it; else it is made from `Host`, taken to be https. Raises
    ValueError naming the line that is not HTTP.
    """
    head, empty, body = _split(data)
    if not empty:
        raise ValueError("no empty line ends the headers: the file has to hold a whole request")
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
    """At the first empty line, whichever line ends the file has."""
    found = re.search(rb"\r?\n\r?\n", data)
    return (data[: found.start()], found[0], data[found.end() :]) if found else (data, b"", b"")
