"""Idempotency keys and fingerprints: names for a write, so that sending it twice does it once."""

from __future__ import annotations

from hashlib import blake2b
from uuid import uuid4


def new_key() -> str:
    """A random key for one logical call; all its attempts carry the same."""
    return str(uuid4())


def key_for(*parts: object) -> str:
    """A key derived from your own business: the same order gives the same key at any time.

        options=CallOptions(idempotency_key=key_for("order", order.id, "charge"))

    The parts are digested, so a key shows none of them.
    """
    return fingerprint(*(str(part).encode() for part in parts))


def fingerprint(*parts: bytes) -> str:
    """32 hex digits that identify these parts; different lists of parts have different ones."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
