"""The plain parts of an operation, the same for every dialect."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc.model.schema import Schema

Where = Literal["path", "query", "header", "cookie", "querystring"]
Encoding = Literal[
    "form", "form-explode", "deepObject", "spaceDelimited", "pipeDelimited", "tabDelimited"
]
"""How a list or an object becomes text in a query or a form: `form` is `a=1,2`, `form-explode` is
`a=1&a=2`, `deepObject` is `a[k]=1`, the others put a space, `|` or a tab between the elements."""

_LINES = re.compile(
    r"[a-z]+/(x-)?(ndjson|jsonl|jsonlines|json-lines|json-seq|json-stream|stream\+json)"
    r"|[a-z]+/.*\+(json-seq|jsonl|ndjson)"
)
"""application/x-ndjson, application/jsonl, application/json-seq (RFC 7464), and their spellings."""

SchemeKind = Literal[
    "api_key", "basic", "bearer", "digest", "signed", "aws_sigv4", "oauth2_client_credentials",
    "oauth2_authorization_code", "oauth2_password", "oauth2_implicit", "oauth2_device",
    "openid", "mutual_tls", "other",
]  # fmt: skip


@lru_cache(maxsize=1000)
def _essence(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


class AddressVariable(msgspec.Struct, frozen=True):
    """A part of a server's address that the caller chooses: a region, a tenant, a version."""

    name: str
    default: str | None = None
    """None where the document has none, or only a placeholder ("your-domain")."""
    values: tuple[str, ...] = ()
    """The only values that there are; () for any."""
    description: str = ""

    @property
    def example(self) -> str:
        """A value that is allowed."""
        if self.default is not None:
            return self.default
        return next(iter(self.values), "443" if "port" in self.name.lower() else "example")


class Server(msgspec.Struct, frozen=True):
    """An address of the API. In `url`, variables are replaced by their defaults; `template` is the
    address with their names in braces, "" where it has none."""

    url: str
    description: str = ""
    template: str = ""
    variables: tuple[AddressVariable, ...] = ()

    @property
    def address(self) -> str:
        """As the document has it, with the names of its variables."""
        return self.template or self.url


class SecurityScheme(msgspec.Struct, frozen=True):
    """One way to authenticate. `where` and `parameter` (its wire name) are an API key's alone;
    `scheme` is the HTTP authentication scheme as written ("digest"); `scopes` name -> meaning;
    `metadata_url` is where an OAuth 2 server describes itself (RFC 8414)."""

    name: str
    kind: SchemeKind
    where: str = ""
    parameter: str = ""
    scheme: str = ""
    token_url: str = ""
    scopes: Mapping[str, str] = field(default_factory=dict[str, str])
    description: str = ""
    deprecated: bool = False
    metadata_url: str = ""
    refresh_url: str = ""
    """Where tokens are renewed, if not at `token_url`."""
    signed: str = ""
    """How requests are signed, where the scheme says so: "awsSigv4"."""
    service: str = ""
    """Of "aws_sigv4": the service that requests are signed for."""
    server: str = ""
    """Of "aws_sigv4": the address that tells the region."""
    audience: str = ""
    """What the `x-audience` of an OAuth 2 flow says: for whom a token is."""
    variables: tuple[str, ...] = ()
    """The environment variables of a signature that a person declared."""
    query: tuple[str, ...] = ()
    """What such a signature adds to the query."""


class Parameter(msgspec.Struct, frozen=True):
    """One parameter, or one header of a response.

    `style` and `explode` are OpenAPI's, defaults filled in; `reserved` characters (RFC 3986) go
    unescaped; `media` is the media type of a parameter that carries a serialised document, ""
    otherwise.
    """

    name: str
    where: Where
    required: bool
    schema: Schema
    description: str = ""
    style: str = "simple"
    explode: bool = False
    deprecated: bool = False
    media: str = ""
    examples: tuple[object, ...] = ()
    reserved: bool = False

    @property
    def encoding(self) -> Encoding | None:
        """How a query parameter's list or object becomes text; None outside the query."""
        return encoding_of(self.style, self.explode) if self.where == "query" else None


class Media(msgspec.Struct, frozen=True):
    """One representation of a body. `schema` is None where the document has none; `styles` holds
    the form fields whose encoding the document states; `content_types` the parts of a multipart
    body that have a media type of their own, and `part_headers` their other headers; `stream` is
    the schema of each element of a stream."""

    type: str
    schema: Schema | None
    styles: Mapping[str, Encoding] = field(default_factory=dict[str, Encoding])
    content_types: Mapping[str, str] = field(default_factory=dict[str, str])
    part_headers: Mapping[str, Mapping[str, Parameter]] = field(
        default_factory=dict[str, "Mapping[str, Parameter]"]
    )
    examples: tuple[object, ...] = ()
    stream: Schema | None = None

    @property
    def essence(self) -> str:
        """The media type in lower case, without its parameters."""
        return _essence(self.type)

    @property
    def is_lines(self) -> bool:
        """Whether it is JSON values one after the other, each on its line or its record."""
        return bool(_LINES.fullmatch(self.essence))

    @property
    def is_json(self) -> bool:
        """Whether it is one JSON value; also said of a range that holds everything."""
        return self.essence == "*/*" or ("json" in self.essence and not self.is_lines)


class ApiLink(msgspec.Struct, frozen=True):
    """How an answer leads on: `operation` is an operationId or a key ("GET /orders/{id}"), and
    `parameters` name -> value, mostly an expression such as "$response.body#/id". `body` is what
    the next request carries, None where the document says nothing of it."""

    operation: str
    parameters: Mapping[str, object]
    body: object = None
    description: str = ""


class RequestBody(msgspec.Struct, frozen=True):
    """What a request may carry, by media type, in the document's order."""

    required: bool
    description: str
    media: Mapping[str, Media]


class ApiResponse(msgspec.Struct, frozen=True):
    """One documented answer; `status` is "200", "4XX" or "default"; `links` are what a caller may
    do next with it; `broken` says why a reference to it leads nowhere, "" where it leads."""

    status: str
    description: str
    media: Mapping[str, Media]
    headers: Mapping[str, Parameter]
    pointer: str = ""
    links: Mapping[str, ApiLink] = field(default_factory=dict[str, ApiLink])
    broken: str = ""

    @property
    def schema(self) -> Schema | None:
        """The schema of the response body, JSON first; None where the document has none."""
        ordered = sorted(self.media.values(), key=lambda media: not media.is_json)
        return next((media.schema for media in ordered if media.schema is not None), None)


def encoding_of(style: str, explode: bool) -> Encoding:
    """OpenAPI's style and explode as one word."""
    match style:
        case "deepObject" | "spaceDelimited" | "pipeDelimited" | "tabDelimited":
            return style
        case _:
            return "form-explode" if explode else "form"
