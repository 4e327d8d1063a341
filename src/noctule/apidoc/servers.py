"""The addresses of a service: its base URL, the servers that some operations have of their own, and
the variables in both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from noctule.apidoc.model.servers import VARIABLE
from noctule.text import words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from noctule.apidoc import ApiDocument, ApiOperation, Server
    from noctule.apidoc.model.parts import AddressVariable

SERVER_ROLE = "server"
"""The role in a task of an environment variable that fills a part of an address."""


@dataclass(frozen=True)
class ServerSetting:
    """A variable of one or more addresses, under a name that is unique in the service."""

    name: str
    env: str
    """The environment variable for it."""
    variable: AddressVariable


class ServiceAddresses:
    """Where the operations are: most of them at `base_url`. In addresses, the names of `settings`
    are in braces."""

    def __init__(
        self,
        document: ApiDocument,
        operations: Iterable[ApiOperation],
        prefix: str,
        taken: Collection[str] = (),
    ) -> None:
        """`prefix` begins the names of environment variables, of which `taken` are in use."""
        self._own = {operation.key: document.own_servers(operation) for operation in operations}
        distinct = {servers[0].address: servers for servers in self._own.values() if servers}
        hosts = [_host(servers[0]) for servers in distinct.values()]
        used = [*hosts, _host(document.main_server) if document.main_server else ""]
        self._names = {
            address: host
            if host and used.count(host) == 1
            else address.partition("://")[2] or address
            for address, host in zip(distinct, hosts, strict=True)
        }
        self._prefix = prefix
        self._taken = {*taken, f"{prefix}_BASE_URL"}
        self._settings: dict[str, ServerSetting] = {}
        main = document.main_server
        self.base_url = self._address(main) if main is not None else document.base_url
        self.by_name: Mapping[str, str] = {
            self._names[address]: self._address(servers[0]) if len(servers) == 1 else ""
            for address, servers in distinct.items()
        }
        """Name -> base URL; "" where the document does not tell which one of several it is."""

    @property
    def settings(self) -> tuple[ServerSetting, ...]:
        return tuple(self._settings.values())

    def name_of(self, operation: ApiOperation) -> str:
        """The name of the operation's server; "" for the base URL."""
        own = self._own.get(operation.key)
        return self._names[own[0].address] if own else ""

    def _address(self, server: Server) -> str:
        """The server's address with the names of the settings in braces."""
        names = {variable.name: self._setting(variable, server) for variable in server.variables}
        return VARIABLE.sub(lambda match: f"{{{names[match[1]]}}}", server.address)

    def _setting(self, variable: AddressVariable, server: Server) -> str:
        """The name of the setting for a server's variable; another name where two servers mean
        different things by one."""
        plain = "_".join(words(variable.name)) or "variable"
        label = "_".join(words(_host(server).partition(".")[0])) or "other"
        names = (plain, f"{label}_{plain}", *(f"{plain}_{number}" for number in range(2, 100)))
        for name in names:
            known = self._settings.get(name)
            if known is None:
                self._settings[name] = ServerSetting(name, self._env(name), variable)
                return name
            if (known.variable.default, known.variable.values) == (
                variable.default,
                variable.values,
            ):
                return name
        return plain

    def _env(self, name: str) -> str:
        env = f"{self._prefix}_{name.upper()}"
        free = env if env not in self._taken else f"{self._prefix}_SERVER_{name.upper()}"
        self._taken.add(free)
        return free


def _host(server: Server) -> str:
    return VARIABLE.sub("", server.url).partition("://")[2].partition("/")[0].strip(".-")
