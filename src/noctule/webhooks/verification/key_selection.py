"""The keys that a delivery may have been signed with: the secret's own, or those that the provider
publishes at the address that the delivery names."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.json_types import get_path, is_list, is_object, scalar_text
from noctule.webhooks.errors import InvalidSecret, Reason, Rejection
from noctule.webhooks.formats.encoding import decode
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.template import Setting, Template
from noctule.webhooks.verification.key_cache import KeyRequest, key_cache_for
from noctule.webhooks.verification.keys import Key, key_of, public_key_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.webhooks.schemes.key_address import KeyAddress
    from noctule.webhooks.schemes.schema import Algorithm
    from noctule.webhooks.schemes.template import Placeholder
    from noctule.webhooks.verification.delivery_view import DeliveryView
    from noctule.webhooks.verification.signing_secret import HiddenSecret

MAX_KEYS = 16
_JWK_ALGORITHMS: Mapping[str, Algorithm] = {
    "P-256": "es256",
    "P-384": "es384",
    "Ed25519": "ed25519",
}
"""The algorithm of a published key, by its curve (RFC 9421, section 3.2)."""


def keys_of(view: DeliveryView, secret: HiddenSecret, now: float) -> tuple[Key, ...]:
    """The keys to try; `now` is in seconds since the epoch.

    Raises InvalidSecret, KeyNotCached; Rejection for an address or a key id that is not the
    provider's, and for an expired certificate.
    """
    scheme = view.scheme
    address = scheme.key_address
    if address is None:
        return (key_of(scheme.key_form, scheme.algorithm, secret),)
    algorithm = _algorithm(view)
    cache, request = key_cache_for(address), key_request(view, address, secret)
    document = cache.get(request)
    try:
        if scheme.key_form == "x509":
            return (_certificate_key(document, algorithm, address.common_name, now),)
        keys = _jwks_keys(document, algorithm, address.answers, _key_id(view))
    except (ValueError, InvalidSecret):
        raise Rejection(Reason.FOREIGN_KEY, "key") from None
    if not keys:  # the provider may have added one since
        cache.get(request, newer=True)
    return keys


def _key_id(view: DeliveryView) -> str | None:
    """The id of the key in a set, None if the delivery names none."""
    if view.scheme.components:
        return scalar_text(view.message.parameters.get("keyid"))
    return view.token.header.get("kid") if view.scheme.scope.is_token else None


def mark_key_served(view: DeliveryView, secret: HiddenSecret) -> None:
    """Note that a key which the provider publishes has verified this delivery."""
    address = view.scheme.key_address
    if address is not None:
        key_cache_for(address).mark_served(key_request(view, address, secret))


def key_request(view: DeliveryView, address: KeyAddress, secret: HiddenSecret) -> KeyRequest:
    """The request for the delivery's key; raises Rejection if its address is not the provider's."""

    def rendered(template: Template) -> str:
        return template.render(value_of).decode("utf-8", "replace")

    def value_of(part: Placeholder) -> bytes:
        value: bytes | None = None
        match part:
            case "secret":
                value = secret.reveal().encode()
            case Setting():
                value = view.scheme.setting_values.get(part.name, "").encode()
            case Locator():
                value = view.read(part)
            case _:
                pass
        if not value:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        return value

    url = address.checked(rendered(address.url))
    post = {name: rendered(template) for name, template in address.post}
    return KeyRequest(url, msgspec.json.encode(post) if post else None)


def _algorithm(view: DeliveryView) -> Algorithm:
    scheme = view.scheme
    if scheme.algorithm_locator is None:
        return scheme.algorithm
    algorithm = scheme.algorithms.get(view.text(scheme.algorithm_locator) or "")
    if algorithm is None:
        raise Rejection(Reason.MALFORMED_SIGNATURE, str(scheme.algorithm_locator))
    return algorithm


@lru_cache(maxsize=64)
def _certificate(document: bytes) -> Any:
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(document)


def _certificate_key(document: bytes, algorithm: Algorithm, common_name: str, now: float) -> Key:
    from cryptography.x509.oid import NameOID

    certificate = _certificate(document)
    try:
        moment = datetime.fromtimestamp(now, UTC)
    except (OverflowError, OSError):
        raise ValueError("time out of range") from None
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        raise ValueError("expired, or not yet valid")
    names = [str(a.value) for a in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if common_name and not any(re.fullmatch(common_name, name) for name in names):
        raise ValueError("another common name")
    return public_key_for(algorithm, certificate.public_key())


@lru_cache(maxsize=64)
def _jwks_keys(
    document: bytes, algorithm: Algorithm, answers: tuple[str, ...], kid: str | None
) -> tuple[Key, ...]:
    data = msgspec.json.decode(document)
    value = next((found for path in answers if (found := get_path(data, path))), None)
    entries = value[:MAX_KEYS] if is_list(value) else [value]
    keys = (
        _key(entry, algorithm)
        for entry in entries
        if is_object(entry) and kid in (None, entry.get("kid")) and entry.get("use") != "enc"
    )
    return tuple(key for key in keys if key is not None)


def _key(jwk: dict[str, Any], algorithm: Algorithm) -> Key | None:
    """A key of a set; None for one of another kind, which other deliveries are signed with."""
    own = _JWK_ALGORITHMS.get(str(jwk.get("crv"))) if algorithm == "jwk" else algorithm
    public_key = _jwk_key(jwk)
    if public_key is None or own is None:
        return None
    try:
        return public_key_for(own, public_key)
    except InvalidSecret:
        return None


def _jwk_key(jwk: dict[str, Any]) -> Any:
    """The public key of RFC 7517 and 8037; None for a kind that no scheme uses."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    def number(name: str) -> int:
        return int.from_bytes(_octets(jwk, name))

    match jwk.get("kty"), jwk.get("crv"):
        case "EC", "P-256" | "P-384":
            curve = ec.SECP256R1() if jwk["crv"] == "P-256" else ec.SECP384R1()
            return ec.EllipticCurvePublicNumbers(number("x"), number("y"), curve).public_key()
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
