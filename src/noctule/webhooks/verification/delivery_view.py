"""A delivery read through its scheme: each value that the scheme locates, as bytes or text."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from noctule.json_types import get_path, is_object, scalar_text
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.json_body import parse_partly
from noctule.webhooks.formats.jws import parse as parse_token
from noctule.webhooks.verification.content import fields, parse, parser_of
from noctule.webhooks.verification.message_signature import message_signatures

if TYPE_CHECKING:
    from noctule.webhooks.formats.jws import JsonWebToken
    from noctule.webhooks.request import WebhookRequest
    from noctule.webhooks.schemes.locator import Locator
    from noctule.webhooks.schemes.scheme import Alternative, Scheme
    from noctule.webhooks.verification.message_signature import MessageSignature

MAX_ID = 512


class LocatedText(NamedTuple):
    """A value, and whether the signature protects it."""

    text: str
    signed: bool


class DeliveryView:
    """One request under one scheme. Whatever is wrong with the request raises Rejection."""

    __slots__ = (
        "_body",
        "_fields",
        "_items",
        "_message",
        "_parser",
        "_partial_body",
        "_sorted_form",
        "_token",
        "request",
        "scheme",
    )

    def __init__(self, scheme: Scheme, request: WebhookRequest) -> None:
        self.scheme = scheme
        self.request = request
        self._items: dict[str, dict[bytes, list[bytes]]] = {}
        self._fields: dict[str, str] | None = None
        self._message: MessageSignature | None = None
        self._parser = ""
        self._token: JsonWebToken | None = None
        self._sorted_form: bytes | None = None
        self._body: Any = None
        self._partial_body: Any = None

    def of_item(self, item: Any) -> DeliveryView:
        """The same delivery with one event of its batch as the body."""
        view = DeliveryView(self.scheme, self.request)
        view._body = view._partial_body = item if item is not None else {}
        return view

    def of_message(self, message: MessageSignature) -> DeliveryView:
        """The same delivery under one of its HTTP message signatures."""
        view = DeliveryView(self.scheme, self.request)
        view._message = message
        return view

    @property
    def message(self) -> MessageSignature:
        """The HTTP message signature, the first of several that cover what the scheme needs."""
        if self._message is None:
            scheme = self.scheme
            self._message = message_signatures(self.request, scheme.components, scheme.algorithm)[0]
        return self._message

    @property
    def body(self) -> Any:
        """The parsed body: an object (a form is an object of texts), or a list for a batch."""
        if self._body is None:
            self._body = parse(self.parser, self.request)
        return self._body

    @property
    def parser(self) -> str:
        """The parser of the body; raises Rejection (415)."""
        if not self._parser:
            self._parser = parser_of(self.scheme, self.request)
        return self._parser

    @property
    def data(self) -> Any:
        """The parsed body, reduced to the signed keys where a scheme signs only some."""
        keys = self.scheme.signed_keys
        if not keys:
            return self.body
        return {k: v for k, v in self.body.items() if k in keys} if is_object(self.body) else {}

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the form in the body."""
        if self._fields is None:
            multipart = "multipart" in self.scheme.parsers and self.request.body.startswith(b"--")
            self._fields = fields("multipart" if multipart else "form", self.request)
        return self._fields

    @property
    def token(self) -> JsonWebToken:
        """The JSON web token in the signature header."""
        if self._token is None:
            header = self.scheme.headers[0]
            text = self.request.header(header)
            if text is None:
                raise Rejection(Reason.MISSING_SIGNATURE, header)
            prefix = self.scheme.prefix
            if not text.startswith(prefix):
                raise Rejection(Reason.MALFORMED_SIGNATURE, header)
            self._token = parse_token(text.removeprefix(prefix), header)
        return self._token

    @property
    def has_signature(self) -> bool:
        """Whether there is any value where the signature belongs."""
        locator = self.scheme.signature_locator
        if locator is not None and self.request.body:
            return self.read(locator) is not None
        return any(any(self.request.values(header)) for header in self.scheme.headers)

    @property
    def partial_body(self) -> Any:
        """`body`, or only the parts of it that the scheme reads."""
        if self._partial_body is None:
            decoder = self.scheme.body_decoder
            if decoder is None or self.parser != "json":
                self._partial_body = self.body
            else:
                self._partial_body = parse_partly(self.request.body, decoder)
        return self._partial_body

    def items(self, header: str) -> list[bytes]:
        """The items of a header, split as the scheme splits the signature header."""
        values = self.request.values(header)
        if len(values) > 1 and not self.scheme.repeat:
            raise Rejection(Reason.DOUBLED_HEADER, header)
        separator = self.scheme.header_syntax[0]
        if not separator:
            return values
        items = [item for value in values for item in value.split(separator)]
        return [item.strip(b" \t") for item in items] if separator != b" " else items

    def items_named(self, header: str, name: bytes) -> list[bytes]:
        """The values of the header's items of that name; `*` is any name."""
        by_name = self._items.get(header)
        if by_name is None:
            by_name = self._items[header] = {}
            for key, value in self.pairs(self.items(header)):
                by_name.setdefault(key, []).append(value)
        if name == b"*":
            return [value for values in by_name.values() for value in values]
        return by_name.get(name, [])

    def pairs(self, items: list[bytes]) -> list[tuple[bytes, ...]]:
        """Names and values of items, split as the scheme splits the signature header's."""
        pair = self.scheme.header_syntax[1]
        return [item.partition(pair)[::2] for item in items]

    def read(self, locator: Locator, data: Any = None) -> bytes | None:
        """The value at a position, None if absent. `data` replaces the body: an item of a batch."""
        if locator.kind != "header":
            text = self.text(locator, data)
            return text.encode("utf-8", "replace") if text is not None else None
        if not locator.item:
            return self.request.header(locator.name)
        values = self.items_named(locator.name, locator.item.encode())
        if len(values) > 1:
            raise Rejection(Reason.DOUBLED_HEADER, str(locator))
        return values[0] if values else None

    def text(self, locator: Locator, data: Any = None) -> str | None:
        """The same as text."""
        match locator.kind:
            case "body":
                return scalar_text(
                    get_path(self.partial_body if data is None else data, locator.name)
                )
            case "query":
                return self.request.query.get(locator.name)
            case "form":
                return self.fields.get(locator.name)
            case "claim":
                return scalar_text(get_path(self.token.claims, locator.name))
            case "jose":
                return scalar_text(get_path(self.token.header, locator.name))
            case "parameter":
                return scalar_text(self.message.parameters.get(locator.name))
            case "header":
                pass
        value = self.read(locator)
        return value.decode("utf-8", "replace") if value is not None else None

    def first(self, alternatives: tuple[Alternative, ...], data: Any = None) -> LocatedText | None:
        """The first alternative of which every part is present and not empty."""
        for locators, separator, signed in alternatives:
            if len(locators) == 1:
                text = self.text(locators[0], data)
            else:
                texts = [text for locator in locators if (text := self.text(locator, data))]
                text = separator.join(texts) if len(texts) == len(locators) else None
            if text:
                return LocatedText(_bounded(text), signed)
        return None

    @property
    def is_form(self) -> bool:
        """Whether the body is a URL-encoded form."""
        return self.parser.partition(":")[0] == "form"

    @property
    def sorted_form(self) -> bytes:
        """Distinct form fields, name then value, sorted; empty if the body is not a form."""
        if self._sorted_form is None:
            pairs = sorted(set(self.request.form)) if self.is_form else []
            self._sorted_form = "".join([name + value for name, value in pairs]).encode()
        return self._sorted_form


def _bounded(text: str) -> str:
    """A text that every database stores: a long one ends with a digest of the whole."""
    if len(text) <= MAX_ID and "\0" not in text:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"{text[: MAX_ID - 65]}~{digest}".replace("\0", "\ufffd")
