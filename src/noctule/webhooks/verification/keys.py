"""From the text of a secret to a key. `cryptography` is imported for public keys only: HMAC, the
common case, never pays for it."""

import hashlib
import hmac
from binascii import a2b_base64
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from noctule.webhooks.errors import InvalidSecret
from noctule.webhooks.schemes.schema import Algorithm, KeyForm

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    from noctule.webhooks.verification.signing_secret import HiddenSecret

    PublicKey = ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey


_INNER = bytes(octet ^ 0x36 for octet in range(256))
_OUTER = bytes(octet ^ 0x5C for octet in range(256))
PIECE = 2047
LONG = 64 * 1024


class Key(Protocol):
    """A key that verifies signatures."""

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature of the message; in constant time for a MAC."""
        ...


class MacKey:
    """An HMAC key whose pads are hashed once (RFC 2104, section 4): half the time of `hmac`."""

    def __init__(self, digest: str, key: bytes) -> None:
        size = hashlib.new(digest).block_size
        block = (hashlib.new(digest, key).digest() if len(key) > size else key).ljust(size, b"\0")
        self._inner = hashlib.new(digest, block.translate(_INNER))
        self._outer = hashlib.new(digest, block.translate(_OUTER))

    def sign(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        feed(inner, message)
        outer.update(inner.digest())
        return outer.digest()

    def verify(self, message: bytes, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(message), signature)


class PublicKeyOf:
    """A provider's public key with the check of its algorithm."""

    def __init__(self, check: Callable[[bytes, bytes], None]) -> None:
        self._check = check

    def verify(self, message: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            self._check(signature, message)
        except InvalidSignature:
            return False
        return True


def feed(digest: Any, message: bytes) -> None:
    """Hash a message without releasing the interpreter's lock, unless it is long.

    hashlib releases the lock for 2 KiB and more at a time. Hashing 3 KiB would then wait, for each
    delivery, until the thread that writes to the inbox releases the lock again.
    """
    if len(message) > LONG:
        digest.update(message)
        return
    for start in range(0, len(message), PIECE):
        digest.update(message[start : start + PIECE])


def key_bytes(form: KeyForm, secret: str) -> bytes:
    """The key bytes that a secret's text encodes; raises InvalidSecret, which never quotes it."""
    try:
        raw = _decoded(form, secret)
    except ValueError:
        raw = b""
    if not raw:
        raise InvalidSecret(f"does not have the form {form}")
    return raw


def _decoded(form: KeyForm, secret: str) -> bytes:
    match form:
        case "utf8":
            return secret.encode()
        case "hex":
            return bytes.fromhex(secret)
        case "sha1":
            return hashlib.sha1(secret.encode()).digest()  # noqa: S324 - the provider chose it
        case "whsec":
            return _base64(secret.removeprefix("whsec_").removeprefix("whpk_"))
        case "spki" if "-----BEGIN" in secret:
            return secret.encode()
        case _:
            return _base64(secret)


def _base64(text: str) -> bytes:
    """Padding may be left out, as some consoles do."""
    return a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)


def key_of(form: KeyForm, algorithm: Algorithm, secret: "HiddenSecret") -> Key:
    """The key that a secret encodes; raises InvalidSecret, with no frame that holds the secret."""
    key = _cached_key(form, algorithm, secret.reveal())
    if isinstance(key, InvalidSecret):
        raise InvalidSecret(*key.args)
    return key


@lru_cache(maxsize=256)
def _cached_key(form: KeyForm, algorithm: Algorithm, secret: str) -> Key | InvalidSecret:
    try:
        return _key(form, algorithm, secret)
    except InvalidSecret as error:
        return InvalidSecret(*error.args)


def _key(form: KeyForm, algorithm: Algorithm, secret: str) -> Key:
    raw = key_bytes(form, secret)
    if algorithm.startswith("hmac-"):
        return MacKey(algorithm.removeprefix("hmac-"), raw)
    return PublicKeyOf(_checker(algorithm, _public_key(algorithm, raw)))


def public_key_for(algorithm: Algorithm, key: "PublicKey") -> Key:
    """A loaded public key, for one algorithm; raises InvalidSecret if it does not fit."""
    return PublicKeyOf(_checker(algorithm, _checked_type(algorithm, key)))


def _public_key(algorithm: Algorithm, raw: bytes) -> "PublicKey":
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from cryptography.hazmat.primitives.serialization import load_pem_public_key as load_pem

    try:
        if algorithm == "ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        key = load_pem(raw) if raw.startswith(b"-----") else load_der_public_key(raw)
    except ValueError:
        raise InvalidSecret(f"is not a public key for {algorithm}") from None
    return _checked_type(algorithm, key)


def _checked_type(algorithm: Algorithm, key: object) -> "PublicKey":
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    match algorithm:
        case "ecdsa-p256" | "es256" | "es384":
            curve = ec.SECP384R1 if algorithm == "es384" else ec.SECP256R1
            fits = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, curve)
        case "ed25519":
            fits = isinstance(key, ed25519.Ed25519PublicKey)
        case _:
            fits = isinstance(key, rsa.RSAPublicKey)
    if not fits:
        raise InvalidSecret(f"is not a public key for {algorithm}")
    return cast("PublicKey", key)


def _checker(algorithm: Algorithm, key: Any) -> Callable[[bytes, bytes], None]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    def raw_ecdsa(signature: bytes, message: bytes) -> None:
        size = key.curve.key_size // 8
        if len(signature) != 2 * size:
            raise InvalidSignature
        halves = (int.from_bytes(half) for half in (signature[:size], signature[size:]))
        digest = hashes.SHA384() if algorithm == "es384" else hashes.SHA256()
        key.verify(encode_dss_signature(*halves), message, ec.ECDSA(digest))

    match algorithm:
        case "ed25519":
            return cast("Callable[[bytes, bytes], None]", key.verify)
        case "es256" | "es384":
            return raw_ecdsa
        case "rsa-pss-sha512":
            pss = padding.PSS(padding.MGF1(hashes.SHA512()), padding.PSS.DIGEST_LENGTH)
            return lambda signature, message: key.verify(signature, message, pss, hashes.SHA512())
        case "ecdsa-p256":
            return lambda signature, message: key.verify(
                signature, message, ec.ECDSA(hashes.SHA256())
            )
        case _:
            digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()  # noqa: S303 - the provider chose it
            return lambda signature, message: key.verify(
                signature, message, padding.PKCS1v15(), digest
            )
