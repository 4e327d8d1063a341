"""Where a redirect leads that is not followed, as an error may tell it."""

from __future__ import annotations

from urllib.parse import urlsplit

from noctule.runtime.redaction import redact

LONGEST = 200


def told(location: str) -> str:
    """The address without user, fragment and query, which holds signatures; redacted, bounded."""
    try:
        parts = urlsplit(location[: 4 * LONGEST])
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an invalid URL"
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    whole = f"{scheme}//{host}{parts.path}" if host else parts.path
    text = redact("".join(sign if sign.isprintable() else "?" for sign in whole))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
