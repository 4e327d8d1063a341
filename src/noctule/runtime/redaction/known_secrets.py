"""The secret values this process holds, in every spelling they may take in a text.

Values are matched literally, longest first, so that a secret which begins like another one
leaves no tail behind. Matching is one substring search per spelling: linear in the text.
"""

from __future__ import annotations

import base64
import json
from threading import Lock
from urllib.parse import quote, quote_plus

MASK = "[redacted]"

SHORTEST = 6
"""Characters. A shorter value is no secret, and masking it would tear every text apart."""


class KnownSecrets:
    """Pinned values stay; of the others (tokens that pass by) the latest `keep` stay."""

    def __init__(self, keep: int = 1000) -> None:
        self._keep = keep
        self._pinned: dict[str, tuple[str, ...]] = {}
        self._passing: dict[str, tuple[str, ...]] = {}
        self._longest_first: tuple[str, ...] = ()
        self._lock = Lock()

    def add(self, value: str, *, pinned: bool = False) -> None:
        """Never let `value` through again. Shorter than `SHORTEST` is not remembered."""
        if len(value) < SHORTEST or value in self._pinned:
            return
        with self._lock:
            forms = self._passing.pop(value, None) or spellings(value)
            (self._pinned if pinned else self._passing)[value] = forms
            while len(self._passing) > self._keep:
                del self._passing[next(iter(self._passing))]
            every = {
                f for held in (self._pinned, self._passing) for fs in held.values() for f in fs
            }
            self._longest_first = tuple(sorted(every, key=len, reverse=True))

    def scrub(self, text: str) -> str:
        """`text` with every spelling of every value masked."""
        for form in self._longest_first:
            if form in text:
                text = text.replace(form, MASK)
        return text


def spellings(value: str) -> tuple[str, ...]:
    """How `value` may look in a URL, a form, JSON, a repr, or inside base64 (as in Basic)."""
    forms = {value, quote(value, safe=""), quote_plus(value), quote(value)}
    forms |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
    forms |= {repr(value)[1:-1], repr(value.encode("utf-8", "surrogatepass"))[2:-1]}
    for shift in range(3):
        plain, urlsafe = _inside_base64(value.encode("utf-8", "surrogatepass"), shift)
        forms |= {plain, urlsafe}
    return tuple(form for form in forms if len(form) >= SHORTEST and form not in MASK)


def _inside_base64(data: bytes, shift: int) -> tuple[str, str]:
    """The characters that `data` alone decides when `shift` bytes (mod 3) come before it.

    The first ones also hold bits of what precedes, the last ones of what follows (RFC 4648, 4).
    """
    padded = bytes(shift) + data
    first = (shift * 8 + 5) // 6
    last = len(padded) * 8 // 6
    return (
        base64.b64encode(padded)[first:last].decode(),
        base64.urlsafe_b64encode(padded)[first:last].decode(),
    )


KNOWN = KnownSecrets()
"""What this process knows. `Secret` adds to it; every `Redactor` asks it unless told otherwise."""
