"""Signatures as text, in their canonical spelling only."""

from base64 import b64encode, urlsafe_b64encode
from binascii import Error, a2b_base64, hexlify, unhexlify
from typing import Literal

Encoding = Literal["hex", "base64", "base64url"]


def encode(encoding: Encoding, raw: bytes) -> bytes:
    """Encode bytes; `base64url` is without padding, as in JSON web tokens."""
    match encoding:
        case "hex":
            return hexlify(raw)
        case "base64":
            return b64encode(raw)
        case "base64url":
            return urlsafe_b64encode(raw).rstrip(b"=")


def decode(encoding: Encoding, text: bytes) -> bytes | None:
    """The bytes; None for a wrong alphabet, upper-case hex, whitespace or stray trailing bits."""
    try:
        match encoding:
            case "hex":
                raw = unhexlify(text)
            case "base64":
                raw = a2b_base64(text, strict_mode=True)
            case "base64url":
                padded = text.translate(_STANDARD) + b"=" * (-len(text) % 4)
                raw = a2b_base64(padded, strict_mode=True)
    except (Error, ValueError):
        return None
    return raw if encode(encoding, raw) == text else None


_STANDARD = bytes.maketrans(b"-_", b"+/")
