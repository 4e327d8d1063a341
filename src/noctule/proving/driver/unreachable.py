"""Hosts that code under proof must not reach: the provider itself.

The service's own requests go to the fake provider. An edited wrapper may send others, with another
client; they fail as if the host's name did not exist.
"""

from __future__ import annotations

import socket
from typing import Any

_HOSTS: set[str] = set()
_getaddrinfo = socket.getaddrinfo


def make_unreachable(hosts: set[str]) -> None:
    """From now on no name of these is resolved in this process."""
    _HOSTS.update(host.lower() for host in hosts if host)
    socket.getaddrinfo = _refusing


def _refusing(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name.rstrip(".").lower() in _HOSTS:
        raise socket.gaierror(socket.EAI_NONAME, "a proof sends nothing to the provider")
    return _getaddrinfo(host, *args, **kwargs)
