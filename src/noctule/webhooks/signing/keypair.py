"""Private keys for tests: made up and used on this machine only."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.webhooks.errors import InvalidSecret
from noctule.webhooks.formats.encoding import encode

if TYPE_CHECKING:
    from noctule.webhooks.schemes.schema import Algorithm
    from noctule.webhooks.schemes.scheme import Scheme

KID = "noctule-test"
"""The id of the key in tokens and key sets made here."""
SECRET = "test-secret"  # noqa: S105 - of no provider
_YEARS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, repr=False)
class KeyPair:
    """The receiver's `secret` and the text that the provider signs with (`signing`).

    For HMAC both are equal. For a public key, `signing` is the private key in PEM, after the secret
    if that is signed too. `document` is what the provider publishes.
    """

    secret: str
    signing: str
    document: bytes = b""


def new_pair(scheme: Scheme) -> KeyPair:
    """A new pair for a public-key scheme, with the document that publishes it, if there is one."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    match scheme.algorithm:
        case "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
            raw = key.public_key().public_bytes_raw()
        case "ecdsa-p256" | "es256" | "es384" | "jwk":
            curve = ec.SECP384R1() if scheme.algorithm == "es384" else ec.SECP256R1()
            key = ec.generate_private_key(curve)
            raw = _spki(key)
        case _:
            key = rsa.generate_private_key(65537, 2048)
            raw = _spki(key)
    pem = key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    ).decode()
    if scheme.key_address is not None:
        document = _certificate(key) if scheme.key_form == "x509" else _jwks(scheme, key)
        return KeyPair(SECRET, f"{SECRET}\n{pem}", document)
    return KeyPair(raw.hex() if scheme.key_form == "hex" else b64encode(raw).decode(), pem)


def private_signature(algorithm: Algorithm, pem: str, content: bytes) -> bytes:
    """Raises InvalidSecret if `pem` is not a private key for the algorithm."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except ValueError:
        raise InvalidSecret("signing needs a private key in PEM") from None
    match algorithm, key:
        case "ed25519", ed25519.Ed25519PrivateKey():
            return key.sign(content)
        case "ecdsa-p256", ec.EllipticCurvePrivateKey():
            return key.sign(content, ec.ECDSA(hashes.SHA256()))
        case (("es256" | "es384" | "jwk"), ec.EllipticCurvePrivateKey()):
            size = key.curve.key_size // 8
            hash_of = hashes.SHA384() if size == 48 else hashes.SHA256()
            halves = decode_dss_signature(key.sign(content, ec.ECDSA(hash_of)))
            return b"".join(half.to_bytes(size) for half in halves)
        case "rsa-pss-sha512", rsa.RSAPrivateKey():
            pss = padding.PSS(padding.MGF1(hashes.SHA512()), padding.PSS.DIGEST_LENGTH)
            return key.sign(content, pss, hashes.SHA512())
        case (("rsa-sha1" | "rsa-sha256"), rsa.RSAPrivateKey()):
            digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()  # noqa: S303 - the provider chose it
            return key.sign(content, padding.PKCS1v15(), digest)
        case _:
            raise InvalidSecret(f"is not a private key for {algorithm}")


def _spki(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization as form

    raw: bytes = key.public_key().public_bytes(
        form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
    )
    return raw


def _certificate(key: Any) -> bytes:
    """A self-signed certificate with PayPal's common name."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    name = x509.Name(
        [x509.NameAttribute(x509.NameOID.COMMON_NAME, "messageverificationcerts.paypal.com")]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(_YEARS[0])
        .not_valid_after(_YEARS[1])
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM)


def _jwks(scheme: Scheme, key: Any) -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    def text(raw: bytes) -> str:
        return encode("base64url", raw).decode()

    public = key.public_key()
    if isinstance(public, ed25519.Ed25519PublicKey):
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": text(public.public_bytes_raw())}
    else:
        numbers = public.public_numbers()
        size = public.curve.key_size // 8
        halves = {name: text(getattr(numbers, name).to_bytes(size)) for name in ("x", "y")}
        jwk = {"kty": "EC", "crv": f"P-{public.curve.key_size}", **halves}
    jwk["kid"] = KID
    path = scheme.key_address.answers[0] if scheme.key_address else ""
    return msgspec.json.encode({path: [jwk] if path.endswith("keys") else jwk} if path else jwk)
