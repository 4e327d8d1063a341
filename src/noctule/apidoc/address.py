"""http and https addresses."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def is_address(source: str) -> bool:
    return source.lower().startswith(("http://", "https://"))


def shown(address: str) -> str:
    """The address without what may be secret: user, password, query."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return address.partition("://")[0] + "://…"
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))
