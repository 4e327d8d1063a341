"""A delivery read through its scheme: every value that the scheme points at, as bytes or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from noctule.webhooks.content import FORM, parse, parser_of, skim
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.request import form_fields
from noctule.webhooks.source import scalar, walk

if TYPE_CHECKING:
    from noctule.webhooks.request import Request
    from noctule.webhooks.scheme import Scheme
    from noctule.webhooks.source import Source, Sources

MAX_ID = 512


class Found(NamedTuple):
    """A value, and whether the signature vouches for it."""

    text: str
    signed: bool


class Reading:
    """One request under one scheme. Everything that can be wrong in it raises Rejection."""

    __slots__ = ("_data", "_named", "_skimmed", "request", "scheme")

    def __init__(self, scheme: Scheme, request: Request) -> None:
        self.scheme = scheme
        self.request = request
        self._named: dict[str, dict[bytes, list[bytes]]] = {}
        self._data: Any = None
        self._skimmed: Any = None

    @property
    def data(self) -> Any:
        """The parsed body: an object (a form is an object of texts), or a list for a batch."""
        if self._data is None:
            self._data = parse(self.scheme, self.request)
        return self._data

    @property
    def skimmed(self) -> Any:
        """`data`, or as much of it as the scheme's sources need."""
        if self._skimmed is None:
            decoder = self.scheme.skimmer
            if decoder is None or parser_of(self.scheme, self.request) != "json":
                self._skimmed = self.data
            else:
                self._skimmed = skim(self.request.body, decoder)
        return self._skimmed

    def items(self, header: str) -> list[bytes]:
        """The items of a header's values, cut as the scheme cuts its signature's."""
        found = self.request.values(header)
        if len(found) > 1 and not self.scheme.repeat:
            raise Rejection(Reason.DOUBLED_HEADER, header)
        if self.scheme.separator:
            separator = self.scheme.separator.encode()
            return [item.strip(b" \t") for value in found for item in value.split(separator)]
        return found

    def named(self, header: str, name: str) -> list[bytes]:
        """The values of a header's items of that name."""
        by_name = self._named.get(header)
        if by_name is None:
            by_name = self._named[header] = {}
            pair = self.scheme.pair.encode()
            for item in self.items(header):
                key, _, value = item.partition(pair)
                by_name.setdefault(key, []).append(value)
        return by_name.get(name.encode(), [])

    def read(self, source: Source, data: Any = None) -> bytes | None:
        """The value at a source, None if absent. `data` stands for the body in a batch's item."""
        if source.place == "body" or source.place == "query":
            text = self.text(source, data)
            return text.encode("utf-8", "replace") if text is not None else None
        if not source.item:
            return self.request.header(source.name)
        values = self.named(source.name, source.item)
        if len(values) > 1:
            raise Rejection(Reason.DOUBLED_HEADER, str(source))
        return values[0] if values else None

    def text(self, source: Source, data: Any = None) -> str | None:
        """The same as text."""
        if source.place == "body":
            return scalar(walk(self.skimmed if data is None else data, source.name))
        if source.place == "query":
            return self.request.query.get(source.name)
        value = self.read(source)
        return value.decode("utf-8", "replace") if value is not None else None

    def first(self, sources: Sources, glue: str, data: Any = None) -> Found | None:
        """The first alternative of which every part is present and not empty."""
        for parts in sources:
            texts = [text for part in parts if (text := self.text(part, data))]
            if len(texts) == len(parts):
                text = glue.join(texts)[:MAX_ID].replace("\0", "\ufffd")
                return Found(text, self.scheme.vouched.issuperset(parts))
        return None

    @property
    def is_form(self) -> bool:
        return self.request.media_type == FORM

    @property
    def sorted_form(self) -> bytes:
        """Distinct fields, name then value, sorted; nothing if the body is no form."""
        if not self.is_form:
            return b""
        pairs = sorted(set(form_fields(self.request.body)))
        return "".join([name + value for name, value in pairs]).encode()
