"""http and https addresses."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def is_address(source: str) -> bool:
    return urlsplit(source).scheme.lower() in ("http", "https")


def shown(address: str) -> str:
    """The address without what may be secret: user, password, query."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "…" if parts.query else "", ""))
