"""Which proxy a request goes through, by the environment, as curl and requests read it.

`https_proxy` or `http_proxy`, by the scheme of the request, then `all_proxy`; each in lower case
or, if that is not set, in upper case. `no_proxy` lists the exceptions:

    *                            all hosts, if it stands alone
    example.com, .example.com    this host and all below it
    example.com:8443             the same, for this port
    192.0.2.7, 10.0.0.0/8, fd00::/8, [::1]:8080

This machine itself is never asked for through a proxy, as in Go's net/http: credentials may go to
it without encryption.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from importlib import import_module
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING
from urllib.parse import unquote

from noctule.runtime.errors import ConfigurationError
from noctule.runtime.origin import is_loopback
from noctule.runtime.redaction.known_secrets import KNOWN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.origin import Origin

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""Schemes of proxies, each with its default port."""

_PROXY = re.compile(
    r"(?:(?:([A-Za-z][A-Za-z0-9+.-]*):)?//)?(?:([^/\s]*)@)?"
    r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?"
)
_ENTRY = re.compile(r"(?:\[([^\]]*)\]|([^:]*))(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Proxy:
    """The address of a proxy. Its repr and `address` hold no credentials."""

    scheme: str
    host: str
    port: int
    variable: str
    """Where it was set."""
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def proxy_for(origin: Origin, environ: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy for requests to `origin`; None: connect directly.

    Raises `ConfigurationError`, which names the variable and not its value, for an address that
    is not one, and for SOCKS without the extra.
    """
    if is_loopback(origin.host):
        return None
    variables, bypass = _settings(origin.host, environ)
    chosen = variables.get(origin.scheme) or variables.get("all")
    if chosen is None or bypass or is_excluded(origin, variables.get("no", ("", ""))[1]):
        return None
    return parse_proxy(*chosen)


def _settings(
    host: str, environ: Mapping[str, str] | None
) -> tuple[dict[str, tuple[str, str]], bool]:
    """Kind ("https", "all", "no") -> the variable and its value; and whether the system (not the
    environment) makes an exception for `host`."""
    variables: dict[str, tuple[str, str]] = {}
    environ = os.environ if environ is None else environ
    for name in sorted(environ, key=str.islower):  # so that lower case wins, even if empty
        kind, _, suffix = name.lower().rpartition("_")
        if suffix != "proxy" or not (name.islower() or name.isupper()):
            continue
        # A CGI server writes the header `Proxy` of a request into HTTP_PROXY (httpoxy.org).
        if name == "HTTP_PROXY" and "REQUEST_METHOD" in environ:
            continue
        variables[kind] = name, environ[name].strip()
    set_ones = {kind: setting for kind, setting in variables.items() if setting[1]}
    if variables or environ is not os.environ:
        return set_ones, False
    from urllib.request import getproxies, proxy_bypass

    system = {kind: ("the system's settings", value) for kind, value in getproxies().items()}
    return system, bool(system) and bool(proxy_bypass(host))


def is_excluded(origin: Origin, no_proxy: str) -> bool:
    """Whether `no_proxy` names `origin`."""
    if no_proxy.strip() == "*":
        return True
    return any(_matches(origin, entry) for entry in re.split(r"[,\s]+", no_proxy) if entry)


def _matches(origin: Origin, entry: str) -> bool:
    if "/" in entry:
        return _in_network(origin.host, entry)
    if _is_address(entry):
        name, port = entry, None  # an IPv6 address without brackets is all colons
    else:
        parts = _ENTRY.fullmatch(entry)
        if parts is None:
            return False
        name, port = parts[1] or parts[2], parts[3]
    if port is not None and int(port) != origin.port:
        return False
    if _is_address(origin.host):
        return _is_address(name) and ip_address(name) == ip_address(origin.host)
    host = origin.host.rstrip(".")
    name = name.lower().removeprefix("*").strip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _in_network(host: str, entry: str) -> bool:
    try:
        return ip_address(host) in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def parse_proxy(variable: str, value: str) -> Proxy:
    """`[scheme://][user[:password]@]host[:port]`; the scheme is http where there is none."""
    match = _PROXY.fullmatch(value)
    port = int(match[4]) if match and match[4] else 1
    if match is None or not 0 < port < 65536:
        raise ConfigurationError(
            f"{variable} is not the address of a proxy: write http://host:port (its value is"
            " not shown, since it may hold a password)"
        )
    scheme, userinfo, host = (match[1] or "http").lower(), match[2], match[3].strip("[]")
    if scheme not in PORTS:
        raise ConfigurationError(
            f"{variable}: a proxy with the scheme {scheme}:// is not supported; use one of"
            f" {', '.join(f'{name}://' for name in PORTS)}"
        )
    if scheme.startswith("socks"):
        _check_socks(variable)
    auth = None
    if userinfo is not None:
        user, _, password = userinfo.partition(":")
        auth = unquote(user), unquote(password)
        for secret in (auth[1], f"{auth[0]}:{auth[1]}"):
            KNOWN.add(secret, pinned=True)
    return Proxy(scheme, host, int(match[4] or PORTS[scheme]), variable, auth)


def _check_socks(variable: str) -> None:
    try:
        import_module("socksio")  # the engine needs it
    except ImportError:
        raise ConfigurationError(
            f"{variable}: a SOCKS proxy needs an extra: pip install 'noctule[socks]'"
        ) from None
