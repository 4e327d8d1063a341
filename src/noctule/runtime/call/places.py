"""Where the operations of a service are, and as whom they are called.

Most services have one base URL and one way to authenticate. Some providers take uploads at another
host, or ask for an administrator's key in a few operations: such an operation names its server, or
its scheme, and the config says what they are.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from noctule.runtime import errors
from noctule.runtime.auth.base import Session
from noctule.runtime.origin import check_encrypted, origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from noctule.runtime.call.config import ServiceConfig
    from noctule.runtime.origin import Origin

PUBLIC = "none"
"""The scheme of an operation that gets no credentials."""
DEFAULT = ""
"""The service's own server, and its own way to authenticate."""


class Place(NamedTuple):
    base_url: str
    """Without a slash at the end."""
    origin: Origin


class Servers:
    """The provider's servers by name; they alone get its credentials.

    A service with a base URL of its own (a sandbox, say) is not sent to the config's other servers
    unless their addresses are given as well: it might reach production with what is for a test.
    A server that is only a path ("/uploads"), or at the origin of the config's base URL, is at the
    origin of the base URL, wherever that is.
    """

    def __init__(
        self,
        config: ServiceConfig,
        base_url: str | None,
        others: Mapping[str, str] | None,
        variables: Mapping[str, str | None] | None = None,
    ) -> None:
        """Raises `ConfigurationError` for an address that is none, for an unknown name, and for a
        variable of the base URL without a value that fits."""
        for name in others or ():
            if name not in config.servers:
                known = ", ".join(config.servers) or "none"
                raise errors.ConfigurationError(f"no server {name!r}; the servers are: {known}")
        fill = _filler(config, variables)
        base_url = _base_url(config, base_url)
        main = place_of(fill(base_url))
        host_known = config.base_url[:1] not in ("", "/")
        same = not host_known or base_url.rstrip("/") == config.base_url.rstrip("/")
        usual = _start_of(config.base_url) if host_known else str(main.origin)
        addresses = dict(others or {})
        for name, url in config.servers.items():
            path = url.removeprefix(usual)
            if path[:1] in ("", "/") and url:
                addresses.setdefault(name, f"{main.origin}{path}")
            elif same:
                addresses.setdefault(name, url)
        self._places: dict[str, Place] = {}
        self._incomplete: dict[str, str] = {}
        for name, url in addresses.items():
            if url:
                self._add(name, url, fill)
        self._places[DEFAULT] = main
        self.origins = tuple(dict.fromkeys(place.origin for place in self._places.values()))
        self.starts = tuple(f"{origin}/" for origin in self.origins)

    def _add(self, name: str, url: str, fill: Callable[[str], str]) -> None:
        """A server that lacks the value of a variable is an error when it is called."""
        try:
            filled = fill(url)
        except errors.ConfigurationError as error:
            self._incomplete[name] = str(error)
        else:
            self._places[name] = place_of(filled)

    def __getitem__(self, name: str) -> Place:
        """Raises `ConfigurationError` for a server whose address is not known."""
        place = self._places.get(name)
        if place is None:
            if reason := self._incomplete.get(name):
                raise errors.ConfigurationError(reason)
            raise errors.ConfigurationError(
                f"this operation goes to the server {name!r}, whose address is not known, since"
                " the service has another base URL than its config or the API document has no"
                f" address: give it: servers={{{name!r}: 'https://…'}}"
            )
        return place

    def check_encryption(self, *, allow_plain_http: bool) -> None:
        """Raises `ConfigurationError` where credentials would leave this machine in the clear."""
        for name, place in self._places.items():
            what = f"the server {name!r}" if name else "the base URL"
            check_encrypted(place.base_url, allow_plain_http=allow_plain_http, what=what)


class Sessions:
    """The credentials of a service by the name of their scheme.

    The secrets of a scheme that only some operations use are read at the first of their calls,
    which raises `MissingSecrets` without them.
    """

    def __init__(self, config: ServiceConfig, base_url: str, *, shared: bool) -> None:
        self._shared = shared
        self._auths = {name: auth.at(base_url) for name, auth in config.schemes.items()}
        self._auths[DEFAULT] = config.auth.at(base_url)
        self._sessions = {DEFAULT: self._auths[DEFAULT].open(shared=shared), PUBLIC: Session()}

    @property
    def endpoints(self) -> Iterator[str]:
        """Where tokens are fetched."""
        for auth in self._auths.values():
            yield from auth.endpoints

    def __getitem__(self, name: str) -> Session:
        session = self._sessions.get(name)
        if session is None:
            auth = self._auths.get(name)
            if auth is None:
                raise errors.ConfigurationError(f"the service has no scheme {name!r}")
            session = self._sessions[name] = auth.open(shared=self._shared)
        return session


def _filler(config: ServiceConfig, given: Mapping[str, str | None] | None) -> Callable[[str], str]:
    """What replaces the variables in an address."""
    if not config.variables and not given:
        return str
    from noctule.runtime.call.server_variables import ServerVariables  # few providers have any

    return ServerVariables(config.variables, given or {}).fill


def _start_of(base_url: str) -> str:
    """The origin of the config's base URL; as it is written where it has variables."""
    if "{" not in base_url:
        return str(place_of(base_url).origin)
    scheme, _, rest = base_url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _base_url(config: ServiceConfig, given: str | None) -> str:
    """The service's base URL: the one that is given, else the variable's, else the config's."""
    variable = config.base_url_variable
    url = given or (os.environ.get(variable, "").strip() if variable else "") or config.base_url
    path = config.base_url if config.base_url.startswith("/") else ""
    if url[:1] in ("", "/"):
        how = f"base_url='https://…', or set {variable}" if variable else "base_url='https://…'"
        raise errors.ConfigurationError(f"the address of the provider is not known: give {how}")
    without_path = "/" not in url.partition("://")[2].rstrip("/")
    return url.rstrip("/") + path if path and without_path else url


def place_of(base_url: str) -> Place:
    """Raises `ConfigurationError` for an invalid base URL, without showing it: it may hold a
    password."""
    try:
        origin = origin_of(base_url)
        base_url.encode("ascii")
    except ValueError:
        origin = None
    if origin is None or any(sign in base_url for sign in "?#") or not base_url.isprintable():
        raise errors.ConfigurationError(
            "the base URL must be http(s)://host[:port][/path], without user, query or fragment"
        )
    return Place(base_url.rstrip("/"), origin)
