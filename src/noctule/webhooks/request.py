"""A delivery as received: method, address, headers and the exact bytes of the body."""

from __future__ import annotations

import re
from binascii import a2b_qp
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import cast
from urllib.parse import unquote_to_bytes, urlsplit

from noctule.webhooks.errors import Reason, Rejection

MAX_HEADER = 4096
MAX_FIELDS = 1000
_LOOSE = re.compile(rb"%(?![0-9A-Fa-f]{2})")

Pair = tuple[str | bytes, str | bytes]
Headers = Mapping[str, str] | Iterable[Pair]


class WebhookRequest:
    """A delivery. `headers` may be a mapping or pairs, text or bytes, as frameworks have them; they
    are stored as pairs of bytes, names in lower case, in the order received."""

    __slots__ = ("_by_name", "_doubled", "_form", "_query", "body", "headers", "method", "url")

    def __init__(self, method: str, url: str, headers: Headers, body: bytes) -> None:
        self.method = method.upper()
        self.url = url if url.isascii() else url.encode("utf-8", "replace").decode()
        self.body = body
        self.headers = _pairs(headers)
        self._query: dict[str, str] | None = None
        self._form: list[tuple[str, str]] | None = None
        self._by_name = dict(self.headers)
        self._doubled = len(self._by_name) != len(self.headers)

    def with_headers(self, headers: list[tuple[bytes, bytes]]) -> WebhookRequest:
        """The same delivery with some of its headers."""
        request = WebhookRequest(self.method, self.url, (), self.body)
        request.headers = headers
        request._by_name = dict(headers)
        request._doubled = len(request._by_name) != len(headers)
        return request

    def __repr__(self) -> str:
        return f"WebhookRequest({self.method}, {len(self.body)} bytes)"

    def values(self, pattern: str) -> list[bytes]:
        """Every value of a header, by name in lower case; a trailing `*` matches any ending.

        Raises Rejection if a value is longer than 4 KiB.
        """
        name = pattern.encode("latin-1")
        if pattern[-1:] == "*":
            beginning = name[:-1]
            values = [
                value.strip(b" \t") for key, value in self.headers if key.startswith(beginning)
            ]
        elif name not in self._by_name:
            return []
        elif not self._doubled:
            values = [self._by_name[name].strip(b" \t")]
        else:
            values = [value.strip(b" \t") for key, value in self.headers if key == name]
        for value in values:
            if len(value) > MAX_HEADER:
                raise Rejection(Reason.MALFORMED_HEADER, pattern)
        return values

    def header(self, name: str) -> bytes | None:
        """The value of a header, None if absent. Raises Rejection if there are two values."""
        if not self._doubled:
            value = self._by_name.get(name.encode("latin-1"))
            if value is None or len(value) <= MAX_HEADER:
                return value.strip(b" \t") if value else value
        values = self.values(name)
        if len(values) > 1:
            raise Rejection(Reason.DOUBLED_HEADER, name)
        return values[0] if values else None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; the last value of a repeated one. Raises Rejection."""
        if self._query is None:
            try:
                text = urlsplit(self.url).query
            except ValueError:
                raise Rejection(Reason.UNPARSEABLE, "url") from None
            self._query = dict(form_fields(octets(text)))
        return self._query

    @property
    def form(self) -> list[tuple[str, str]]:
        """Names and values of the form in the body, in order. Raises Rejection."""
        if self._form is None:
            self._form = form_fields(self.body)
        return self._form

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; "" without a Content-Type."""
        return _media_type(self.header("content-type") or b"")


@lru_cache(maxsize=64)
def _media_type(value: bytes) -> str:
    return value.split(b";")[0].strip().lower().decode("latin-1")


def octets(text: str | bytes) -> bytes:
    """The bytes of a header or an address as frameworks decode them; never raises."""
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def form_fields(data: bytes) -> list[tuple[str, str]]:
    """Names and values of a URL-encoded form, in order; raises Rejection if it is not one."""
    pieces = data.split(b"&")
    if len(pieces) > MAX_FIELDS or not data.isascii():
        raise Rejection(Reason.UNPARSEABLE, "form")
    try:
        return [
            (_unescaped(p[0]), _unescaped(p[2])) for p in (i.partition(b"=") for i in pieces if i)
        ]
    except UnicodeDecodeError:
        raise Rejection(Reason.UNPARSEABLE, "form") from None


def _unescaped(text: bytes) -> str:
    """The same as `urllib`, twenty times as fast: quoted-printable has the same escapes with
    another character, and a decoder in C."""
    text = text.replace(b"+", b" ")
    if b"%" in text:
        if _LOOSE.search(text):
            text = unquote_to_bytes(text)
        else:
            text = a2b_qp(text.replace(b"=", b"=3D").replace(b"%", b"="))
    return text.decode()


def _pairs(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Pairs of bytes, names in lower case; an ASGI server sends nearly that."""
    if not isinstance(headers, list) and isinstance(headers, Mapping):
        headers = cast("Mapping[str, str]", headers).items()
    pairs = cast("Iterable[Pair]", headers)
    return [
        (name.lower(), value)
        if isinstance(name, bytes) and isinstance(value, bytes)
        else (octets(name).lower(), octets(value))
        for name, value in pairs
    ]
