"""Responses that an error keeps: what a provider echoes of our credentials is masked.

Headers are redacted like any text. In a body only the secrets of this process are masked: a
provider's own tokens in it, such as the client secret of a payment that needs another step, are
what the caller's code goes on with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.runtime.redaction.known_secrets import KNOWN, MASK, MIN_LENGTH
from noctule.runtime.redaction.patterns import is_secret_name
from noctule.runtime.redaction.redactor import MARGIN, REDACTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_CONTENT = 64 * 1024
"""Bytes of a body that an error keeps."""


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A copy. Values with the name of a secret are masked whole, unless they are a count
    (`x-ratelimit-remaining-tokens`)."""
    lines = "\n".join(headers.values())
    values = REDACTOR.text(lines).split("\n")
    if len(values) != len(headers):
        values = [REDACTOR.text(value) for value in headers.values()]
    return {
        name: MASK if is_secret_name(name) and not _is_count(value) else value
        for name, value in zip(headers, values, strict=True)
    }


def _is_count(value: str) -> bool:
    return len(value) < MIN_LENGTH or value.isdecimal()


def mask_content(content: bytes) -> bytes:
    """The first `MAX_CONTENT` bytes."""
    text = content[: MAX_CONTENT + MARGIN].decode("utf-8", "surrogateescape")
    masked = KNOWN.scrub(text).encode("utf-8", "surrogateescape")
    if len(content) <= MAX_CONTENT + MARGIN:
        return masked[:MAX_CONTENT]
    return masked[: max(0, min(MAX_CONTENT, len(masked) - MARGIN))]
