"""The model of an integration, before it is written in a language.

A wrapper has methods and records. Every name is final: the target's `Naming` spelled it. Targets
read only this model, never an API document.

These are structs: dataclasses take 12 ms longer to define, at the start of every command that
generates.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from msgspec import field

from noctule.runtime.operation import READ_METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.providers import FailureFact, Pack

# -- types


class Scalar(msgspec.Struct, frozen=True):
    kind: Literal["string", "integer", "number", "decimal", "boolean", "bytes", "file", "json"]


class Enumeration(msgspec.Struct, frozen=True):
    """An open enumeration of strings: the known values; others are accepted."""

    name: str
    values: tuple[str, ...]


class ListOf(msgspec.Struct, frozen=True):
    item: Type


class MapOf(msgspec.Struct, frozen=True):
    """An object whose keys are data."""

    value: Type


class Reference(msgspec.Struct, frozen=True):
    """A record, by name."""

    name: str


class OneOf(msgspec.Struct, frozen=True):
    options: tuple[Type, ...]


class Nullable(msgspec.Struct, frozen=True):
    """null is a value, different from absence."""

    value: Type


Type = Scalar | Enumeration | ListOf | MapOf | Reference | OneOf | Nullable

JSON = Scalar("json")
STRING = Scalar("string")


def parts(kind: Type) -> tuple[Type, ...]:
    """The type and its parts, without the fields of records."""
    match kind:
        case Scalar() | Enumeration() | Reference():
            return (kind,)
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            return (kind, *parts(inner))
        case OneOf(options):
            return (kind, *(part for option in options for part in parts(option)))


def named(kinds: Iterable[Type]) -> Iterator[str]:
    """Names of the records and enumerations in the types."""
    for kind in kinds:
        if not isinstance(kind, Scalar):
            for part in parts(kind):
                if isinstance(part, Reference | Enumeration) and part.name:
                    yield part.name


# -- what is made of them


class Field(msgspec.Struct, frozen=True):
    name: str
    wire: str
    type: Type
    required: bool
    doc: str = ""


class Record(msgspec.Struct, frozen=True):
    """An object with known keys, in a response or as an argument."""

    name: str
    doc: str
    fields: tuple[Field, ...]
    role: Literal["response", "argument"] = "response"
    open: bool = False
    """Whether a response may have more members than these, by the document."""
    variants: tuple[tuple[str | bool, Reference], ...] = ()
    """For a union of records: the record of each value of the member `discriminator`."""
    discriminator: str = ""
    other: Reference | None = None
    """The record of an object with another value; by default it stays JSON."""

    @property
    def parts(self) -> Iterator[Type]:
        """The types of its fields, and its variants."""
        yield from (field.type for field in self.fields)
        yield from (reference for _, reference in self.variants)
        yield from [self.other] if self.other else []


SHARED = "shared_models"
"""The module of a whole API with records that several resources use."""

Place = Literal["path", "query", "header", "cookie", "body"]
PageKind = Literal["Cursor", "LastId", "LinkHeader", "NextUrl", "Offset", "PageNumber"]
BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch", "lines"]
RetryMode = Literal["idempotent", "with_key", "never"]


class Param(msgspec.Struct, frozen=True):
    name: str
    wire: str
    """The name in the request."""
    place: Place
    type: Type
    required: bool
    doc: str
    example: Any
    """A valid JSON value; text for files and bytes."""
    deprecated: bool = False
    role: Literal["named", "whole", "extra", "part_header"] = "named"
    """One value with a name; the whole body; further members of the body, with their names; or a
    header of one of its parts."""
    part: str = ""
    """The name of that part."""


class Failure(msgspec.Struct, frozen=True):
    """An error response that the document describes."""

    status: str
    """"404", "4XX" or "default"."""
    doc: str


class Pages(msgspec.Struct, frozen=True):
    """How to request the next page of a list, as one of the runtime's styles."""

    kind: PageKind
    settings: Mapping[str, str | int]
    """Settings that differ from the runtime's defaults."""
    names: Mapping[str, tuple[str, ...]]
    """Of settings that are paths: the names in the document, where one of them holds a dot."""
    steered: frozenset[str]
    """Names of parameters that the iterator sets."""
    item: Type
    example: Any
    """An example of an item."""


class Method(msgspec.Struct, frozen=True):
    name: str
    does: str
    """One sentence."""
    detail: str
    verb: str
    path: str
    params: tuple[Param, ...]
    """In the order of the signature, required ones first."""
    fixed: tuple[tuple[Place, str, str], ...]
    """Place, name and environment variable of values that are the same in every call."""
    returns: Type | None
    """None if the response has no content."""
    body: BodyKind | None
    retry: RetryMode
    reads: bool
    """It changes nothing, whatever its HTTP method."""
    styles: Mapping[str, str]
    moves_money: bool
    accepts: str
    """Media type of the response; "" for plain JSON or none."""
    content_type: str
    """Media type of the body; "" for the default of its kind."""
    failures: tuple[Failure, ...]
    response_example: Any
    """An example of the response: a JSON value, or text for bytes and text."""
    status: int
    """The status of that response."""
    pages: Pages | None = None
    """None if the response is not one page of a list."""
    resource: str = ""
    """The resource in a whole API, such as "payment_intents"; "" otherwise."""
    parts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Media types of the parts of the body, by their names in the request."""
    part_headers: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    """Part -> headers that always have the same value."""
    also: Mapping[int, Type | None] = field(default_factory=dict[int, Type | None])
    """Status -> type of each documented success that has another content; None for no content."""
    streams: bool = False
    """Whether the response can be too large or too slow to be read at once."""
    server: str = ""
    """The name of its server in `Wrapper.servers`; "" for the base URL."""
    auth: str = ""
    """The name of its scheme in `Wrapper.schemes`; "" for the wrapper's, "none" for no
    credentials."""
    alternative: bool = False
    """Whether it is the method before it, for an answer in another format."""

    optional_body: bool = False
    """Whether a JSON body of which no member is given is not sent."""

    @property
    def reads_json(self) -> bool:
        """Whether the response is read as JSON."""
        return self.returns not in (None, STRING, Scalar("bytes"))

    @property
    def nulls(self) -> bool:
        """Whether the caller writes the JSON body as a whole, and None in it is null."""
        whole = (param.type for param in self.params if param.role == "whole")
        return self.body in ("json", "merge-patch") and any(
            isinstance(kind, MapOf) or kind == JSON for kind in whole
        )

    @property
    def reads_otherwise(self) -> bool:
        """Whether it changes nothing although its HTTP method may: a search by POST."""
        return self.reads and self.verb not in READ_METHODS

    @property
    def full_name(self) -> str:
        """The operation in telemetry and settings: `customers.list`."""
        return full_name(self.resource, self.name)

    @property
    def types(self) -> Iterator[Type]:
        """The types in the method's signature."""
        yield from (param.type for param in self.params)
        yield from (kind for kind in (self.returns, self.pages and self.pages.item) if kind)
        yield from filter(None, self.also.values())

    def headers_of(self, part: Param) -> dict[str, str | Param]:
        """The headers of a part of the body: constants and parameters."""
        if part.place != "body" or part.role != "named":
            return {}
        headers: dict[str, str | Param] = {**self.part_headers.get(part.wire, {})}
        for param in self.params:
            if param.role == "part_header" and param.part == part.wire:
                headers[param.wire] = param
        return headers

    @property
    def result(self) -> Type | None:
        """The type of what a caller gets, over every documented success."""
        kinds = list(dict.fromkeys((self.returns, *self.also.values())))
        some = [kind for kind in kinds if kind is not None]
        if not some or JSON in some:
            return JSON if some else None
        whole = some[0] if len(some) == 1 else OneOf(tuple(some))
        return Nullable(whole) if None in kinds else whole


def full_name(resource: str, method: str) -> str:
    """What a method is called on the service."""
    return ".".join(filter(None, (resource, method)))


class Authentication(msgspec.Struct, frozen=True):
    """How calls are authenticated. `secrets` are names of environment variables."""

    kind: Literal[
        "none",
        "bearer",
        "basic",
        "digest",
        "signed",
        "aws_sigv4",
        "header",
        "query",
        "client_credentials",
        "refresh_token",
        "certificate",
        "all",
    ]
    secrets: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    scopes: tuple[str, ...] = ()
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])
    """Of "signed": what is put into headers, query and form."""
    parts: tuple[Authentication, ...] = ()
    """The parts of "all", sent together."""


class AddressPart(msgspec.Struct, frozen=True):
    """A variable in an address of the provider: an argument of the service."""

    name: str
    """The argument."""
    key: str
    """What stands in braces in the addresses."""
    variable: str
    """The environment variable."""
    default: str | None
    values: tuple[str, ...]
    """The only values that there are; () for any."""
    doc: str
    example: str


class Resource(msgspec.Struct, frozen=True):
    """A resource of a whole API, with its own module."""

    name: str
    """As an attribute of the service: "payment_intents"."""
    title: str
    """Its class: "PaymentIntents"."""
    module: str
    methods: tuple[Method, ...]
    records: tuple[Record, ...]
    """Records that no other resource uses."""


class Wrapper(msgspec.Struct, frozen=True, dict=True):
    name: str
    """The class: `StripeService`."""
    slug: str
    """The provider's name in telemetry and settings: `stripe`."""
    service: str
    """The provider as people write it: `Stripe`."""
    module: str
    base_url: str
    """"" if the document has none and the caller has to pass one."""
    allow_plain_http: bool
    """The user has accepted that credentials travel without encryption."""
    auth: Authentication
    idempotency_header: str
    records: tuple[Record, ...]
    """Each record before those that refer to it."""
    methods: tuple[Method, ...]
    timeout: float | None
    """Seconds; None for the runtime's default."""
    attempts: int | None
    document: str
    """Title and version of the document the methods are from."""
    pack: Pack | None
    failure: FailureFact | None = None
    """How the provider reports failures inside a 200."""
    asynchronous: bool = True
    certificate: str = ""
    """The variable for the path of our own certificate and its key (mutual TLS)."""
    base_path: str = ""
    """The path of the API where `base_url` is ""."""
    servers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Other servers, name -> base URL."""
    address_parts: tuple[AddressPart, ...] = ()
    """The variables in `base_url` and `servers`."""
    sandbox: str = ""
    """The base URL to test against; "" where none is known."""
    schemes: Mapping[str, Authentication] = field(default_factory=dict[str, "Authentication"])
    """Other ways to authenticate, by name."""
    resources: tuple[Resource, ...] = ()
    """Resources of a whole API; `records` are then those that several resources use."""

    @property
    def base_url_variable(self) -> str:
        """The environment variable for another base URL."""
        return f"{re.sub(r'[^A-Z0-9]+', '_', self.slug.upper()).strip('_')}_BASE_URL"

    def example_url(self, address: str) -> str:
        """The address with an example of each variable."""
        for part in self.address_parts:
            address = address.replace(f"{{{part.key}}}", part.example)
        return address

    @property
    def every_record(self) -> tuple[Record, ...]:
        return (*self.records, *(record for part in self.resources for record in part.records))

    @cached_property
    def record_of(self) -> Mapping[str, Record]:
        """Every record by its name."""
        return {record.name: record for record in self.every_record}

    @cached_property
    def record_modules(self) -> Mapping[str, str]:
        """Record -> the module that holds it."""
        common = f"{self.module}/{SHARED}" if self.resources else self.module
        own = {record.name: part.module for part in self.resources for record in part.records}
        return {record.name: common for record in self.records} | own


class EventHandler(msgspec.Struct, frozen=True):
    """One event and the function that handles it."""

    event: str
    name: str
    doc: str
    record: str
    """The record of the event's object; "" if it is not known."""
    at: str
    """The dotted path of the object in the event; "" for the whole event."""
    example: Any


class Refetch(msgspec.Struct, frozen=True):
    """How webhooks are received that are not signed: as hints to read an object again."""

    provider: str
    id: str
    """Where a delivery has the id, in the signature language."""
    shape: str
    """Regular expression of the whole id."""
    method: str
    """Full name of the method that reads the object."""
    example: str
    """An id of that shape."""


class Webhooks(msgspec.Struct, frozen=True):
    module: str
    endpoint: str
    scheme: str
    """Pack id, or the name of a signature scheme; "" with `refetch`."""
    secrets: tuple[str, ...]
    """Environment variables; a signature by any of them is valid."""
    url: str
    """Environment variable with the public URL, for schemes that sign it; "" otherwise."""
    handlers: tuple[EventHandler, ...]
    unconfirmed: bool = False
    """Whether nobody has tried the scheme on a real delivery."""
    refetch: Refetch | None = None


class Integration(msgspec.Struct, frozen=True):
    """Everything that a target renders."""

    wrapper: Wrapper
    webhooks: Webhooks | None
