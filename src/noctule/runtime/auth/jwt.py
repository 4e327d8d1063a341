"""Signed assertions: a JWT that is the bearer token, or is exchanged for one (RFC 7519, 7523)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from msgspec import json

from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.auth.oauth import owner_of, request_token
from noctule.runtime.auth.renewal import TokenSession, cell_for
from noctule.runtime.auth.token import AccessToken
from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.known_secrets import KNOWN
from noctule.runtime.secrets import secret_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.auth.token_file import TokenFile
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.request import Request
    from noctule.runtime.secrets import SecretSource

Algorithm = Literal["RS256", "ES256"]
Signer = Callable[[bytes], bytes]

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"

BACKDATE = 60.0
"""Seconds by which an assertion is dated back, for providers whose clock is behind ours."""


@dataclass(frozen=True)
class JwtAssertion(Auth):
    """A private key proves who we are (GitHub Apps, Google service accounts, App Store Connect).

    `key` is a PEM private key; newlines may be written `\\\\n`. `lifetime` is in seconds. Without
    a `token_url`, the assertion itself is the bearer token; with one, it is exchanged there.
    `claims` are added to those of the other fields ("scope" for Google).
    """

    issuer: str
    key: SecretSource
    audience: str = ""
    subject: str = ""
    algorithm: Algorithm = "RS256"
    key_id: str = ""
    lifetime: float = 540.0
    claims: Mapping[str, object] = field(default_factory=dict[str, object])
    token_url: str = ""
    store: TokenFile | None = None

    def __post_init__(self) -> None:
        secret_source(self.key, type(self).__name__)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return (self.key,)

    @property
    def endpoints(self) -> tuple[str, ...]:
        return (self.token_url,) if self.token_url else ()

    def bind(self, secrets: SecretValues) -> Session:
        secret = secrets[self.key]
        sign = _signer(secret.reveal(), self.algorithm, secret.name)
        owner = owner_of(secret.reveal(), repr(self))
        store = self.store.opened() if self.store is not None else None
        cell = cell_for((owner, store), shared=secrets.shared)
        token = TokenSession(cell, _Assertion(self, sign), store, owner)
        return Session(tokens=(token,), fingerprint=secret.fingerprint)


@dataclass(frozen=True)
class _Assertion:
    """A `Grant` that signs an assertion, and exchanges it if there is a `token_url`."""

    auth: JwtAssertion
    sign: Signer = field(repr=False)

    def obtain(self, refresh: str, request: Request, clock: Clock) -> HttpSteps[AccessToken]:
        del refresh
        now = clock.time()
        assertion = self._signed(now)
        if not self.auth.token_url:
            return AccessToken(assertion, now, now + self.auth.lifetime)
        fields = {"grant_type": GRANT_TYPE, "assertion": assertion}
        return (yield from request_token(self.auth.token_url, {}, fields, request, clock))

    def _signed(self, now: float) -> str:
        auth = self.auth
        header = {"alg": auth.algorithm, "typ": "JWT", "kid": auth.key_id}
        claims: dict[str, object] = {
            "iss": auth.issuer,
            "sub": auth.subject,
            "aud": auth.audience or auth.token_url,
            "iat": int(now - BACKDATE),
            "exp": int(now + auth.lifetime),
        }
        present = {name: value for name, value in claims.items() if value != ""}
        header_part = _part({name: value for name, value in header.items() if value})
        unsigned = f"{header_part}.{_part({**present, **auth.claims})}"
        assertion = f"{unsigned}.{_base64url(self.sign(unsigned.encode()))}"
        KNOWN.add(assertion)
        return assertion


def _part(members: Mapping[str, object]) -> str:
    return _base64url(json.encode(members))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _signer(pem: str, algorithm: Algorithm, name: str) -> Signer:
    """Raises `ConfigurationError` when the key cannot be read or is of the wrong kind."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key: Any = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError):
        # `from None`: the parser's message may quote the key.
        raise ConfigurationError(f"{name} is not a PEM private key without a password") from None
    return _rs256(key, name) if algorithm == "RS256" else _es256(key, name)


def _rs256(key: Any, name: str) -> Signer:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if not isinstance(key, RSAPrivateKey) or key.key_size < 2048:
        raise ConfigurationError(f"{name} is not an RSA key of at least 2048 bits")
    return lambda data: key.sign(data, PKCS1v15(), SHA256())


def _es256(key: Any, name: str) -> Signer:
    """The signature is the two numbers side by side, 32 bytes each (RFC 7518, 3.4)."""
    from cryptography.hazmat.primitives.asymmetric.ec import (
        ECDSA,
        SECP256R1,
        EllipticCurvePrivateKey,
    )
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigurationError(f"{name} is not an elliptic curve key on P-256")

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    return sign
