"""Bodies encrypted at rest with your key: AES-256-GCM, each bound to its delivery.

`NOCTULE_INBOX_KEY` holds the key that encrypts, 32 bytes in base64 (`openssl rand -base64 32`).
`NOCTULE_INBOX_KEY_OLD` holds earlier keys, separated by spaces, which only decrypt. Maintenance
encrypts again with the current key what an earlier key encrypted, and what is in plain text.
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


class BodyCipher:
    """Encrypts and decrypts bodies. A key's name is the first 8 hex digits of its digest; the first
    key encrypts. Without keys, bodies are stored in plain text under the name ""."""

    def __init__(self, keys: Iterable[bytes] = ()) -> None:
        self._ciphers: dict[str, Any] = {}
        for key in keys:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._ciphers[hashlib.sha256(key).hexdigest()[:8]] = AESGCM(key)

    @classmethod
    def from_environment(cls) -> BodyCipher:
        """Raises InvalidSecret naming the variable that does not hold a key."""
        keys = [_key(KEY, text) for text in _texts(KEY)]
        old_keys = [_key(OLD_KEYS, text) for text in _texts(OLD_KEYS)]
        if len(keys) > 1 or (old_keys and not keys):
            raise InvalidSecret(f"{KEY} must hold exactly one key, the current one")
        return cls([*keys, *old_keys])

    @property
    def name(self) -> str:
        """The name of the key that encrypts."""
        return next(iter(self._ciphers), "")

    def can_decrypt(self, name: str) -> bool:
        """Whether there is a key of that name; plain text needs none."""
        return not name or name in self._ciphers

    def encrypt(self, number: int, body: bytes) -> bytes:
        """The body of a delivery as it is stored, bound to the delivery's number."""
        if not self._ciphers:
            return body
        nonce = os.urandom(NONCE_BYTES)
        encrypted: bytes = self._ciphers[self.name].encrypt(nonce, body, _context(number))
        return nonce + encrypted

    def decrypt(self, name: str, number: int, stored: bytes) -> bytes:
        """The body; raises InboxError if the key is missing or the bytes were changed."""
        if not name:
            return stored
        from cryptography.exceptions import InvalidTag

        if name not in self._ciphers:
            raise InboxError(f"a body is encrypted with the key {name}, which is not in {KEY}")
        try:
            body: bytes = self._ciphers[name].decrypt(
                stored[:NONCE_BYTES], stored[NONCE_BYTES:], _context(number)
            )
        except InvalidTag:
            raise InboxError(f"the encrypted body of delivery {number} was changed") from None
        return body


def _context(number: int) -> bytes:
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
