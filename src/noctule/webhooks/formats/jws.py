"""A JSON web token in compact form (RFC 7515), taken apart. Whether it holds is for `verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from noctule.json_types import is_dict
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.encoding import decode, encode

if TYPE_CHECKING:
    from noctule.webhooks.schemes.schema import Algorithm

ALGORITHMS: dict[Algorithm, str] = {
    "hmac-sha256": "HS256",
    "hmac-sha512": "HS512",
    "es256": "ES256",
    "rsa-sha256": "RS256",
    "ed25519": "EdDSA",
}
"""The one name in a token's header that goes with a scheme's algorithm."""


class Token(NamedTuple):
    """`signed` is the part that the signature covers."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def parse(text: bytes, place: str) -> Token:
    """Raises Rejection for anything that is not a token; `place` is where it stood."""
    parts = text.split(b".")
    decoded = [decode("base64url", part) for part in parts]
    if len(parts) != 3 or not all(decoded):
        raise Rejection(Reason.MALFORMED_SIGNATURE, place)
    try:
        header, claims = (msgspec.json.decode(part or b"") for part in decoded[:2])
    except (ValueError, RecursionError):
        raise Rejection(Reason.MALFORMED_SIGNATURE, place) from None
    if not is_dict(header) or not is_dict(claims) or "crit" in header:
        raise Rejection(Reason.MALFORMED_SIGNATURE, place)
    return Token(header, claims, text.rpartition(b".")[0], decoded[2] or b"")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> bytes:
    """The part of a token that is to be signed."""
    parts = (msgspec.json.encode(part) for part in (header, claims))
    return b".".join(encode("base64url", part) for part in parts)
