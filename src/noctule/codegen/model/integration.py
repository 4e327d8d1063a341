"""The intermediate form: what is generated, before any language.

A wrapper is a handful of methods over records; every name in it is final and legal. Targets read
this and nothing else, so none of them looks into an API document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.providers import Pack

# -- types


@dataclass(frozen=True)
class Scalar:
    kind: Literal["string", "integer", "number", "boolean", "bytes", "file", "json"]


@dataclass(frozen=True)
class Enumeration:
    """An open enumeration of strings: these are known, others may come."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    item: Type


@dataclass(frozen=True)
class MapOf:
    """An object whose keys are data."""

    value: Type


@dataclass(frozen=True)
class Reference:
    """A record, by name."""

    name: str


@dataclass(frozen=True)
class OneOf:
    options: tuple[Type, ...]


@dataclass(frozen=True)
class Nullable:
    """null is a value of its own, next to absence."""

    value: Type


Type = Scalar | Enumeration | ListOf | MapOf | Reference | OneOf | Nullable

JSON = Scalar("json")
STRING = Scalar("string")


def parts(kind: Type) -> Iterator[Type]:
    """The type and all that it is made of, records not opened."""
    yield kind
    match kind:
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            yield from parts(inner)
        case OneOf(options):
            for option in options:
                yield from parts(option)
        case _:
            return


def named(kinds: Iterable[Type]) -> Iterator[str]:
    """Names of the records and enumerations in the types."""
    for kind in kinds:
        for part in parts(kind):
            if isinstance(part, Reference | Enumeration) and part.name:
                yield part.name


# -- what is made of them


@dataclass(frozen=True)
class Field:
    name: str
    wire: str
    type: Type
    required: bool
    doc: str = ""


@dataclass(frozen=True)
class Record:
    """An object with known keys: in an answer, or as an argument of a call."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    role: Literal["answer", "argument"] = "answer"


SHARED = "shared_models"
"""The module of a whole API with what several resources refer to."""

Place = Literal["path", "query", "header", "body"]
PageKind = Literal["Cursor", "LastId", "LinkHeader", "NextUrl", "Offset", "PageNumber"]
BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch"]
RetryMode = Literal["idempotent", "with_key", "never"]


@dataclass(frozen=True)
class Param:
    name: str
    wire: str
    """The name in the request; "" when this parameter is the whole body."""
    place: Place
    type: Type
    required: bool
    doc: str
    example: Any
    """A JSON value that fits; for files and bytes, text."""


@dataclass(frozen=True)
class Failure:
    """An error answer that the document describes."""

    status: str
    """"404", "4XX" or "default"."""
    doc: str


@dataclass(frozen=True)
class Pages:
    """How the provider says where the next page of a list is, in the runtime's words."""

    kind: PageKind
    settings: Mapping[str, str | int]
    """Where that differs from the runtime's default."""
    steered: frozenset[str]
    """Wire names of parameters that walking through the pages sets by itself."""
    item: Type
    example: Any
    """An item."""


@dataclass(frozen=True)
class Method:
    name: str
    does: str
    """One sentence."""
    detail: str
    verb: str
    path: str
    params: tuple[Param, ...]
    """In the order of the signature: required first."""
    fixed: tuple[tuple[Place, str, str], ...]
    """Place, wire name and environment variable of what is the same in every call."""
    returns: Type | None
    """None: the answer has no content."""
    body: BodyKind | None
    retry: RetryMode
    styles: Mapping[str, str]
    moves_money: bool
    accepts: str
    """Media type of the answer; "" when it is JSON or none."""
    content_type: str
    """Media type of the body; "" when it is the usual one of its kind."""
    failures: tuple[Failure, ...]
    answer: Any
    """An example of the answer: a JSON value, or text for bytes and text."""
    status: int
    """The status of that answer."""
    pages: Pages | None = None
    """Where the answer is one page of a list."""
    resource: str = ""
    """What it belongs to, where the whole API is wrapped: "payment_intents"."""
    streams: bool = False
    """Whether the answer may be too long, or take too long, to be read at once."""

    @property
    def full_name(self) -> str:
        """The operation in telemetry and settings: `customers.list`."""
        return full_name(self.resource, self.name)

    @property
    def types(self) -> Iterator[Type]:
        """The types that stand in its signature."""
        yield from (param.type for param in self.params)
        yield from (kind for kind in (self.returns, self.pages and self.pages.item) if kind)


def full_name(resource: str, method: str) -> str:
    """What a method is called on the service."""
    return ".".join(filter(None, (resource, method)))


@dataclass(frozen=True)
class Authentication:
    """One way to prove who calls; `settings` are texts, `secrets` name environment variables."""

    kind: Literal[
        "none",
        "bearer",
        "basic",
        "header",
        "query",
        "client_credentials",
        "refresh_token",
        "all",
    ]
    secrets: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    scopes: tuple[str, ...] = ()
    parts: tuple[Authentication, ...] = ()
    """Of "all": what is sent together."""


@dataclass(frozen=True)
class Resource:
    """The methods of one part of a whole API, with a module of their own."""

    name: str
    """As an attribute of the service: "payment_intents"."""
    title: str
    """Its class: "PaymentIntents"."""
    module: str
    methods: tuple[Method, ...]
    records: tuple[Record, ...]
    """Those that no other resource refers to."""


@dataclass(frozen=True)
class Wrapper:
    name: str
    """The class: `StripeService`."""
    slug: str
    """The provider in the runtime's eyes: `stripe`."""
    service: str
    """The provider as people write it: `Stripe`."""
    module: str
    base_url: str
    """Where calls go; "" where the document does not say and the caller has to."""
    auth: Authentication
    idempotency_header: str
    records: tuple[Record, ...]
    """Each before the first one that refers to it."""
    methods: tuple[Method, ...]
    timeout: float | None
    """Seconds, where the task asks for another one than the runtime's default."""
    attempts: int | None
    document: str
    """Title and version of the document the methods are from."""
    pack: Pack | None
    asynchronous: bool = True
    resources: tuple[Resource, ...] = ()
    """Of a whole API; `records` are then those that several of them refer to."""

    @property
    def every_record(self) -> tuple[Record, ...]:
        return (*self.records, *(record for part in self.resources for record in part.records))

    @cached_property
    def record_of(self) -> Mapping[str, Record]:
        """Every record by its name."""
        return {record.name: record for record in self.every_record}

    @cached_property
    def homes(self) -> Mapping[str, str]:
        """Record -> the module that holds it."""
        common = f"{self.module}/{SHARED}" if self.resources else self.module
        own = {record.name: part.module for part in self.resources for record in part.records}
        return {record.name: common for record in self.records} | own


@dataclass(frozen=True)
class EventHandler:
    """One event and the function that handles it."""

    event: str
    name: str
    doc: str
    record: str
    """Record of what the event is about; "" when it is not known."""
    at: str
    """Where that lies in the event, a path with dots; "" where it is the whole."""
    example: Any


@dataclass(frozen=True)
class Webhooks:
    module: str
    endpoint: str
    scheme: str
    """Pack id, or the name of a signature scheme."""
    secrets: tuple[str, ...]
    """Environment variables; any of them may have signed."""
    url: str
    """Environment variable with the public address, for schemes that sign it; "" for the others."""
    hooks: tuple[EventHandler, ...]


@dataclass(frozen=True)
class Integration:
    """Everything that a target needs to know."""

    wrapper: Wrapper
    webhooks: Webhooks | None
