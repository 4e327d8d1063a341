"""A delivery read through its scheme: every value that the scheme points at, as bytes or text."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.request import Request, form_fields
from noctule.webhooks.scheme import Scheme
from noctule.webhooks.source import Source, Sources, scalar, walk

MAX_ID = 512


@dataclass(frozen=True)
class Reading:
    """One request under one scheme. Everything that can be wrong in it raises Rejection."""

    scheme: Scheme
    request: Request

    @cached_property
    def data(self) -> Any:
        """The parsed body: an object (a form is an object of texts), or a list for a batch."""
        return parse(self.scheme, self.request)

    def items(self, header: str) -> list[bytes]:
        """The items of a header's values, cut as the scheme cuts its signature's."""
        values = self.request.values(header)
        if len(values) > 1 and not self.scheme.repeat:
            raise Rejection(Reason.DOUBLED_HEADER, header)
        if not self.scheme.separator:
            return values
        separator = self.scheme.separator.encode()
        return [item.strip(b" \t") for value in values for item in value.split(separator)]

    def named(self, header: str, name: str) -> list[bytes]:
        """The values of a header's items of that name."""
        start = f"{name}{self.scheme.pair}".encode()
        return [item.removeprefix(start) for item in self.items(header) if item.startswith(start)]

    def read(self, source: Source, data: Any = None) -> bytes | None:
        """The value at a source, None if absent. `data` stands for the body in a batch's item."""
        match source.place:
            case "header" if source.item:
                values = self.named(source.name, source.item)
                if len(values) > 1:
                    raise Rejection(Reason.DOUBLED_HEADER, str(source))
                return values[0] if values else None
            case "header":
                return self.request.header(source.name)
            case "query":
                text = self.request.query.get(source.name)
            case "body":
                text = scalar(walk(self.data if data is None else data, source.name))
        return text.encode("utf-8", "replace") if text is not None else None

    def first(self, sources: Sources, glue: str, data: Any = None) -> "Found | None":
        """The first alternative of which every part is present and not empty."""
        for parts in sources:
            values = [self.read(part, data) for part in parts]
            if all(values):
                text = glue.join((value or b"").decode("utf-8", "replace") for value in values)
                return Found(text[:MAX_ID], all(map(self.scheme.is_signed, parts)))
        return None

    @cached_property
    def sorted_form(self) -> bytes:
        """Distinct fields, name then value, sorted; nothing if the body is no form."""
        if not self.is_form:
            return b""
        pairs = sorted(set(form_fields(self.request.body)))
        return "".join(name + value for name, value in pairs).encode()

    @property
    def is_form(self) -> bool:
        return self.request.media_type == "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and whether the signature vouches for it."""

    text: str
    signed: bool


def parse(scheme: Scheme, request: Request) -> Any:
    """The body by its media type; raises Rejection (unsupported, not parseable)."""
    media = request.media_type or next(iter(scheme.content))
    kind = scheme.content.get(media)
    if kind is None and media.endswith("+json"):
        kind = scheme.content.get("application/json")
    if kind is None:
        raise Rejection(Reason.UNSUPPORTED_MEDIA, "content-type")
    if kind == "json":
        return parse_json(request.body)
    fields = dict(form_fields(request.body))
    inner = fields.get(kind.partition(":")[2])
    return fields if inner is None else parse_json(inner.encode())


def parse_json(body: bytes) -> Any:
    """JSON, or Rejection. An empty body is an empty object: some deliveries have none."""
    try:
        return msgspec.json.decode(body) if body else {}
    except (ValueError, RecursionError):
        raise Rejection(Reason.UNPARSEABLE, "body") from None
