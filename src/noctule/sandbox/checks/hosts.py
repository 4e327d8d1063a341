"""Whether a request was addressed to the host where the document has its operation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.apidoc import Server
from noctule.apidoc.model.servers import example_url, host_pattern
from noctule.runtime.origin import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import IncomingRequest

ADDRESSED = "x-addressed-host"
"""The header that tells the fake provider which host a request was for, before the prover sent it
to the fake instead."""


class Hosts:
    """The hosts of a document, and those of each operation with servers of its own."""

    def __init__(self, document: ApiDocument, pack: Pack | None) -> None:
        environments = pack.environments.values() if pack is not None else ()
        servers = [*document.servers, *document.production]
        servers += [Server(environment.base_url) for environment in environments]
        if document.base_url and document.main_server is None:
            servers.append(Server(document.base_url))
        self._usual = _Hosts(servers)
        self._own: dict[str, _Hosts] = {}
        for operation in document.operations.values():
            if own := document.own_servers(operation):
                self._own[operation.key] = _Hosts([*own, *operation.servers])
                servers += own
        self._known = _Hosts(servers)
        paths: dict[str, set[str]] = {}
        for url in map(example_url, servers):
            parts = urlsplit(url)
            for host in (parts.netloc.lower(), ""):
                paths.setdefault(host, set()).add(parts.path.rstrip("/"))
        self._prefixes = {
            host: tuple(sorted(some - {""}, key=len, reverse=True)) for host, some in paths.items()
        }

    def prefixes(self, request: IncomingRequest) -> tuple[str, ...]:
        """Paths of the servers, those at the request's host first."""
        return (*self._prefixes.get(_host(request), ()), *self._prefixes.get("", ()))

    def wrong(self, operation: ApiOperation, request: IncomingRequest) -> str | None:
        """What is wrong with the host, in words; None when nothing is. An address of the user's
        own is right where the operation has the document's servers."""
        host = _host(request)
        own = self._own.get(operation.key)
        right = self._usual if own is None else own
        if host in right or not right.names or is_loopback(host.partition(":")[0]):
            return None
        if own is None and host not in self._known:
            return None
        return f"sent to {host}, but the document has it at {' or '.join(right.names)}"


class _Hosts:
    """The hosts of absolute addresses; a variable in one may have any of its values."""

    def __init__(self, servers: Iterable[Server]) -> None:
        absolute = [server for server in servers if urlsplit(server.url).netloc]
        self.names = sorted({urlsplit(server.url).netloc.lower() for server in absolute})
        self._patterns = [host_pattern(server) for server in absolute if server.variables]

    def __contains__(self, host: object) -> bool:
        return isinstance(host, str) and (
            host in self.names or any(pattern.fullmatch(host) for pattern in self._patterns)
        )


def _host(request: IncomingRequest) -> str:
    return (request.headers.get(ADDRESSED) or request.headers.get("host", "")).lower()
