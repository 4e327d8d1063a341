"""One delivery as received: method, address, headers and the exact bytes of the body."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from noctule.webhooks.errors import Reason, Rejection

MAX_HEADER = 4096
MAX_FIELDS = 1000

Pair = tuple[str | bytes, str | bytes]
Headers = Mapping[str, str] | Iterable[Pair]


def _octets(text: str | bytes) -> bytes:
    if isinstance(text, bytes):
        return text
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def form_fields(data: bytes) -> list[tuple[str, str]]:
    """Names and values of a URL-encoded form, in order; raises Rejection if it is none."""
    try:
        return parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise Rejection(Reason.UNPARSEABLE, "form") from None


@dataclass(frozen=True)
class Request:
    """A delivery. `headers` are pairs of bytes with names in lower case, in the order received."""

    method: str
    url: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, method: str, url: str, headers: Headers, body: bytes) -> "Request":
        """A request from headers as any framework gives them: a mapping or pairs, text or bytes."""
        mapping = cast("Mapping[str, str]", headers) if isinstance(headers, Mapping) else None
        pairs = mapping.items() if mapping is not None else cast("Iterable[Pair]", headers)
        exact = tuple((_octets(name).lower(), _octets(value)) for name, value in pairs)
        return cls(method.upper(), url, exact, body)

    @cached_property
    def _values(self) -> dict[bytes, list[bytes]]:
        values: dict[bytes, list[bytes]] = {}
        for name, value in self.headers:
            values.setdefault(name, []).append(value.strip(b" \t"))
        return values

    def values(self, pattern: str) -> list[bytes]:
        """Every value of a header, by name in lower case; a trailing `*` matches any ending."""
        name = pattern.encode("latin-1")
        if name.endswith(b"*"):
            found = [v for n, all_ in self._values.items() if n.startswith(name[:-1]) for v in all_]
        else:
            found = self._values.get(name, [])
        if any(len(value) > MAX_HEADER for value in found):
            raise Rejection(Reason.MALFORMED_HEADER, pattern)
        return found

    def header(self, name: str) -> bytes | None:
        """The one value of a header, None if absent; two values are a rejection, not a choice."""
        values = self.values(name)
        if len(values) > 1:
            raise Rejection(Reason.DOUBLED_HEADER, name)
        return values[0] if values else None

    @cached_property
    def query(self) -> dict[str, str]:
        """Parameters of the address; of a repeated one the last, as for a form."""
        return dict(form_fields(_octets(urlsplit(self.url).query)))

    @property
    def media_type(self) -> str:
        """The media type without parameters, in lower case; "" if none was sent."""
        return (self.header("content-type") or b"").split(b";")[0].strip().lower().decode("latin-1")
