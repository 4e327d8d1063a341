"""How a provider signs its deliveries, as data: the `[signature]` table of a pack.

A scheme is read from TOML and never executed. `Scheme.parse(table)` gives it a meaning, refuses
what it does not know (an unknown key is an error, not a comment), and grades what the signature
covers. `verify` and `sign` in this package are the two interpreters of a scheme.

The five tables that every other one is a variation of::

    # stripe
    [signature]
    header = "Stripe-Signature"
    list = ","                       # t=1614,v1=ab12,v1=cd34
    pair = "="
    name = "v1"                      # the items that hold signatures; the rest is ignored
    algorithm = "hmac-sha256"
    encoding = "hex"
    key = "utf8"                     # the whole "whsec_..." text, not decoded
    signed = "{timestamp}.{body}"
    timestamp = { from = "header:Stripe-Signature:t", unit = "s", past = 300, future = 300 }
    id = "body:id"
    type = "body:type"

    # github
    [signature]
    header = "X-Hub-Signature-256"
    prefix = "sha256="
    algorithm = "hmac-sha256"
    encoding = "hex"
    key = "utf8"
    signed = "{body}"
    id = "header:X-GitHub-Delivery"
    type = ["header:X-GitHub-Event + body:action", "header:X-GitHub-Event"]
    content = { "application/json" = "json", "application/x-www-form-urlencoded" = "form:payload" }
    max_body = 26_214_400
    [[signature.handshake]]
    match = { "header:X-GitHub-Event" = "ping" }

    # slack
    [signature]
    header = "X-Slack-Signature"
    prefix = "v0="
    algorithm = "hmac-sha256"
    encoding = "hex"
    key = "utf8"
    signed = "v0:{timestamp}:{body}"
    timestamp = { from = "header:X-Slack-Request-Timestamp", unit = "s", past = 300, future = 300 }
    id = "body:event_id"
    type = ["body:event.type", "body:type", "body:command"]
    content = { "application/json" = "json", "application/x-www-form-urlencoded" = "form:payload" }
    [[signature.handshake]]
    match = { "body:type" = "url_verification" }
    text = "{body:challenge}"

    # twilio
    [signature]
    header = "X-Twilio-Signature"
    algorithm = "hmac-sha1"
    encoding = "base64"
    key = "utf8"
    signed = "{url}{sorted_form}"
    body_digest = "query:bodySHA256" # deliveries that are no form: hex SHA-256 of the body
    id = [
        "body:MessageSid + body:MessageStatus",
        "body:MessageSid + body:SmsStatus",
        "body:CallSid + body:CallStatus",
    ]
    type = ["body:MessageStatus", "body:SmsStatus", "body:CallStatus", "body:type"]
    content = { "application/x-www-form-urlencoded" = "form", "application/json" = "json" }

    # sendgrid
    [signature]
    header = "X-Twilio-Email-Event-Webhook-Signature"
    algorithm = "ecdsa-p256"
    encoding = "base64"
    key = "spki"
    signed = "{timestamp}{body}"
    timestamp = { from = "header:X-Twilio-Email-Event-Webhook-Timestamp", unit = "s" }
    batch = "body:"                  # the body is a list; id and type are read from each item
    id = "body:sg_event_id"
    type = "body:event"

The keys:

`header` (text or list of texts), or `from` (source)
    The header(s) that hold the signature, or its place in the delivery itself. A header's trailing
    `*` matches any ending (`X-DocuSign-Signature-*`).
`repeat` (true or false; default false)
    Whether a signature header may come more than once (Mollie, during a rotation). Else a doubled
    header is rejected.
`list`, `pair`, `name` (text; default: the value is one signature)
    Separator of items in the header, separator of an item's name and value, and the name of the
    items that are signatures (`*`: any). White space around items is ignored.
`prefix` (text; default "")
    What each signature begins with; one that does not is ignored.
`algorithm`
    `hmac-sha1`, `hmac-sha256`, `hmac-sha512`, `ed25519`, `ecdsa-p256` (SHA-256, DER signature),
    `es256` (the same, as JSON web tokens write it), `rsa-sha1`, `rsa-sha256` (PKCS#1 v1.5);
    `static` for a shared token that is merely sent along, `none` for nothing at all. The last two
    exist to be refused with a name.
`algorithm_at` (source), `algorithms` (table of text to algorithm)
    Where the delivery says which algorithm it is; any other text is rejected (SNS).
`encoding` (`hex`, `base64` or `base64url`)
    How the signature is written.
`key` (default `utf8`)
    From the secret's text to the key's bytes: `utf8`, `hex`, `base64`, `whsec` (standard base64
    after an optional `whsec_` or `whpk_`), `sha1` (digest of the text), `spki` (public key: PEM, or
    base64 of its DER form). `x509` and `jwk` are keys that the provider publishes; see `fetch`.
`fetch` (table)
    Where a published key lies: `url` with placeholders, the `host` and `path` it must have (regular
    expressions, whole), `post` (fields of a JSON body; else it is a GET), `answer` (path of the
    key or keys in the JSON answer), `subject` (regular expression of the certificate's common
    name), `sample` (an address for signing locally). Always HTTPS, without redirects.
`signed` (text, or list of texts of which any may be what was signed)
    The signed bytes. Placeholders: `{body}` exact bytes, `{timestamp}` and `{id}` exactly as
    received, `{method}` upper case, `{url}` the full public address with its query, `{path}` its
    path and query, `{encoded_path}` these as Contentful's library escapes them, `{uri}` the address
    with the escapes undone that HubSpot undoes, `{sorted_form}` every distinct form field, name
    then value, sorted, `{secret}` the secret's text, `{crc32}` of the body in decimal, `{sha256}`
    of the body in hexadecimal, `{listed_headers}` those that Contentful's list names, `{sns}` the
    lines that Amazon SNS signs, `{token}` the signed part of a JSON web token, `{setting:WORD}`,
    `{SOURCE}` for any source below (`{body:signature.token}`), `{SOURCE?}` for one that may be
    absent.
`expect` (table of source to text with placeholders)
    Values that must be there, compared in constant time (SNS: the topic).
`settings` (table of word to environment variable)
    What else the operator knows, for `{setting:WORD}`.
`timestamp` (table, optional)
    `from` a source; `unit` `s`, `ms` or `iso`; `past` and `future`, seconds tolerated on either
    side (default 300). It has to be signed: an unsigned time proves nothing.
`id`, `type` (source, or list of sources of which the first present one counts; optional)
    What identifies a delivery and what kind of event it is. Parts joined by ` + ` must all be
    present; they are written with `:` between for an id and `.` for a type.
`subject` (as `id`; optional)
    The object that an event is about: events of one subject are processed one at a time, in the
    order received.
`version` (as `id`; optional)
    What grows with each change of the subject: a number, or a time in ISO 8601. An event with a
    lower one than was processed already came out of order, and says so.
`batch` (source, optional)
    The list of events in the body, each one an event of its own.
`each` (true or false; default false)
    Whether each event of the batch is signed by itself (Adyen): every one has to hold.
`only` (list of keys)
    The keys of the body that are signed; a handler sees no others (SNS).
`body_digest` (source, optional)
    For a delivery whose body is outside the template: the signed place of its hex SHA-256. A form
    that is signed sorted needs none.
`content` (table of media type to parser; default JSON alone)
    `json`, `form` (an object of texts), `form:FIELD` (JSON in that field if it is there, else
    `form`), `multipart:FIELD` (JSON in that field of a multipart form), `xml64:FIELD` (base64 of
    XML in that field). Other media types are answered 415.
`max_body` (bytes; default 1 MiB)
`reply` (text; default a JSON object)
    What the provider wants to read in the answer to an event (Dropbox Sign).
`handshake` (list of tables)
    Deliveries which are questions, not events: `match` maps sources to the text they must equal,
    with placeholders ("" = present). The answer is `text` (plain) or `json` (object), with
    placeholders as in `signed`, and `{mac:SOURCE}`, the signature of a value, which has to be of
    `shape` (regular expression; the default fits no event); neither: empty. `headers`, `status`
    (default 200), `method` (default POST). A handshake that comes unsigned says `signed = false`;
    it is answered, never stored, and never one that carries a signature. `visit`: the source of
    an address to call before answering, under the rules of `fetch` (SNS). `enrol`: the source of
    the secret itself, taken only while an operator holds a window open (Notion, Asana).
`status` (`confirmed` or `unconfirmed`; default `confirmed`)
    Whether the official text or the provider's own code was read.
`source` (text)
    The address of the official text.

Sources: `header:NAME`, `header:NAME:ITEM` (an item of a header written like the signature's),
`query:NAME`, `body:PATH` (dots between keys, digits for list places; a form is a flat object;
`body:` is the whole), `form:NAME` (a field of the form around a body), `claim:NAME` and
`jose:NAME` (of the token's payload and header).

The coverage is computed from what is signed: `full` (body and time), `body` (body alone: a captured
delivery stays valid, only deduplication stops it), `partial` (less than the body), `static`,
`none`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any, Literal, NamedTuple

import msgspec

from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.formats.encoding import Encoding
from noctule.webhooks.schemes.locator import Source, Sources
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
from noctule.webhooks.verification.content import skimmer
from noctule.webhooks.verification.handshakes import Handshake
from noctule.webhooks.verification.key_cache import Fetch, Published

_TYPES = Lock()
"""msgspec 0.22 crashes the process if two threads look into a type for the first time at once."""

__all__ = ["COVERAGES", "Algorithm", "Coverage", "KeyForm", "Scheme", "Timestamp", "Unit"]

UNVERIFIABLE: tuple[Algorithm, ...] = ("static", "none")
_KEYS_OF: Mapping[Algorithm, tuple[KeyForm, ...]] = {
    "ecdsa-p256": ("spki", "jwk"),
    "es256": ("spki", "jwk"),
    "rsa-sha1": ("spki", "x509", "jwk"),
    "rsa-sha256": ("spki", "x509", "jwk"),
    "ed25519": ("hex", "base64", "whsec", "jwk"),
}
_MAC_KEYS: tuple[KeyForm, ...] = ("utf8", "hex", "base64", "whsec", "sha1")


@dataclass(frozen=True)
class Timestamp:
    """When the delivery was signed: where it is read, its unit, and the seconds tolerated."""

    source: Source
    unit: Unit
    past: float
    future: float


class Choice(NamedTuple):
    """One way to read a value: its parts, what is written between them, whether it is signed."""

    parts: tuple[Source, ...]
    glue: str
    signed: bool


class Reads(NamedTuple):
    """The choices for each value that names an event, of which the first present one counts."""

    id: tuple[Choice, ...]
    type: tuple[Choice, ...]
    subject: tuple[Choice, ...]
    version: tuple[Choice, ...]


@dataclass(frozen=True)
class Scheme:
    """The meaning of a `[signature]` table; see the module for each key."""

    provider: str
    algorithm: Algorithm
    headers: tuple[str, ...]
    place: Source | None
    repeat: bool
    separator: str
    pair: str
    name: str
    prefix: bytes
    encoding: Encoding
    key: KeyForm
    fetch: Fetch | None
    algorithm_at: Source | None
    algorithms: Mapping[str, Algorithm] = field(hash=False)
    templates: tuple[Template, ...]
    expect: tuple[tuple[Source, Template], ...]
    settings: Mapping[str, str] = field(hash=False)
    timestamp: Timestamp | None
    id: Sources
    type: Sources
    subject: Sources
    version: Sources
    batch: Source | None
    each: bool
    only: frozenset[str]
    body_digest: Source | None
    content: Mapping[str, str] = field(hash=False)
    max_body: int
    reply: str
    handshakes: tuple[Handshake, ...]
    status: Literal["confirmed", "unconfirmed"]
    source: str
    values: Mapping[str, str] = field(default_factory=dict[str, str], repr=False, compare=False)
    """What `settings` name, once `configured`."""
    published: Published = field(default_factory=Published, repr=False, compare=False)
    """The keys that the provider publishes, as far as they were fetched."""

    @classmethod
    def parse(cls, table: Mapping[str, Any], provider: str = "") -> "Scheme":
        """The scheme of a table; raises InvalidScheme naming the key that has no meaning."""
        try:
            with _TYPES:
                read = msgspec.convert(table, SignatureTable)
            scheme = cls._compile(read, provider)
            scheme._check()
        except (msgspec.ValidationError, InvalidScheme) as error:
            raise InvalidScheme(f"[signature] of {provider or 'a scheme'}: {error}") from None
        return scheme

    @classmethod
    def _compile(cls, table: SignatureTable, provider: str) -> "Scheme":
        headers = [table.header] if isinstance(table.header, str) else table.header
        signed = [table.signed] if isinstance(table.signed, str) else table.signed
        return cls(
            provider=provider,
            algorithm=table.algorithm,
            headers=tuple(name.lower() for name in headers),
            place=_source(table.place),
            repeat=table.repeat,
            separator=table.separator,
            pair=table.pair,
            name=table.name,
            prefix=table.prefix.encode(),
            encoding=table.encoding,
            key=table.key,
            fetch=Fetch.of(table.fetch) if table.fetch else None,
            algorithm_at=_source(table.algorithm_at),
            algorithms=table.algorithms,
            templates=tuple(map(Template.parse, signed)),
            expect=tuple((Source.parse(at), Template.parse(t)) for at, t in table.expect.items()),
            settings=table.settings,
            timestamp=_timestamp(table.timestamp) if table.timestamp else None,
            id=Sources.parse(table.id),
            type=Sources.parse(table.type),
            subject=Sources.parse(table.subject),
            version=Sources.parse(table.version),
            batch=_source(table.batch),
            each=table.each,
            only=frozenset(table.only),
            body_digest=_source(table.body_digest),
            content=table.content,
            max_body=table.max_body,
            reply=table.reply,
            handshakes=tuple(map(Handshake.of, table.handshake)),
            status=table.status,
            source=table.source,
        )

    def _check(self) -> None:
        if self.algorithm in UNVERIFIABLE:
            return
        if not self.headers and not self.place:
            raise InvalidScheme("header: name the header that holds the signature")
        if not all(template.parts for template in self.templates) or not self.templates:
            raise InvalidScheme("signed: say which bytes are signed")
        if not self.content:
            raise InvalidScheme("content: name a media type")
        if bool(self.pair) != bool(self.name):
            raise InvalidScheme("pair and name: each needs the other")
        for algorithm in (self.algorithm, *self.algorithms.values()):
            if self.key not in _KEYS_OF.get(algorithm, _MAC_KEYS):
                raise InvalidScheme(f"key: {self.key} does not fit {algorithm}")
        if (self.key in ("x509", "jwk")) != (self.fetch is not None):
            raise InvalidScheme("fetch: says where keys x509 and jwk lie, and no others")
        if bool(self.algorithm_at) != bool(self.algorithms):
            raise InvalidScheme("algorithm_at and algorithms: each needs the other")
        if self.each and not self.batch:
            raise InvalidScheme("each: batch says not where the events are")
        if "id" in self.signed and not self.id.alternatives:
            raise InvalidScheme("signed: holds {id}, but id says not where it is")
        if self.timestamp and not self._time_is_signed:
            raise InvalidScheme("timestamp: is not signed, so it proves nothing; leave it out")
        if "timestamp" in self.signed and not self.timestamp:
            raise InvalidScheme("signed: holds {timestamp}, but timestamp says not where it is")
        unset = {word for text in self._texts for word in text.settings} - self.settings.keys()
        if unset:
            raise InvalidScheme(f"settings: name the variable of {', '.join(sorted(unset))}")

    def configured(self, values: Mapping[str, str]) -> "Scheme":
        """The same scheme with the values of `settings`, by word."""
        return replace(self, values=values)

    @property
    def signed(self) -> Template:
        """What is signed; the first of several ways to write it."""
        return self.templates[0] if self.templates else Template(())

    @cached_property
    def _time_is_signed(self) -> bool:
        stamp = self.timestamp
        if stamp is None:
            return False
        listed = "listed_headers" in self.signed and stamp.source.place == "header"
        return listed or "timestamp" in self.signed or stamp.source in self.vouched

    @cached_property
    def cut(self) -> tuple[bytes, bytes, bytes]:
        """`separator`, `pair` and `name` as a header has them."""
        return self.separator.encode(), self.pair.encode(), self.name.encode()

    @cached_property
    def shapes(self) -> tuple[re.Pattern[str], ...]:
        """What a handshake signs for whoever asks, and an event can therefore not be."""
        return tuple(shake.shape for shake in self.handshakes if shake.signs_for_anybody)

    @cached_property
    def where(self) -> str:
        """Where the signature is, in words."""
        return str(self.place) if self.place else ", ".join(self.headers)

    @cached_property
    def signs_body_alone(self) -> bool:
        """Whether what is signed is the body and can be nothing else: the common case."""
        return len(self.templates) == 1 and self.signed.parts == ("body",) and not self.shapes

    @cached_property
    def digests_body(self) -> bool:
        """Whether the whole body is signed, so that its digest tells one delivery from another."""
        return not {"body", "sha256"}.isdisjoint(self.signed.parts) or bool(self.body_digest)

    @cached_property
    def sorts_form(self) -> bool:
        return "sorted_form" in self.signed

    @cached_property
    def covers_url(self) -> bool:
        return "url" in self.signed or "uri" in self.signed

    @cached_property
    def covers_path(self) -> bool:
        return "path" in self.signed or "encoded_path" in self.signed

    @cached_property
    def is_token(self) -> bool:
        return "token" in self.signed

    @cached_property
    def names_secret(self) -> bool:
        return any("secret" in template for template in self.templates)

    @cached_property
    def covers_body(self) -> bool:
        return self.sorts_form or self.vouches_for_body

    @cached_property
    def vouches_for_body(self) -> bool:
        """Whether every field of the parsed body is beyond doubt the provider's.

        A sorted form joins names and values without a mark between, so that another split of
        the same letters has the same signature: its fields do not count.
        """
        if "body" in self.signed or "sha256" in self.signed or (self.only and "sns" in self.signed):
            return True
        if self.body_digest is not None and not self.sorts_form:
            return self._is_signed(self.body_digest)
        inner = {parser.partition(":")[2] for parser in self.content.values()}
        fields = {source.name for source in self.signed.sources if source.place == "form"}
        return bool(self.content) and inner <= fields

    @cached_property
    def reads(self) -> Reads:
        """What names an event, with what the signature vouches for."""

        def choices(sources: Sources, glue: str) -> tuple[Choice, ...]:
            return tuple(Choice(p, glue, self.vouched.issuperset(p)) for p in sources)

        return Reads(
            choices(self.id, ":"),
            choices(self.type, "."),
            choices(self.subject, ":"),
            choices(self.version, "."),
        )

    @cached_property
    def vouched(self) -> frozenset[Source]:
        """The sources whose values are beyond doubt the provider's."""
        return frozenset(source for source in self._sources if self._is_signed(source))

    def _is_signed(self, source: Source) -> bool:
        if source in self.signed.sources:
            return True
        match source.place:
            case "body":
                return self.vouches_for_body
            case "query":
                return self.covers_url or self.covers_path
            case "header":
                return "id" in self.signed and any(source in parts for parts in self.id)
            case "claim" | "jose":
                return self.is_token
            case "form":
                return False

    @property
    def _texts(self) -> Iterator[Template]:
        """Every text with placeholders."""
        yield from self.templates
        yield from (text for _, text in self.expect)
        for shake in self.handshakes:
            yield from shake.templates
        if self.fetch:
            yield from self.fetch.templates

    @cached_property
    def _sources(self) -> frozenset[Source]:
        """Every place that the scheme reads."""
        groups = (*self.id, *self.type, *self.subject, *self.version)
        sources = [part for group in groups for part in group]
        sources += [source for text in self._texts for source in text.sources]
        sources += [place for place, _ in self.expect]
        sources += [place for shake in self.handshakes for place in shake.places]
        sources += [self.timestamp.source] if self.timestamp else []
        optional = (self.body_digest, self.place, self.algorithm_at)
        sources += [source for source in optional if source is not None]
        return frozenset(sources)

    @cached_property
    def skimmer(self) -> msgspec.json.Decoder[Any] | None:
        """A decoder for what the sources need of a JSON body; None if they need it whole."""
        paths = {source.name for source in self._sources if source.place == "body"}
        lists = any(key.isdecimal() for path in paths for key in path.split("."))
        whole = self.batch or self.only or lists or "" in paths
        return None if whole else skimmer(sorted(paths))

    def keeps(self, header: bytes) -> bool:
        """Whether a header (in lower case) is stored: what verification reads, nothing more."""
        names, starts = self._kept
        return header in names or header.startswith(starts)

    @cached_property
    def _kept(self) -> tuple[frozenset[bytes], tuple[bytes, ...]]:
        """Whole names of headers, and how others begin."""
        read = {source.name for source in self._sources if source.place == "header"}
        names = {*self.headers, *read, "content-type", "user-agent"}
        starts = [name[:-1] for name in self.headers if name.endswith("*")]
        starts += ["x-contentful-"] if "listed_headers" in self.signed else []
        return frozenset(map(str.encode, names)), tuple(map(str.encode, starts))

    @cached_property
    def coverage(self) -> Coverage:
        """What the signature covers, computed: `full`, `body`, `partial`, `static` or `none`."""
        if self.algorithm == "static" or self.algorithm == "none":
            return self.algorithm
        if not self.covers_body:
            return "partial"
        return "full" if self.timestamp else "body"


def _source(text: str | None) -> Source | None:
    return Source.parse(text) if text else None


def _timestamp(table: TimestampTable) -> Timestamp:
    return Timestamp(Source.parse(table.source), table.unit, table.past, table.future)
