"""Signatures as text. One text per signature: anything but the canonical spelling is refused."""

from base64 import b64encode
from binascii import Error, a2b_base64, hexlify, unhexlify
from typing import Literal

Encoding = Literal["hex", "base64"]


def encode(encoding: Encoding, raw: bytes) -> bytes:
    return hexlify(raw) if encoding == "hex" else b64encode(raw)


def decode(encoding: Encoding, text: bytes) -> bytes | None:
    """The bytes, or None: wrong alphabet, upper-case hex, white space, loose trailing bits."""
    try:
        raw = unhexlify(text) if encoding == "hex" else a2b_base64(text, strict_mode=True)
    except (Error, ValueError):
        return None
    return raw if encode(encoding, raw) == text else None
