"""Which keys a delivery may have been signed with: the secret's own, or those that the provider
publishes where the delivery says."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.json_types import get_path, is_dict, is_list
from noctule.webhooks.errors import InvalidSecret, Reason, Rejection
from noctule.webhooks.formats.encoding import decode
from noctule.webhooks.schemes.locator import Source
from noctule.webhooks.schemes.template import Mac, Maybe, Setting, Template
from noctule.webhooks.verification.key_cache import Wanted
from noctule.webhooks.verification.keys import Key, key_of, public_key_for

if TYPE_CHECKING:
    from noctule.webhooks.schemes.schema import Algorithm
    from noctule.webhooks.verification.delivery_view import Reading

MAX_KEYS = 16


def keys_of(reading: Reading, secret: str, now: float) -> tuple[Key, ...]:
    """The keys to try. Raises InvalidSecret, KeyWanted; Rejection for an address or a version that
    is not the provider's, and for a certificate out of its time (`now` in seconds)."""
    scheme = reading.scheme
    if scheme.fetch is None:
        return (key_of(scheme, secret),)
    algorithm = _algorithm(reading)
    document = scheme.published.known(wanted(reading, secret))
    try:
        if scheme.key == "x509":
            return (_of_certificate(document, algorithm, scheme.fetch.subject, now),)
        kid = reading.token.header.get("kid") if scheme.is_token else None
        return _of_jwks(document, algorithm, scheme.fetch.answer, kid)
    except (ValueError, InvalidSecret):
        raise Rejection(Reason.FOREIGN_KEY, "key") from None


def wanted(reading: Reading, secret: str) -> Wanted:
    """Where the delivery's key lies; raises Rejection if that is not where the provider's are."""
    fetch = reading.scheme.fetch
    if fetch is None:
        raise LookupError("a scheme whose key is the secret publishes none")

    def text(template: Template) -> str:
        return template.render(value).decode("utf-8", "replace")

    def value(part: str | Source | Maybe | Mac | Setting) -> bytes:
        found: bytes | None = None
        match part:
            case "secret":
                found = secret.encode()
            case Setting():
                found = reading.scheme.values.get(part.word, "").encode()
            case Source():
                found = reading.read(part)
            case _:
                pass
        if not found:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        return found

    url = fetch.pinned(text(fetch.url))
    post = {name: text(template) for name, template in fetch.post}
    return Wanted(url, msgspec.json.encode(post) if post else None)


def _algorithm(reading: Reading) -> Algorithm:
    scheme = reading.scheme
    if scheme.algorithm_at is None:
        return scheme.algorithm
    found = scheme.algorithms.get(reading.text(scheme.algorithm_at) or "")
    if found is None:
        raise Rejection(Reason.MALFORMED_SIGNATURE, str(scheme.algorithm_at))
    return found


@lru_cache(maxsize=64)
def _certificate(document: bytes) -> Any:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(document)


def _of_certificate(document: bytes, algorithm: Algorithm, subject: str, now: float) -> Key:
    from cryptography.x509.oid import NameOID

    certificate = _certificate(document)
    try:
        moment = datetime.fromtimestamp(now, UTC)
    except (OverflowError, OSError):
        raise ValueError("no such time") from None
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise ValueError("out of its time")
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if subject and not any(re.fullmatch(subject, name) for name in names):
        raise ValueError("of another subject")
    return public_key_for(algorithm, certificate.public_key())


@lru_cache(maxsize=64)
def _of_jwks(
    document: bytes, algorithm: Algorithm, answer: str, kid: str | None
) -> tuple[Key, ...]:
    found = get_path(msgspec.json.decode(document), answer)
    entries = found[:MAX_KEYS] if is_list(found) else [found]
    keys = tuple(
        public_key_for(algorithm, public_key)
        for entry in entries
        if is_dict(entry) and kid in (None, entry.get("kid"))
        if (public_key := _of_jwk(entry)) is not None
    )
    if not keys:
        raise ValueError("holds no such key")
    return keys


def _of_jwk(jwk: dict[str, Any]) -> Any:
    """The public key of RFC 7517 and 8037; None for a kind that no scheme uses."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    def number(name: str) -> int:
        return int.from_bytes(_octets(jwk, name))

    match jwk.get("kty"), jwk.get("crv"):
        case "EC", "P-256":
            return ec.EllipticCurvePublicNumbers(
                number("x"), number("y"), ec.SECP256R1()
            ).public_key()
        case "OKP", "Ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(_octets(jwk, "x"))
        case "RSA", _:
            return rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
        case _:
            return None


def _octets(jwk: dict[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    raw = decode("base64url", text.encode()) if isinstance(text, str) else None
    if not raw:
        raise ValueError(f"has no {name}")
    return raw
