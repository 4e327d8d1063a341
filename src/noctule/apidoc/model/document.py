"""The API document as one object, whatever dialect it was written in."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from msgspec.structs import replace

from noctule.apidoc.address import is_address
from noctule.apidoc.aws import SIGV4, signing_service
from noctule.apidoc.model import openapi3, swagger2
from noctule.apidoc.model.choices import NO_CHOICES
from noctule.apidoc.model.lazy import lazy
from noctule.apidoc.model.operation import ApiOperation, Dialect, delivery, methods
from noctule.apidoc.model.parts import Server
from noctule.apidoc.model.servers import from_template, nearest_to, production, seen_from
from noctule.json_types import is_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from noctule.apidoc.model.choices import Choices
    from noctule.apidoc.model.node import Node
    from noctule.apidoc.model.operation import Alternatives
    from noctule.apidoc.model.parts import SecurityScheme
    from noctule.apidoc.model.schema import Schema

DIALECTS: Mapping[str, Dialect] = {
    "swagger-2.0": swagger2,
    "openapi-3.0": openapi3,
    "openapi-3.1": openapi3,
    "openapi-3.2": openapi3,
    "postman-2.0": openapi3,
    "postman-2.1": openapi3,
    "har-1.2": openapi3,
}


class ApiDocument:
    """An API document, read lazily and never dereferenced as a whole.

    `source` is what the user named; `sha256` is of the main file's bytes; `duplicates` are the
    places where the file states one key twice (the last one counts); `overlay` is the path of the
    overlay that it was read through, "" for none.
    """

    def __init__(
        self,
        root: Node,
        *,
        source: str,
        sha256: str,
        dialect: str,
        duplicates: tuple[str, ...] = (),
        choices: Choices = NO_CHOICES,
        overlay: str = "",
    ) -> None:
        self.root = root
        self.source = source
        self.sha256 = sha256
        self.dialect = dialect
        self.duplicates = duplicates
        self.choices = choices
        self.overlay = overlay
        self._reader = DIALECTS[dialect]

    def __repr__(self) -> str:
        return f"<ApiDocument {self.title!r} {self.dialect} {self.source}>"

    def chosen(self, choices: Choices) -> ApiDocument:
        """The document, read with these choices."""
        if choices == self.choices:
            return self
        return ApiDocument(
            self.root,
            source=self.source,
            sha256=self.sha256,
            dialect=self.dialect,
            duplicates=self.duplicates,
            choices=choices,
            overlay=self.overlay,
        )

    @property
    def raw(self) -> Mapping[str, Any]:
        """The main file as loaded."""
        return self.root.mapping

    @property
    def title(self) -> str:
        return self.root.at("info").text("title")

    @property
    def version(self) -> str:
        """The API's version, as the document's author numbers it."""
        return str(self.root.at("info").mapping.get("version", ""))

    @property
    def description(self) -> str:
        info = self.root.at("info")
        return info.text("description") or info.text("summary")

    @lazy
    def servers(self) -> tuple[Server, ...]:
        """The API's addresses; relative ones are seen from where the document came from."""
        base = self.source if is_address(self.source) else ""
        return tuple(seen_from(server, base) for server in self._reader.servers(self.root))

    @lazy
    def production(self) -> tuple[Server, ...]:
        """The server that requests go to: the chosen one, else the one that the document shows to
        be for production. Several where it does not tell, () without an absolute address."""
        wanted = self.choices.server
        if not wanted:
            return production(self.servers)
        known = (server for server in self.servers if server.address == wanted)
        return (next(known, None) or from_template(wanted),)

    @lazy
    def main_server(self) -> Server | None:
        """The production server, the first of those that could be; None where the document names no
        host."""
        return next(iter(self.production), None)

    @lazy
    def base_url(self) -> str:
        """The address that requests go to, its variables filled by their defaults; the origin that
        the document came from where it names no host; "" if there is none."""
        if self.main_server is not None:
            return self.main_server.url
        source = urlsplit(self.source)
        if source.scheme not in ("http", "https"):
            return ""
        relative = next((s.url for s in self.servers if s.url.startswith("/")), "")
        return f"{source.scheme}://{source.netloc}{relative}"

    @lazy
    def base_path(self) -> str:
        """The path of the API where the document does not say at which host it is; else ""."""
        paths = (server.url.rstrip("/") for server in self.servers)
        return next((path for path in paths if not self.base_url and path.startswith("/")), "")

    def own_servers(self, operation: ApiOperation) -> tuple[Server, ...]:
        """Where an operation is that is not at `base_url`, chosen likewise: a path alone where the
        document names no host; several where it does not tell; () for all other operations."""
        base = self.source if is_address(self.source) else ""
        own = [seen_from(server, base) for server in operation.servers]
        main = {self.base_url.rstrip("/")}
        if self.main_server is not None:
            main.add(self.main_server.address.rstrip("/"))
        if any(server.address.rstrip("/") in main for server in own):
            return ()
        chosen = nearest_to(self.main_server, production(own))
        paths = (server.url for server in own if server.url.startswith("/"))
        path = next(paths, "") if not chosen else ""
        if path:
            chosen = (Server(urljoin(self.base_url, path) if self.base_url else path),)
        return tuple(server for server in chosen if server.url.rstrip("/") not in main)

    def token_url(self, scheme: SecurityScheme) -> str:
        """Where the scheme's tokens are fetched; a relative address is seen from the first server;
        "" if there is none."""
        return self._seen_from_server(scheme.token_url)

    def refresh_url(self, scheme: SecurityScheme) -> str:
        """Where the scheme's tokens are renewed, likewise."""
        return self._seen_from_server(scheme.refresh_url or scheme.token_url)

    def _seen_from_server(self, url: str) -> str:
        """A relative address stays so where the server has variables: the service fills them."""
        server = self.main_server or next(iter(self.servers), None)
        relative = url and "://" not in url and server is not None and not server.variables
        return urljoin(server.url, url) if server is not None and relative else url

    @lazy
    def security_schemes(self) -> Mapping[str, SecurityScheme]:
        schemes = dict(self._reader.security_schemes(self.root))
        if any(one.signed.lower() in SIGV4 for one in schemes.values()):
            addresses = [server.url for server in (*self.production, *self.servers)]
            service, server = signing_service(self.root.at("info").mapping, addresses)
            for name, one in schemes.items():
                if one.signed.lower() in SIGV4 and service:
                    schemes[name] = replace(one, kind="aws_sigv4", service=service, server=server)
        if audience := self.choices.audience:
            schemes = {name: replace(one, audience=audience) for name, one in schemes.items()}
        if scheme := self.choices.scheme:
            schemes[scheme.name] = scheme
        return MappingProxyType(schemes)

    @lazy
    def schemas(self) -> Mapping[str, Schema]:
        """The named schemas (components, or Swagger 2's definitions)."""
        return MappingProxyType(dict(self._reader.schemas(self.root)))

    @lazy
    def operations(self) -> Mapping[str, ApiOperation]:
        """Every operation by key ("POST /v1/charges"), in the document's order."""
        return MappingProxyType({operation.key: operation for operation in self._operations()})

    @lazy
    def secured(self) -> bool:
        """Whether any operation says that it needs authentication."""
        return any(operation.security for operation in self.operations.values())

    @lazy
    def webhooks(self) -> Mapping[str, ApiOperation]:
        """The provider's own requests: name -> operation that describes the delivery."""
        deliveries: dict[str, ApiOperation] = {}
        for section in ("x-webhooks", "webhooks"):
            for name, node in self.root.at(section).entries():
                delivered = delivery(self._reader, self.root, name, node.follow(), path=name)
                if delivered is not None:
                    deliveries[name] = delivered
        return MappingProxyType(deliveries)

    def find(self, reference: str) -> ApiOperation | None:
        """The operation of "POST /x" (any case of the method, any names of the path's variables)
        or of an operationId; None where there is none, or more than one after renaming."""
        method, space, path = reference.strip().partition(" ")
        if not space:
            return self._by_id.get(reference.strip())
        key = f"{method.upper()} {rooted(path.strip())}"
        if key in self.operations:
            return self.operations[key]
        alike = self._by_shape.get(shape(key), ())
        return alike[0] if len(alike) == 1 else None

    @lazy
    def _by_id(self) -> Mapping[str, ApiOperation]:
        every = reversed([*self.operations.values()])
        return {name: op for op in every for name in (op.id, op.operation_id) if name}

    def namesakes(self, operation: ApiOperation) -> tuple[ApiOperation, ...]:
        """The other operations with the same operationId."""
        same = self._by_name.get(operation.operation_id, ())
        return tuple(other for other in same if other.key != operation.key)

    def lookalikes(self, operation: ApiOperation) -> tuple[ApiOperation, ...]:
        """The other operations that differ by the names of their path's variables alone."""
        same = self._by_shape.get(shape(operation.key), ())
        return tuple(other for other in same if other.key != operation.key)

    @lazy
    def _by_name(self) -> Mapping[str, tuple[ApiOperation, ...]]:
        return grouped((op.operation_id, op) for op in self.operations.values() if op.operation_id)

    @lazy
    def _by_shape(self) -> Mapping[str, tuple[ApiOperation, ...]]:
        return grouped((shape(key), operation) for key, operation in self.operations.items())

    def _operations(self) -> Iterator[ApiOperation]:
        for path, node in self.root.at("paths").entries():
            if path.startswith("x-"):
                continue
            item = node.follow()
            for method, operation in methods(self._reader, item):
                yield ApiOperation(
                    self._reader,
                    self.root,
                    item,
                    operation,
                    method=method,
                    path=rooted(path),
                    security=self._security_of(operation),
                )

    def _security_of(self, operation: Node) -> Alternatives | None:
        """How an operation authenticates by our choice; None: as the document says."""
        scheme = self.choices.scheme
        if self.choices.public:
            return ()
        own = operation.mapping.get("security")
        if scheme is None or (is_list(own) and not any(own) and self._written_secured):
            return None
        return ((scheme.name,),)

    @lazy
    def _written_secured(self) -> bool:
        return self.chosen(NO_CHOICES).secured


def grouped(pairs: Iterable[tuple[str, ApiOperation]]) -> Mapping[str, tuple[ApiOperation, ...]]:
    found: dict[str, tuple[ApiOperation, ...]] = {}
    for key, operation in pairs:
        found[key] = (*found.get(key, ()), operation)
    return found


def rooted(path: str) -> str:
    """A path as OpenAPI requires it; without its slash, it would be part of the host."""
    return path if path.startswith("/") else f"/{path}"


def shape(key: str) -> str:
    """An operation's key with the names of its path's variables left out."""
    return re.sub(r"\{[^{}]*\}", "{}", key).rstrip("/")
