"""A delivery read through its scheme: every value that the scheme points at, as bytes or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from noctule.json_types import get_path, is_dict, scalar_text
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.jws import parse as parse_token
from noctule.webhooks.verification.content import FORM, fields, parse, parser_of, skim

if TYPE_CHECKING:
    from noctule.webhooks.formats.jws import Token
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.locator import Source
    from noctule.webhooks.schemes.scheme import Choice, Scheme

MAX_ID = 512


class Found(NamedTuple):
    """A value, and whether the signature vouches for it."""

    text: str
    signed: bool


class Reading:
    """One request under one scheme. Everything that can be wrong in it raises Rejection."""

    __slots__ = (
        "_fields",
        "_named",
        "_skimmed",
        "_sorted",
        "_token",
        "_whole",
        "request",
        "scheme",
    )

    def __init__(self, scheme: Scheme, request: WebhookRequest) -> None:
        self.scheme = scheme
        self.request = request
        self._named: dict[str, dict[bytes, list[bytes]]] = {}
        self._fields: dict[str, str] | None = None
        self._token: Token | None = None
        self._sorted: bytes | None = None
        self._whole: Any = None
        self._skimmed: Any = None

    def of(self, member: Any) -> Reading:
        """The same delivery with one event of its batch for its body."""
        reading = Reading(self.scheme, self.request)
        reading._whole = reading._skimmed = member if member is not None else {}
        return reading

    @property
    def whole(self) -> Any:
        """The parsed body: an object (a form is an object of texts), or a list for a batch."""
        if self._whole is None:
            self._whole = parse(self.scheme, self.request)
        return self._whole

    @property
    def data(self) -> Any:
        """The same, or of it the keys that are signed where a scheme signs only some."""
        only = self.scheme.only
        if not only:
            return self.whole
        return {k: v for k, v in self.whole.items() if k in only} if is_dict(self.whole) else {}

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form around a body; raises Rejection if it is none."""
        if self._fields is None:
            self._fields = fields(self.request)
        return self._fields

    @property
    def token(self) -> Token:
        """The JSON web token in the signature's header; raises Rejection."""
        if self._token is None:
            place = self.scheme.headers[0]
            text = self.request.header(place)
            if text is None:
                raise Rejection(Reason.MISSING_SIGNATURE, place)
            prefix = self.scheme.prefix
            if not text.startswith(prefix):
                raise Rejection(Reason.MALFORMED_SIGNATURE, place)
            self._token = parse_token(text.removeprefix(prefix), place)
        return self._token

    @property
    def carries_signature(self) -> bool:
        """Whether there is anything where the signature belongs."""
        place = self.scheme.place
        if place is not None and self.request.body:
            return self.read(place) is not None
        return any(any(self.request.values(header)) for header in self.scheme.headers)

    @property
    def skimmed(self) -> Any:
        """`whole`, or as much of it as the scheme's sources need."""
        if self._skimmed is None:
            decoder = self.scheme.skimmer
            if decoder is None or parser_of(self.scheme, self.request) != "json":
                self._skimmed = self.whole
            else:
                self._skimmed = skim(self.request.body, decoder)
        return self._skimmed

    def items(self, header: str) -> list[bytes]:
        """The items of a header's values, cut as the scheme cuts its signature's."""
        found = self.request.values(header)
        if len(found) > 1 and not self.scheme.repeat:
            raise Rejection(Reason.DOUBLED_HEADER, header)
        separator = self.scheme.cut[0]
        if not separator:
            return found
        items = [item for value in found for item in value.split(separator)]
        return [item.strip(b" \t") for item in items] if separator != b" " else items

    def named(self, header: str, name: bytes) -> list[bytes]:
        """The values of a header's items of that name; `*` is any name."""
        by_name = self._named.get(header)
        if by_name is None:
            by_name = self._named[header] = {}
            for key, value in self.pairs(self.items(header)):
                by_name.setdefault(key, []).append(value)
        if name == b"*":
            return [value for values in by_name.values() for value in values]
        return by_name.get(name, [])

    def pairs(self, items: list[bytes]) -> list[tuple[bytes, ...]]:
        """Names and values of items, cut as the scheme cuts its signature's."""
        pair = self.scheme.cut[1]
        return [item.partition(pair)[::2] for item in items]

    def read(self, source: Source, data: Any = None) -> bytes | None:
        """The value at a source, None if absent. `data` stands for the body in a batch's item."""
        if source.place != "header":
            text = self.text(source, data)
            return text.encode("utf-8", "replace") if text is not None else None
        if not source.item:
            return self.request.header(source.name)
        values = self.named(source.name, source.item.encode())
        if len(values) > 1:
            raise Rejection(Reason.DOUBLED_HEADER, str(source))
        return values[0] if values else None

    def text(self, source: Source, data: Any = None) -> str | None:
        """The same as text."""
        match source.place:
            case "body":
                return scalar_text(get_path(self.skimmed if data is None else data, source.name))
            case "query":
                return self.request.query.get(source.name)
            case "form":
                return self.fields.get(source.name)
            case "claim":
                return scalar_text(get_path(self.token.claims, source.name))
            case "jose":
                return scalar_text(get_path(self.token.header, source.name))
            case "header":
                pass
        value = self.read(source)
        return value.decode("utf-8", "replace") if value is not None else None

    def first(self, choices: tuple[Choice, ...], data: Any = None) -> Found | None:
        """The first alternative of which every part is present and not empty."""
        for parts, glue, signed in choices:
            if len(parts) == 1:
                text = self.text(parts[0], data)
            else:
                texts = [text for part in parts if (text := self.text(part, data))]
                text = glue.join(texts) if len(texts) == len(parts) else None
            if text:
                return Found(text[:MAX_ID].replace("\0", "\ufffd"), signed)
        return None

    @property
    def is_form(self) -> bool:
        return self.request.media_type == FORM

    @property
    def sorted_form(self) -> bytes:
        """Distinct fields, name then value, sorted; nothing if the body is no form."""
        if self._sorted is None:
            pairs = sorted(set(self.request.form)) if self.is_form else []
            self._sorted = "".join([name + value for name, value in pairs]).encode()
        return self._sorted
