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

`header` (text or list of texts)
    The header(s) that hold the signature. A trailing `*` matches any ending
    (`X-DocuSign-Signature-*`).
`repeat` (true or false; default false)
    Whether a signature header may come more than once (Mollie, during a rotation). Else a doubled
    header is rejected.
`list`, `pair`, `name` (text; default: the value is one signature)
    Separator of items in the header, separator of an item's name and value, and the name of the
    items that are signatures. White space around items is ignored.
`prefix` (text; default "")
    What each signature begins with; one that does not is ignored.
`algorithm`
    `hmac-sha1`, `hmac-sha256`, `hmac-sha512`, `ed25519`, `ecdsa-p256` (SHA-256, DER signature),
    `rsa-sha1`, `rsa-sha256` (PKCS#1 v1.5); `static` for a shared token that is merely sent
    along, `none` for nothing at all. The last two exist to be refused with a name.
`encoding` (`hex` or `base64`)
    How the signature is written.
`key` (default `utf8`)
    From the secret's text to the key's bytes: `utf8`, `hex`, `base64`, `whsec` (standard base64
    after an optional `whsec_` or `whpk_`), `spki` (public key: PEM, or base64 of its DER form).
`signed` (text)
    The signed bytes. Placeholders: `{body}` exact bytes, `{timestamp}` and `{id}` exactly as
    received, `{method}` upper case, `{url}` the full public address with its query,
    `{sorted_form}` every distinct form field, name then value, sorted, and `{SOURCE}` for any
    source below (`{body:signature.token}`).
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
`body_digest` (source, optional)
    For a delivery whose body is outside the template: the signed place of its hex SHA-256.
`content` (table of media type to parser; default JSON alone)
    `json`, `form` (an object of texts), `form:FIELD` (JSON in that field if it is there, else
    `form`). Other media types are answered 415.
`max_body` (bytes; default 1 MiB)
`handshake` (list of tables)
    Signed deliveries which are questions, not events: `match` maps sources to the text they must
    equal ("" = present). The answer is `text` (plain) or `json` (object), with placeholders as in
    `signed`; neither: an empty 200. `method` (default POST). A handshake that comes unsigned says
    `signed = false`; it can only be answered, never stored.
`status` (`confirmed` or `unconfirmed`; default `confirmed`)
    Whether the official text was read.
`source` (text)
    The address of the official text.

Sources: `header:NAME`, `header:NAME:ITEM` (an item of a header written like the signature's),
`query:NAME`, `body:PATH` (dots between keys, digits for list places; a form is a flat object;
`body:` is the whole).

The grade is computed from what is signed: `full` (body and time), `body` (body alone: a captured
delivery stays valid, only deduplication stops it), `partial` (less than the body), `static`,
`none`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

import msgspec

from noctule.webhooks.content import skimmer
from noctule.webhooks.encoding import Encoding
from noctule.webhooks.errors import InvalidScheme
from noctule.webhooks.source import Source, Sources
from noctule.webhooks.template import Template

Algorithm = Literal[
    "hmac-sha1", "hmac-sha256", "hmac-sha512",
    "ed25519", "ecdsa-p256", "rsa-sha1", "rsa-sha256",
    "static", "none",
]  # fmt: skip
KeyForm = Literal["utf8", "hex", "base64", "whsec", "spki"]
Unit = Literal["s", "ms", "iso"]
Grade = Literal["full", "body", "partial", "static", "none"]
GRADES: tuple[Grade, ...] = get_args(Grade)
MAX_BODY = 1 << 20


Seconds = Annotated[int, msgspec.Meta(ge=0)]
Parser = Annotated[str, msgspec.Meta(pattern="^(json|form|form:.+)$")]
Name = Annotated[str, msgspec.Meta(pattern="^[!-~]+$")]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in which an unknown key is an error."""


class _TimestampTable(_Strict, frozen=True):
    source: str = msgspec.field(name="from")
    unit: Unit = "s"
    past: Seconds = 300
    future: Seconds = 300


class _HandshakeTable(_Strict, frozen=True):
    match: dict[str, str] = {}
    method: Literal["GET", "HEAD", "POST"] = "POST"
    text: str | None = None
    json: dict[str, str] | None = None
    signed: bool = True


class _Table(_Strict, frozen=True):
    algorithm: Algorithm
    header: Name | list[Name] = []
    repeat: bool = False
    separator: str = msgspec.field(name="list", default="")
    pair: str = ""
    name: str = ""
    prefix: str = ""
    encoding: Encoding = "hex"
    key: KeyForm = "utf8"
    signed: str = ""
    timestamp: _TimestampTable | None = None
    id: str | list[str] = []
    type: str | list[str] = []
    subject: str | list[str] = []
    version: str | list[str] = []
    batch: str | None = None
    body_digest: str | None = None
    content: dict[str, Parser] = msgspec.field(default_factory=lambda: {"application/json": "json"})
    max_body: Annotated[int, msgspec.Meta(gt=0)] = MAX_BODY
    handshake: list[_HandshakeTable] = []
    status: Literal["confirmed", "unconfirmed"] = "confirmed"
    source: str = ""


@dataclass(frozen=True)
class Timestamp:
    """When the delivery was signed: where it is read, its unit, and the seconds tolerated."""

    source: Source
    unit: Unit
    past: float
    future: float


@dataclass(frozen=True)
class Handshake:
    """A delivery which is a question: what it looks like, and the answer to give."""

    match: tuple[tuple[Source, str], ...]
    method: str
    text: Template | None
    json: Mapping[str, Template] | None
    signed: bool


@dataclass(frozen=True)
class Scheme:
    """The meaning of a `[signature]` table; see the module for each key."""

    provider: str
    algorithm: Algorithm
    headers: tuple[str, ...]
    repeat: bool
    separator: str
    pair: str
    name: str
    prefix: bytes
    encoding: Encoding
    key: KeyForm
    signed: Template
    timestamp: Timestamp | None
    id: Sources
    type: Sources
    subject: Sources
    version: Sources
    batch: Source | None
    body_digest: Source | None
    content: Mapping[str, str] = field(hash=False)
    max_body: int
    handshakes: tuple[Handshake, ...]
    status: Literal["confirmed", "unconfirmed"]
    source: str

    @classmethod
    def parse(cls, table: Mapping[str, Any], provider: str = "") -> "Scheme":
        """The scheme of a table; raises InvalidScheme naming the key that has no meaning."""
        try:
            read = msgspec.convert(table, _Table)
            scheme = cls._compile(read, provider)
            scheme._check()
        except (msgspec.ValidationError, InvalidScheme) as error:
            raise InvalidScheme(f"[signature] of {provider or 'a scheme'}: {error}") from None
        return scheme

    @classmethod
    def _compile(cls, table: _Table, provider: str) -> "Scheme":
        headers = [table.header] if isinstance(table.header, str) else table.header
        return cls(
            provider=provider,
            algorithm=table.algorithm,
            headers=tuple(name.lower() for name in headers),
            repeat=table.repeat,
            separator=table.separator,
            pair=table.pair,
            name=table.name,
            prefix=table.prefix.encode(),
            encoding=table.encoding,
            key=table.key,
            signed=Template.parse(table.signed),
            timestamp=_timestamp(table.timestamp) if table.timestamp else None,
            id=Sources.parse(table.id),
            type=Sources.parse(table.type),
            subject=Sources.parse(table.subject),
            version=Sources.parse(table.version),
            batch=Source.parse(table.batch) if table.batch else None,
            body_digest=Source.parse(table.body_digest) if table.body_digest else None,
            content=table.content,
            max_body=table.max_body,
            handshakes=tuple(map(_handshake, table.handshake)),
            status=table.status,
            source=table.source,
        )

    def _check(self) -> None:
        if self.algorithm in ("static", "none"):
            return
        if not self.headers:
            raise InvalidScheme("header: name the header that holds the signature")
        if not self.signed.parts:
            raise InvalidScheme("signed: say which bytes are signed")
        if not self.content:
            raise InvalidScheme("content: name a media type")
        if bool(self.pair) != bool(self.name):
            raise InvalidScheme("pair and name: each needs the other")
        if (self.key == "spki") != (self.algorithm in ("ecdsa-p256", "rsa-sha1", "rsa-sha256")):
            raise InvalidScheme(f"key: {self.key} does not fit {self.algorithm}")
        if "id" in self.signed and not self.id.alternatives:
            raise InvalidScheme("signed: holds {id}, but id says not where it is")
        if self.timestamp and not self._time_is_signed:
            raise InvalidScheme("timestamp: is not signed, so it proves nothing; leave it out")
        if "timestamp" in self.signed and not self.timestamp:
            raise InvalidScheme("signed: holds {timestamp}, but timestamp says not where it is")

    @property
    def _time_is_signed(self) -> bool:
        stamp = self.timestamp
        return stamp is not None and ("timestamp" in self.signed or stamp.source in self.vouched)

    @cached_property
    def covers_url(self) -> bool:
        return "url" in self.signed

    @cached_property
    def covers_body(self) -> bool:
        return "body" in self.signed or "sorted_form" in self.signed

    @cached_property
    def vouched(self) -> frozenset[Source]:
        """The sources whose values are beyond doubt the provider's.

        A sorted form joins names and values without a mark between, so that another split of
        the same letters has the same signature: its fields do not count.
        """
        return frozenset(source for source in self._sources if self._is_signed(source))

    def _is_signed(self, source: Source) -> bool:
        if source in self.signed:
            return True
        match source.place:
            case "body":
                return "body" in self.signed
            case "query":
                return self.covers_url
            case "header":
                return "id" in self.signed and any(source in parts for parts in self.id)

    @cached_property
    def _sources(self) -> frozenset[Source]:
        """Every place that the scheme reads."""
        groups = (*self.id, *self.type, *self.subject, *self.version)
        sources = [part for group in groups for part in group]
        sources += [part for part in self.signed.parts if isinstance(part, Source)]
        sources += [place for shake in self.handshakes for place, _ in shake.match]
        sources += [self.timestamp.source] if self.timestamp else []
        sources += [self.body_digest] if self.body_digest else []
        return frozenset(sources)

    @cached_property
    def skimmer(self) -> msgspec.json.Decoder[Any] | None:
        """A decoder for what the sources need of a JSON body; None if they need it whole."""
        paths = {source.name for source in self._sources if source.place == "body"}
        paths |= {part.name for part in self._answers if part.place == "body"}
        lists = any(key.isdecimal() for path in paths for key in path.split("."))
        return None if self.batch or lists or "" in paths else skimmer(sorted(paths))

    @property
    def _answers(self) -> list[Source]:
        templates = [shake.text for shake in self.handshakes if shake.text is not None]
        templates += [text for shake in self.handshakes for text in (shake.json or {}).values()]
        return [part for text in templates for part in text.parts if isinstance(part, Source)]

    def keeps(self, header: bytes) -> bool:
        """Whether a header (in lower case) is stored: what verification reads, nothing more."""
        name = header.decode("latin-1")
        return name in self._kept or any(
            known.endswith("*") and name.startswith(known[:-1]) for known in self.headers
        )

    @cached_property
    def _kept(self) -> frozenset[str]:
        read = {source.name for source in self._sources if source.place == "header"}
        return frozenset({*self.headers, *read, "content-type", "user-agent"})

    @cached_property
    def grade(self) -> Grade:
        """What the signature covers, computed: `full`, `body`, `partial`, `static` or `none`."""
        if self.algorithm in ("static", "none"):
            return self.algorithm
        if not self.covers_body:
            return "partial"
        return "full" if self.timestamp else "body"


def _timestamp(table: _TimestampTable) -> Timestamp:
    return Timestamp(Source.parse(table.source), table.unit, table.past, table.future)


def _handshake(table: _HandshakeTable) -> Handshake:
    if not table.match:
        raise InvalidScheme("handshake: match says not what it looks like")
    return Handshake(
        match=tuple((Source.parse(place), text) for place, text in table.match.items()),
        method=table.method,
        text=Template.parse(table.text) if table.text is not None else None,
        json={name: Template.parse(text) for name, text in table.json.items()}
        if table.json is not None
        else None,
        signed=table.signed,
    )
