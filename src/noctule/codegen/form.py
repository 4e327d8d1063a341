"""The intermediate form: what is generated, before any language.

A wrapper is a handful of methods over records; every name in it is final and legal. Targets read
this and nothing else, so none of them looks into an API document.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.providers import Pack

# -- types


@dataclass(frozen=True)
class Scalar:
    kind: Literal["string", "integer", "number", "boolean", "bytes", "file", "json"]


@dataclass(frozen=True)
class Choice:
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


Type = Scalar | Choice | ListOf | MapOf | Reference | OneOf | Nullable

JSON = Scalar("json")
STRING = Scalar("string")

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


Place = Literal["path", "query", "header", "body"]
BodyKind = Literal["json", "form", "multipart", "text", "bytes", "merge-patch"]
Replay = Literal["safe", "keyed", "never"]


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
    replay: Replay
    styles: Mapping[str, str]
    moves_money: bool
    accepts: str
    """Media type of the answer; "" when it is JSON or none."""
    failures: tuple[Failure, ...]
    answer: Any
    """An example of the answer: a JSON value, or text for bytes and text."""
    status: int
    """The status of that answer."""


@dataclass(frozen=True)
class Auth:
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
    parts: tuple[Auth, ...] = ()
    """Of "all": what is sent together."""


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
    auth: Auth
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


@dataclass(frozen=True)
class Hook:
    """One event and the function that handles it."""

    event: str
    name: str
    doc: str
    record: str
    """Record of what the event is about; "" when it is not known."""
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
    object_path: str
    hooks: tuple[Hook, ...]


@dataclass(frozen=True)
class Integration:
    """Everything that a target needs to know."""

    wrapper: Wrapper
    webhooks: Webhooks | None
