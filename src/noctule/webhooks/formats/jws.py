"""A JSON web token in compact form (RFC 7515), split into its parts; `verify` checks it."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from noctule.json_types import is_object
from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.encoding import decode, encode

ALGORITHMS: dict[str, str] = {
    "hmac-sha256": "HS256",
    "hmac-sha512": "HS512",
    "es256": "ES256",
    "es384": "ES384",
    "rsa-sha256": "RS256",
    "rsa-pss-sha512": "PS512",
    "ed25519": "EdDSA",
}
"""The `alg` of a token's header, by the algorithm of a scheme."""


class JsonWebToken(NamedTuple):
    """The parts of a token; `signed` is what the signature covers."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def parse(text: bytes, header_name: str) -> JsonWebToken:
    """Raises Rejection for anything that is not a token; `header_name` is where it was read."""
    parts = text.split(b".")
    decoded = [decode("base64url", part) for part in parts]
    if len(parts) != 3 or not all(decoded):
        raise Rejection(Reason.MALFORMED_SIGNATURE, header_name)
    try:
        header, claims = (msgspec.json.decode(part or b"") for part in decoded[:2])
    except (ValueError, RecursionError):
        raise Rejection(Reason.MALFORMED_SIGNATURE, header_name) from None
    if not is_object(header) or not is_object(claims) or "crit" in header:
        raise Rejection(Reason.MALFORMED_SIGNATURE, header_name)
    return JsonWebToken(header, claims, text.rpartition(b".")[0], decoded[2] or b"")


def signing_input(header: dict[str, Any], claims: dict[str, Any]) -> bytes:
    """The part of a token that is signed."""
    parts = (msgspec.json.encode(part) for part in (header, claims))
    return b".".join(encode("base64url", part) for part in parts)
