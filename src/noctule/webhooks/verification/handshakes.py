"""A delivery which is a question, not an event: what it looks like, and the answer to give."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from noctule.webhooks.errors import InvalidScheme, Reason, Rejection
from noctule.webhooks.schemes.locator import Source
from noctule.webhooks.schemes.template import Mac, Maybe, Setting, Template
from noctule.webhooks.verification.key_cache import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.webhooks.schemes.schema import HandshakeTable
    from noctule.webhooks.verification.delivery_view import Reading

Texts = tuple[tuple[str, Template], ...]
Constant = int | bool
VISIT_SECONDS = 3.0
PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Reply:
    """What the sender is told: status, headers, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True)
class Handshake:
    """See `handshake` in the scheme language."""

    match: tuple[tuple[Source, Template], ...]
    method: str
    text: Template | None
    json: Mapping[str, Template | Constant] | None = field(hash=False)
    headers: Texts
    status: int
    signed: bool
    shape: re.Pattern[str]
    visit: Source | None
    enrol: Source | None

    @classmethod
    def of(cls, table: HandshakeTable) -> Handshake:
        """Raises InvalidScheme."""
        if not table.match and table.method != "HEAD":
            raise InvalidScheme("handshake: match says not what it looks like")
        if table.visit and not table.signed:
            raise InvalidScheme("handshake: visit needs a signed one")
        if table.enrol and table.signed:
            raise InvalidScheme("handshake: enrol is for one that cannot be signed yet")
        try:
            shape = re.compile(table.shape)
        except re.error as error:
            raise InvalidScheme(f"handshake: shape: {error}") from None
        return cls(
            match=_texts(table.match),
            method=table.method,
            text=Template.parse(table.text) if table.text is not None else None,
            json=None if table.json is None else {k: _value(v) for k, v in table.json.items()},
            headers=tuple((n.lower(), Template.parse(t)) for n, t in table.headers.items()),
            status=table.status,
            signed=table.signed,
            shape=shape,
            visit=Source.parse(table.visit) if table.visit else None,
            enrol=Source.parse(table.enrol) if table.enrol else None,
        )

    @property
    def templates(self) -> Iterator[Template]:
        yield from (text for _, text in self.match)
        yield from (text for _, text in self.headers)
        yield from (text for text in (self.json or {}).values() if isinstance(text, Template))
        if self.text is not None:
            yield self.text

    @property
    def places(self) -> Iterator[Source]:
        """What it reads outside its texts."""
        yield from (place for place, _ in self.match)
        yield from (place for place in (self.visit, self.enrol) if place is not None)

    @property
    def signs_for_anybody(self) -> bool:
        """Whether whoever asks has a text of `shape` signed; no event may then be of that shape."""
        return not self.signed and any(
            isinstance(part, Mac) for text in self.templates for part in text.parts
        )


def question(reading: Reading, *, signed: bool) -> Handshake | None:
    """The handshake that this delivery is, if any. One that carries a signature is a signed one."""
    for handshake in reading.scheme.handshakes:
        if handshake.signed is signed and handshake.method == reading.request.method:
            if not signed and reading.carries_signature:
                continue
            found = (
                (reading.read(source), _text(text, reading)) for source, text in handshake.match
            )
            if all(_matches(value, text) for value, text in found):
                return handshake
    return None


def answer(handshake: Handshake, reading: Reading, secret: str = "") -> Reply:
    """The answer to a handshake; `secret` is what `{mac:…}` signs with.

    Raises Rejection if the delivery lacks a field or asks for something to be signed that is none
    of the handshake's.
    """

    def said(text: Template) -> str:
        return _text(text, reading, secret, handshake.shape).decode("utf-8", "replace")

    headers = [(name, _one_line(said(text))) for name, text in handshake.headers]
    media, body = PLAIN, b""
    if handshake.json is not None:
        pairs = handshake.json.items()
        values = {k: said(v) if isinstance(v, Template) else v for k, v in pairs}
        media, body = "application/json", json.dumps(values).encode()
    elif handshake.text is not None:
        body = said(handshake.text).encode()
    if body:
        headers += [("content-type", media), ("x-content-type-options", "nosniff")]
    return Reply(handshake.status, tuple(headers), body)


async def visit(handshake: Handshake, reading: Reading) -> None:
    """Call the address that a verified handshake asks to be called, if it does.

    Only one of the provider's own, as its keys are. Raises Rejection, KeyUnavailable.
    """
    fetch = reading.scheme.fetch
    if handshake.visit is None or fetch is None:
        return
    url = (reading.read(handshake.visit) or b"").decode("utf-8", "replace")
    await reading.scheme.published.obtain(Wanted(fetch.of_host(url)), within=VISIT_SECONDS)


def _matches(value: bytes | None, text: bytes) -> bool:
    return value is not None and (not text or hmac.compare_digest(value, text))


def _text(
    template: Template,
    reading: Reading,
    secret: str = "",
    shape: re.Pattern[str] | None = None,
) -> bytes:
    def value(part: str | Source | Maybe | Mac | Setting) -> bytes:
        match part:
            case Setting():
                return reading.scheme.values.get(part.word, "").encode() or _absent(part.word)
            case Mac():
                return _mac(reading, part.source, secret, shape)
            case Source():
                return reading.read(part) or _absent(str(part))
            case Maybe():
                return reading.read(part.source) or b""
            case _:
                return _absent(part)

    return template.render(value)


def _mac(reading: Reading, source: Source, secret: str, shape: re.Pattern[str] | None) -> bytes:
    from noctule.webhooks.formats.encoding import encode
    from noctule.webhooks.verification.keys import MacKey, key_of

    asked = reading.read(source) or _absent(str(source))
    key = key_of(reading.scheme, secret)
    if not isinstance(key, MacKey) or not shape or not shape.fullmatch(asked.decode("latin-1")):
        raise Rejection(Reason.MISSING_FIELD, str(source))
    return encode(reading.scheme.encoding, key.sign(asked))


def _absent(place: str) -> bytes:
    raise Rejection(Reason.MISSING_FIELD, place)


def _one_line(text: str) -> str:
    """A header cannot be made to hold another one."""
    if not text.isprintable() or not text.isascii():
        raise Rejection(Reason.MALFORMED_HEADER, "header")
    return text


def _texts(table: Mapping[str, str]) -> tuple[tuple[Source, Template], ...]:
    return tuple((Source.parse(place), Template.parse(text)) for place, text in table.items())


def _value(value: str | Constant) -> Template | Constant:
    return Template.parse(value) if isinstance(value, str) else value
