"""Whether a request was addressed to the host where the document has its operation."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.runtime.origin import is_loopback

if TYPE_CHECKING:
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
        urls = [server.url for server in document.servers]
        urls += [document.base_url, *(environment.base_url for environment in environments)]
        self._usual = _netlocs(urls)
        self._own: dict[str, frozenset[str]] = {}
        paths: dict[str, set[str]] = {}
        for operation in document.operations.values():
            if own := document.own_server(operation):
                servers = [own, *(server.url for server in operation.servers)]
                urls += servers
                self._own[operation.key] = _netlocs(servers)
        for url in urls:
            parts = urlsplit(url)
            for host in (parts.netloc.lower(), ""):
                paths.setdefault(host, set()).add(parts.path.rstrip("/"))
        self._prefixes = {
            host: tuple(sorted(some - {""}, key=len, reverse=True)) for host, some in paths.items()
        }
        self._known = self._usual.union(*self._own.values())

    def prefixes(self, request: IncomingRequest) -> tuple[str, ...]:
        """Paths of the servers, those at the request's host first."""
        return (*self._prefixes.get(_host(request), ()), *self._prefixes.get("", ()))

    def wrong(self, operation: ApiOperation, request: IncomingRequest) -> str | None:
        """What is wrong with the host, in words; None when nothing is. An address of the user's
        own is right where the operation has the document's servers."""
        host = _host(request)
        own = self._own.get(operation.key)
        right = self._usual if own is None else own
        if host in right or not right or is_loopback(host.partition(":")[0]):
            return None
        if own is None and host not in self._known:
            return None
        return f"sent to {host}, but the document has it at {' or '.join(sorted(right))}"


def _host(request: IncomingRequest) -> str:
    return (request.headers.get(ADDRESSED) or request.headers.get("host", "")).lower()


def _netlocs(urls: list[str]) -> frozenset[str]:
    """The hosts of absolute addresses without variables."""
    netlocs = (urlsplit(url).netloc.lower() for url in urls if "{" not in url)
    return frozenset(netloc for netloc in netlocs if netloc)
