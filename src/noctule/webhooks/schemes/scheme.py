"""How a provider signs its deliveries, as data: the meaning of a `[signature]` table.

docs/signature-language.md describes the tables. A scheme is read from TOML and never executed;
`verify` and `sign` interpret it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, NamedTuple

import msgspec

from noctule.runtime.fork import ForkSafeLock
from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.formats.encoding import Encoding
from noctule.webhooks.formats.json_body import partial_decoder
from noctule.webhooks.schemes.coverage import SignedScope
from noctule.webhooks.schemes.handshake import Handshake
from noctule.webhooks.schemes.identity import IdentityFacts
from noctule.webhooks.schemes.key_address import KeyAddress
from noctule.webhooks.schemes.locator import Locator, Locators
from noctule.webhooks.schemes.schema import (
    COVERAGES,
    Algorithm,
    Coverage,
    KeyForm,
    SignatureTable,
    TimestampTable,
    Unit,
)
from noctule.webhooks.schemes.template import Template

_FIRST_USE = ForkSafeLock()
"""msgspec 0.22 crashes the process if two threads inspect a type for the first time at once."""

__all__ = ["COVERAGES", "Algorithm", "Coverage", "KeyForm", "Scheme", "Timestamp", "Unit"]

UNVERIFIABLE: tuple[Algorithm, ...] = ("static", "none")
_KEY_FORMS: Mapping[Algorithm, tuple[KeyForm, ...]] = {
    "ecdsa-p256": ("spki", "jwk"),
    "es256": ("spki", "jwk"),
    "es384": ("spki", "jwk"),
    "rsa-sha1": ("spki", "x509", "jwk"),
    "rsa-sha256": ("spki", "x509", "jwk"),
    "rsa-pss-sha512": ("spki", "jwk"),
    "jwk": ("jwk",),
    "ed25519": ("hex", "base64", "whsec", "jwk"),
}
_MAC_KEY_FORMS: tuple[KeyForm, ...] = ("utf8", "hex", "base64", "whsec", "sha1")


@dataclass(frozen=True)
class Timestamp:
    """Where the signing time is read (the first of `locators` that is present), its unit, and the
    seconds tolerated on either side."""

    locators: tuple[Locator, ...]
    unit: Unit
    past: float
    future: float

    @property
    def locator(self) -> Locator:
        """The first position, where it is written."""
        return self.locators[0]


class Alternative(NamedTuple):
    """One way to read a value: positions, the text between them, and whether they are signed."""

    locators: tuple[Locator, ...]
    separator: str
    signed: bool


class EventFields(NamedTuple):
    """How the values that describe an event are read; the first alternative present counts."""

    id: tuple[Alternative, ...]
    type: tuple[Alternative, ...]
    subject: tuple[Alternative, ...]
    version: tuple[Alternative, ...]


@dataclass(frozen=True)
class Scheme:
    """The meaning of a `[signature]` table; docs/signature-language.md describes each key."""

    provider: str
    algorithm: Algorithm
    headers: tuple[str, ...]
    signature_locator: Locator | None
    repeat: bool
    separator: str
    pair: str
    name: str
    prefixes: tuple[bytes, ...]
    encoding: Encoding
    key_form: KeyForm
    key_address: KeyAddress | None
    algorithm_locator: Locator | None
    algorithms: Mapping[str, Algorithm] = field(hash=False)
    templates: tuple[Template, ...]
    expected: tuple[tuple[Locator, Template], ...]
    settings: Mapping[str, str] = field(hash=False)
    components: frozenset[str]
    timestamp: Timestamp | None
    expires: Locator | None
    id: Locators
    type: Locators
    subject: Locators
    version: Locators
    batch: Locator | None
    signs_items: bool
    signed_keys: frozenset[str]
    body_digest: Locator | None
    content: Mapping[str, str] = field(hash=False)
    max_body: int
    reply: str
    handshakes: tuple[Handshake, ...]
    identity: IdentityFacts
    status: Literal["confirmed", "unconfirmed"]
    compared: str
    documentation: str
    setting_values: Mapping[str, str] = field(
        default_factory=dict[str, str], repr=False, compare=False
    )
    """The values of `settings`, once `with_settings` was called."""

    @classmethod
    def parse(cls, table: Mapping[str, Any], provider: str = "") -> "Scheme":
        """The scheme of a table. Raises InvalidScheme naming the key that is wrong."""
        try:
            with _FIRST_USE:
                checked = msgspec.convert(table, SignatureTable)
            scheme = cls._compile(checked, provider)
            scheme._check()
        except (msgspec.ValidationError, InvalidScheme) as error:
            raise InvalidScheme(f"[signature] of {provider or 'a scheme'}: {error}") from None
        return scheme

    @classmethod
    def _compile(cls, table: SignatureTable, provider: str) -> "Scheme":
        headers = [table.header] if isinstance(table.header, str) else table.header
        headers = ["Signature"] if table.components and not headers else headers
        prefixes = table.prefix or ""
        templates = [table.signed] if isinstance(table.signed, str) else table.signed
        return cls(
            provider=provider,
            algorithm=table.algorithm,
            headers=tuple(name.lower() for name in headers),
            signature_locator=_locator(table.signature_locator),
            repeat=table.repeat,
            separator=table.separator,
            pair=table.pair,
            name=table.name,
            prefixes=tuple(map(str.encode, [prefixes] if isinstance(prefixes, str) else prefixes)),
            encoding=table.encoding,
            key_form=table.key,
            key_address=KeyAddress.of(table.fetch) if table.fetch else None,
            algorithm_locator=_locator(table.algorithm_at),
            algorithms=table.algorithms,
            templates=tuple(map(Template.parse, templates)),
            expected=tuple(
                (Locator.parse(at), Template.parse(text)) for at, text in table.expect.items()
            ),
            settings=table.settings,
            components=frozenset(table.components),
            timestamp=_timestamp(table.timestamp) if table.timestamp else None,
            expires=_locator(table.expires),
            id=Locators.parse(table.id),
            type=Locators.parse(table.type),
            subject=Locators.parse(table.subject),
            version=Locators.parse(table.version),
            batch=_locator(table.batch),
            signs_items=table.signs_items,
            signed_keys=frozenset(table.signed_keys),
            body_digest=_locator(table.body_digest),
            content=table.content,
            max_body=table.max_body,
            reply=table.reply,
            handshakes=tuple(map(Handshake.of, table.handshake)),
            identity=IdentityFacts.of(table.identity),
            status=table.status,
            compared=table.compared,
            documentation=table.documentation,
        )

    def _check(self) -> None:
        if self.algorithm in UNVERIFIABLE:
            return
        if not self.headers and not self.signature_locator:
            raise InvalidScheme("header: the header of the signature is missing")
        if not all(template.parts for template in self.templates) or not self.templates:
            raise InvalidScheme("signed: the signed text is missing")
        if not self.content:
            raise InvalidScheme("content: at least one media type is needed")
        if len(self.parsers) < len(set(self.content.values())):
            raise InvalidScheme("content: two parsers for one kind of body; nothing signed chooses")
        if bool(self.pair) != bool(self.name):
            raise InvalidScheme("pair and name: both or neither")
        for algorithm in (self.algorithm, *self.algorithms.values()):
            if self.key_form not in _KEY_FORMS.get(algorithm, _MAC_KEY_FORMS):
                raise InvalidScheme(f"key: {self.key_form} does not fit {algorithm}")
        if (self.key_form in ("x509", "jwk")) != (self.key_address is not None):
            raise InvalidScheme("fetch: needed for keys x509 and jwk, and only for them")
        if bool(self.algorithm_locator) != bool(self.algorithms):
            raise InvalidScheme("algorithm_at and algorithms: both or neither")
        if bool(self.components) != ("signature_base" in self.signed):
            raise InvalidScheme("components: needed for {signature_base}, and only for it")
        if self.algorithm == "jwk" and not self.components:
            raise InvalidScheme("algorithm: jwk needs {signature_base}")
        if self.expires and not self.scope.includes(self.expires):
            raise InvalidScheme("expires: is not signed, so it proves nothing; leave it out")
        if self.signs_items and not self.batch:
            raise InvalidScheme("each: needs batch, the position of the events")
        if "id" in self.signed and not self.id.alternatives:
            raise InvalidScheme("signed: holds {id}, but id is missing")
        if self.timestamp and not all(map(self.scope.includes_time, self.timestamp.locators)):
            raise InvalidScheme("timestamp: is not signed, so it proves nothing; leave it out")
        if "timestamp" in self.signed and not self.timestamp:
            raise InvalidScheme("signed: holds {timestamp}, but timestamp is missing")
        self._check_identity()
        unset = {name for text in self._templates for name in text.settings} - self.settings.keys()
        if unset:
            raise InvalidScheme(f"settings: no variable for {', '.join(sorted(unset))}")

    def _check_identity(self) -> None:
        facts = self.identity
        if any(locator.kind != "body" for locator in facts.changes):
            raise InvalidScheme("identity.changes: holds places in the body only")
        if self.timestamp and facts.retry == "same" and self.timestamp.past < facts.retry_seconds:
            raise InvalidScheme(
                "timestamp: past is shorter than identity.hours, so a retry with the same time"
                " would be rejected"
            )

    def with_settings(self, values: Mapping[str, str]) -> "Scheme":
        """The same scheme with the values of `settings`, by name."""
        return replace(self, setting_values=values)

    @property
    def signed(self) -> Template:
        """What is signed; the first of several ways to write it."""
        return self.templates[0] if self.templates else Template(())

    @cached_property
    def scope(self) -> SignedScope:
        """Which parts of a delivery the signature protects."""
        return SignedScope(
            self.signed,
            self.id,
            self.body_digest,
            frozenset(parser.partition(":")[2] for parser in self.content.values()),
            bool(self.signed_keys),
            self.components,
        )

    @cached_property
    def coverage(self) -> Coverage:
        """`full` (body and time), `body`, `partial` (less than the body), `static` or `none`."""
        if self.algorithm == "static" or self.algorithm == "none":
            return self.algorithm
        if not self.scope.body:
            return "partial"
        return "full" if self.timestamp else "body"

    @cached_property
    def parsers(self) -> Mapping[str, str]:
        """The parsers of `content` by the kind of body that they read: json, form, multipart."""
        kinds = ((parser.partition(":")[0], parser) for parser in self.content.values())
        return {"form" if kind == "xml64" else kind: parser for kind, parser in kinds}

    @cached_property
    def header_syntax(self) -> tuple[bytes, bytes, bytes]:
        """`separator`, `pair` and `name` as bytes."""
        return self.separator.encode(), self.pair.encode(), self.name.encode()

    @cached_property
    def handshake_shapes(self) -> tuple[re.Pattern[str], ...]:
        """Texts that a handshake signs for any sender, so that no event may be one."""
        return tuple(shake.shape for shake in self.handshakes if shake.signs_for_anybody)

    @cached_property
    def prefix(self) -> bytes:
        """The prefix that is written before a signature."""
        return self.prefixes[0]

    @cached_property
    def signature_position(self) -> str:
        """Where the signature is, for messages."""
        return str(self.signature_locator) if self.signature_locator else ", ".join(self.headers)

    @cached_property
    def signs_body_alone(self) -> bool:
        """Whether the body and nothing else is signed: the common case."""
        alone = len(self.templates) == 1 and self.signed.parts == ("body",)
        return alone and not self.handshake_shapes

    @cached_property
    def event_fields(self) -> EventFields:
        """How an event's id, type, subject and version are read."""

        def alternatives(locators: Locators, separator: str) -> tuple[Alternative, ...]:
            return tuple(
                Alternative(parts, separator, all(map(self.scope.includes, parts)))
                for parts in locators
            )

        return EventFields(
            alternatives(self.id, ":"),
            alternatives(self.type, "."),
            alternatives(self.subject, ":"),
            alternatives(self.version, "."),
        )

    @cached_property
    def handles_copies(self) -> bool:
        """Whether a copy of a delivery is handled like another event, since it may be one and does
        no harm: it says only that something changed, and carries no id or time that is signed."""
        no_id = not any(alternative.signed for alternative in self.event_fields.id)
        return no_id and self.timestamp is None and self.identity.equal_content == "bell"

    @cached_property
    def reads_unsigned_id(self) -> bool:
        """Whether an id is read in a position that is not signed."""
        return any(not alternative.signed for alternative in self.event_fields.id)

    @property
    def _templates(self) -> Iterator[Template]:
        """Every text with placeholders."""
        yield from self.templates
        yield from (template for _, template in self.expected)
        for handshake in self.handshakes:
            yield from handshake.templates
        if self.key_address:
            yield from self.key_address.templates

    @cached_property
    def locators(self) -> frozenset[Locator]:
        """Every position that the scheme reads."""
        groups = (*self.id, *self.type, *self.subject, *self.version)
        locators = [locator for group in groups for locator in group]
        locators += [locator for template in self._templates for locator in template.locators]
        locators += [locator for locator, _ in self.expected]
        locators += [locator for shake in self.handshakes for locator in shake.locators]
        locators += self.timestamp.locators if self.timestamp else []
        optional = (
            self.body_digest, self.signature_locator, self.algorithm_locator, self.expires
        )  # fmt: skip
        locators += [locator for locator in optional if locator is not None]
        return frozenset(locators)

    @cached_property
    def body_decoder(self) -> msgspec.json.Decoder[Any] | None:
        """A decoder for the parts of a JSON body that the scheme reads; None if it reads all."""
        paths = {locator.name for locator in self.locators if locator.kind == "body"}
        indexed = any(key.isdecimal() for path in paths for key in path.split("."))
        if self.batch or self.signed_keys or indexed or "" in paths:
            return None
        return partial_decoder(sorted(paths))

    def stores_header(self, header: bytes) -> bool:
        """Whether a header (in lower case) is stored: verification reads it, or it is basic."""
        names, beginnings = self._stored_headers
        return header in names or header.startswith(beginnings)

    @cached_property
    def _stored_headers(self) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
        """Whole names of headers, and the beginnings of others."""
        read = {locator.name for locator in self.locators if locator.kind == "header"}
        names = {*self.headers, *read, "content-type", "user-agent"}
        beginnings = [name[:-1] for name in self.headers if name.endswith("*")]
        beginnings += ["x-contentful-"] if "listed_headers" in self.signed else []
        names |= {*self.components, "signature-input"} if self.components else set()
        return frozenset(map(str.encode, names)), tuple(map(str.encode, beginnings))


def _locator(text: str | None) -> Locator | None:
    return Locator.parse(text) if text else None


def _timestamp(table: TimestampTable) -> Timestamp:
    texts = [table.locator] if isinstance(table.locator, str) else table.locator
    return Timestamp(tuple(map(Locator.parse, texts)), table.unit, table.past, table.future)
