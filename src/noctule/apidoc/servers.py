"""The provider's other servers: those of operations that are not at the base URL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation


class OtherServers:
    """The servers that some of the operations have of their own, by name: the host, with the path
    where two servers have the same host."""

    def __init__(self, document: ApiDocument, operations: Iterable[ApiOperation]) -> None:
        own = {operation.key: document.own_server(operation) for operation in operations}
        urls = list(dict.fromkeys(url for url in own.values() if url))
        hosts = [urlsplit(url).netloc for url in urls]
        used = [*hosts, urlsplit(document.base_url).netloc]
        self._names = {
            url: host if host and used.count(host) == 1 else url.partition("://")[2] or url
            for url, host in zip(urls, hosts, strict=True)
        }
        self._own = own

    @property
    def by_name(self) -> Mapping[str, str]:
        """Name -> base URL; "" for an address with variables that have no default."""
        return {name: "" if "{" in url else url for url, name in self._names.items()}

    def name_of(self, operation: ApiOperation) -> str:
        """The name of the operation's server; "" for the base URL."""
        return self._names.get(self._own.get(operation.key, ""), "")
