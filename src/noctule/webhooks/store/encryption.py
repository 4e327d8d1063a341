"""Bodies at rest under a key of yours: AES-256-GCM, each bound to its place in the inbox.

`NOCTULE_INBOX_KEY` holds the key that seals, 32 bytes in base64 (`openssl rand -base64 32`);
`NOCTULE_INBOX_KEY_OLD` earlier ones, separated by spaces, which still open. Upkeep seals again what
an earlier key had sealed, and what nothing had.
"""

from __future__ import annotations

import binascii
import hashlib
import os
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from noctule.runtime.errors import MissingSecrets
from noctule.runtime.secrets import env
from noctule.webhooks.errors import InboxError, InvalidSecret

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = "NOCTULE_INBOX_KEY"
OLD_KEYS = "NOCTULE_INBOX_KEY_OLD"
KEY_BYTES = 32
NONCE_BYTES = 12


class Sealer:
    """Keys by their names (8 hex digits of the key's digest); the first one seals."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._ciphers: dict[str, Any] = {}
        for key in keys:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._ciphers[hashlib.sha256(key).hexdigest()[:8]] = AESGCM(key)

    @classmethod
    def from_environment(cls) -> Sealer:
        """Raises InvalidSecret naming the variable that holds no key."""
        keys = [_key(KEY, text) for text in _texts(KEY)]
        old = [_key(OLD_KEYS, text) for text in _texts(OLD_KEYS)]
        if len(keys) > 1 or (old and not keys):
            raise InvalidSecret(f"{KEY} has to hold one key, the one that seals")
        return cls([*keys, *old])

    @property
    def name(self) -> str:
        """The name of the key that seals; "" if bodies lie open."""
        return next(iter(self._ciphers), "")

    def holds(self, name: str) -> bool:
        """Whether what a key sealed can be opened; "" is what lies open."""
        return not name or name in self._ciphers

    def seal(self, number: int, body: bytes) -> bytes:
        """The body of a delivery as it is stored. Nobody can pass it off as another one's."""
        if not self._ciphers:
            return body
        nonce = os.urandom(NONCE_BYTES)
        sealed: bytes = self._ciphers[self.name].encrypt(nonce, body, _place(number))
        return nonce + sealed

    def open(self, name: str, number: int, stored: bytes) -> bytes:
        """The body again; raises InboxError if the key is missing or the bytes were changed."""
        if not name:
            return stored
        from cryptography.exceptions import InvalidTag

        if name not in self._ciphers:
            raise InboxError(f"a body is sealed with the key {name}, which {KEY} does not hold")
        try:
            body: bytes = self._ciphers[name].decrypt(
                stored[:NONCE_BYTES], stored[NONCE_BYTES:], _place(number)
            )
        except InvalidTag:
            raise InboxError(f"the sealed body of delivery {number} was changed") from None
        return body


def _place(number: int) -> bytes:
    return b"noctule delivery %d" % number


def _texts(variable: str) -> list[str]:
    try:
        return env(variable).read().reveal().split()
    except MissingSecrets:
        return []


def _key(variable: str, text: str) -> bytes:
    try:
        key = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidSecret(f"{variable} is not 32 bytes in base64: openssl rand -base64 32")
    return key
