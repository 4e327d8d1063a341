"""What is about to go away: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and what providers send
instead.

RFC 9745 wants a date, `@1688169599`; earlier drafts had `true` and HTTP dates, and these are in
use. A `Link` alone announces nothing: it may point to the rules of deprecation (RFC 9745, section
3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from noctule.runtime.redaction import redact
from noctule.runtime.responses.links import find_link
from noctule.runtime.responses.moments import epoch
from noctule.runtime.responses.structured_fields import FieldDate, parse_item

if TYPE_CHECKING:
    from collections.abc import Mapping

_OTHERS = frozenset({"x-api-warn", "x-ad-api-version-warning", "asana-change"})
"""Clearbit, Meta and Asana. Everybody else has "deprecat" in the name: IBM, PayPal, Shopify,
Zapier, WordPress …"""
_ENDS = ("sunset", "expire", "remov", "end-of-life")
"""Words in the name of a header that says when it stops working."""

_NO = frozenset({"", "false", "0", "no", "none", "?0", "null"})
_WARNING = re.compile(
    r"\b299 .*(?:deprecat|sunset|will be removed|end[ -]of[ -]life)", re.IGNORECASE
)
MAX_TEXT = 1000
MAX_URL = 200
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class DeprecationNotice:
    """An announcement. Dates are ISO 8601; None where the provider names none."""

    header: str
    """The header that announces it."""
    date: str | None = None
    """Since when it is deprecated, or from when on it will be."""
    sunset: str | None = None
    """When it stops working."""
    link: str | None = None
    """Where the provider explains it: without query and fragment, redacted."""


def deprecation(headers: Mapping[str, str]) -> DeprecationNotice | None:
    """What the headers of a response announce; None when they announce nothing."""
    names = [name for name in headers if "deprecat" in name or name in _OTHERS]
    names.sort(key=lambda name: name != "deprecation")
    ends = [name for name in headers if "sunset" in name or (name in names and _is_end(name))]
    sunset = _first_date(headers, ends)
    header = next((name for name in names if _affirms(name, headers[name])), None)
    if header is None and sunset is not None:
        header = ends[0]
    if header is None and _WARNING.search(headers.get("warning", "")[:MAX_TEXT]):
        header = "warning"
    if header is None:
        return None
    since = _first_date(headers, [name for name in names if name not in ends])
    return DeprecationNotice(header[:MAX_NAME], since, sunset, _link(headers, names))


def _is_end(name: str) -> bool:
    return any(word in name for word in _ENDS)


def _first_date(headers: Mapping[str, str], names: list[str]) -> str | None:
    dates = (_date(headers[name]) for name in names)
    return next((date for date in dates if date is not None), None)


def _affirms(name: str, value: str) -> bool:
    """Whether the header announces anything. Asana names every change, and marks those that affect
    the request."""
    if name == "asana-change":
        return "affected=true" in value.lower()
    return not all(part.strip().lower() in _NO for part in value[:MAX_TEXT].split(","))


def _date(value: str) -> str | None:
    seconds = _seconds(value)
    if seconds is None or not 0 <= seconds < 1e11:
        return None
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _seconds(value: str) -> float | None:
    if not value.lstrip().startswith("@"):
        return epoch(_last_part(value))
    item = parse_item(value)
    return float(item.value) if item and isinstance(item.value, FieldDate) else None


def _last_part(value: str) -> str:
    """The date in `date="Sun, 11 Nov 2018 23:59:59 GMT"`, as the first drafts had it."""
    return re.sub(r'^.*\bdate="?([^"]*)"?$', r"\1", value[:MAX_TEXT])


def _link(headers: Mapping[str, str], names: list[str]) -> str | None:
    """The explanation, else the successor: from Link, else from a header that is a URL."""
    header = headers.get("link", "")
    for relation in ("deprecation", "sunset", "successor-version", "latest-version"):
        if relation in header.lower() and (target := find_link(header, relation)):
            return _shown(target)
    for name in names:
        found = re.search(r"https?://[^\s,;\"'<>]{1,500}", headers.get(name, "")[:MAX_TEXT])
        if found:
            return _shown(found[0])
    return None


def _shown(url: str) -> str | None:
    try:
        parts = urlsplit(url[:MAX_TEXT])
        host = parts.hostname
    except ValueError:
        return None
    if parts.scheme not in ("", "http", "https"):
        return None
    text = f"{parts.scheme}://{host}{parts.path}" if host else parts.path
    return redact("".join(char for char in text if char.isprintable()))[:MAX_URL] or None
