"""The origin of a URL: who receives what is sent there. Credentials go to one origin only.

Parsers of URLs disagree about backslashes, user names, blanks and escapes in the host. Here, a URL
that two of them could read differently is refused.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import NamedTuple

from noctule.runtime.errors import ConfigurationError

DEFAULT_PORTS = {"http": 80, "https": 443}

_START = re.compile(r"(https?)://([^/?#]*)", re.IGNORECASE)
_HOST = r"\[[0-9a-fA-F:.]+\]|[^\s:/?#@\\%\[\]<>\"'`^{|}\x00-\x20\x7f]+"
_AUTHORITY = re.compile(rf"({_HOST})(?::([0-9]{{1,5}}))?", re.ASCII)


class Origin(NamedTuple):
    """Scheme, host (in lower case, ASCII, without brackets) and port."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port, as in the Host header: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def address(self) -> str:
        """`host:port`, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def origin_of(url: str) -> Origin:
    """Raises ValueError unless `url` is absolute, http or https, and has one possible host."""
    start = _START.match(url)
    if start is None:
        raise ValueError("not an http(s) URL")
    return _parse(*start.groups())


@lru_cache(maxsize=256)
def _parse(scheme: str, authority: str) -> Origin:
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise ValueError("not a valid host")
    scheme, host = scheme.lower(), match[1]
    if host.startswith("["):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    elif host.isascii():  # as nearly all are: the codec takes two milliseconds to load
        host = host.lower()
        if not all(0 < len(label) < 64 for label in host.removesuffix(".").split(".")):
            raise ValueError("not a valid host")
    else:
        host = host.encode("idna").decode("ascii").lower()
        host.encode("idna")  # a character that only becomes a dot leaves an empty label
    port = int(match[2]) if match[2] else DEFAULT_PORTS[scheme]
    if (
        not 0 < port < 65536
        or _AUTHORITY.fullmatch(host if ":" not in host else f"[{host}]") is None
    ):
        raise ValueError("not a valid host or port")
    return Origin(scheme, host, port)


def is_loopback(host: str) -> bool:
    """Whether `host` (of an `Origin`) is this machine, by its name or address alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.rstrip(".") == "localhost"


def check_encrypted(url: str, *, allow_plain_http: bool, what: str) -> None:
    """Raises `ConfigurationError` where `what`, a place that gets credentials, is http:// and
    not on this machine."""
    try:
        origin = origin_of(url)
    except ValueError:
        raise ConfigurationError(f"{what} is not a valid http(s) URL") from None
    if origin.scheme == "https" or allow_plain_http or is_loopback(origin.host):
        return
    raise ConfigurationError(
        f"{what} is {origin}: credentials would travel without encryption. Use https://, or,"
        " in a network that you trust, ServiceConfig(allow_plain_http=True)"
    )
