"""Whether the names of a response's headers promise anything: looked at for every response, and all
that a service imports of this package until one of them does."""

from __future__ import annotations


def tell_limits(names: str) -> bool:
    """Whether headers with these names, in lower case, may tell of limits; if not, they do not."""
    return "remaining" in names or "ratelimit" in names


def tell_deprecation(names: str) -> bool:
    """Whether headers with these names may announce a deprecation; if not, they do not."""
    return "deprecat" in names or "sunset" in names or "warn" in names or "asana-change" in names
