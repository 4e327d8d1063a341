"""The secret values of this process, in every spelling that they may have in a text.

Values are matched literally, longest first, so that of a secret that begins like another one
nothing remains. Matching is one substring search per spelling: linear in the text.
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

from noctule.runtime.fork import ForkSafeLock

MASK = "[redacted]"

MIN_LENGTH = 6
"""Characters. Masking shorter values would make texts unreadable."""


class KnownSecrets:
    """Pinned values are kept; of the others (renewed tokens), the latest `keep`."""

    def __init__(self, keep: int = 1000) -> None:
        self._keep = keep
        self._pinned: dict[str, tuple[str, ...]] = {}
        self._recent: dict[str, tuple[str, ...]] = {}
        self._longest_first: tuple[str, ...] = ()
        self._lock = ForkSafeLock()

    def add(self, value: str, *, pinned: bool = False) -> None:
        """Mask `value` from now on, unless it is shorter than `MIN_LENGTH`."""
        if len(value) < MIN_LENGTH or value in self._pinned:
            return
        with self._lock:
            forms = self._recent.pop(value, None) or spellings(value)
            (self._pinned if pinned else self._recent)[value] = forms
            while len(self._recent) > self._keep:
                del self._recent[next(iter(self._recent))]
            values = [*self._pinned.values(), *self._recent.values()]
            spellings_of_all = {form for value_forms in values for form in value_forms}
            self._longest_first = tuple(sorted(spellings_of_all, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """`text` with every spelling of every value masked."""
        for form in self._longest_first:
            if form in text:
                text = text.replace(form, MASK)
        return text


def spellings(value: str) -> tuple[str, ...]:
    """The forms of `value` in a URL, a form, JSON, a repr, or inside base64 (as in Basic)."""
    forms = {value, quote(value, safe=""), quote_plus(value), quote(value)}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    forms |= {repr(value)[1:-1], repr(value.encode("utf-8", "surrogatepass"))[2:-1]}
    for shift in range(3):
        plain, urlsafe = _inside_base64(value.encode("utf-8", "surrogatepass"), shift)
        forms |= {plain, urlsafe}
    return tuple(form for form in forms if len(form) >= MIN_LENGTH and form not in MASK)


def _inside_base64(data: bytes, shift: int) -> tuple[str, str]:
    """The base64 characters that depend on `data` alone, when `shift` bytes (mod 3) precede it.

    The first and last ones also hold bits of the neighbouring bytes (RFC 4648, 4).
    """
    padded = bytes(shift) + data
    first = (shift * 8 + 5) // 6
    last = len(padded) * 8 // 6
    return (
        base64.b64encode(padded)[first:last].decode(),
        base64.urlsafe_b64encode(padded)[first:last].decode(),
    )


KNOWN = KnownSecrets()
"""The secrets of this process. `Secret` adds to them; a `Redactor` uses them by default."""
