"""The provider's side: a delivery as the provider itself would send it.

For tests, for `trigger` and for the fake provider; a receiver never calls it.
"""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

import time
from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from noctule.webhooks.encoding import encode
from noctule.webhooks.errors import InvalidSecret, Refused
from noctule.webhooks.keys import MacKey, key_bytes
from noctule.webhooks.reading import Reading
from noctule.webhooks.request import Request
from noctule.webhooks.verify import signed_content, timestamp_text

if TYPE_CHECKING:
    from noctule.webhooks.scheme import Algorithm, Scheme
    from noctule.webhooks.source import Sources


@dataclass(frozen=True, repr=False)
class KeyPair:
    """What the receiver is given (`secret`) and what the provider signs with (`signing`).

    The two are one text for HMAC; for a public key, `signing` is the private key in PEM.
    """

    secret: str
    signing: str


def sign(
    scheme: Scheme,
    body: bytes,
    secret: str,
    *,
    now: float | None = None,
    id: str = "",
    type: str = "",
    url: str = "",
    method: str = "POST",
    content_type: str = "",
) -> dict[str, str]:
    """Headers of a delivery of that body, the signature among them.

    `secret` signs: a private key in PEM for a public-key scheme. `now` is in seconds since the
    epoch, the present by default. `id` and `type` go into the headers which the scheme reads them
    from, if any; the body is left as it is. Raises Refused, InvalidSecret; Rejection if the body
    lacks a field that is signed.
    """
    if scheme.grade in ("static", "none"):
        raise Refused(f"{scheme.provider or 'this scheme'}: deliveries are not signed")
    headers = {"content-type": content_type or next(iter(scheme.content))}
    headers |= _named(scheme.id, id or f"msg_{uuid4().hex}")
    headers |= _named(scheme.type, type or "test")
    headers |= _stamped(scheme, time.time() if now is None else now)
    reading = Reading(scheme, Request(method, url, headers, body))
    content = signed_content(reading, timestamp_text(reading), url)
    text = scheme.prefix + encode(scheme.encoding, _signature(scheme, secret, content))
    item = f"{scheme.name}{scheme.pair}{text.decode()}"
    name = scheme.headers[0].replace("*", "1")
    headers[name] = f"{headers[name]}{scheme.separator}{item}" if name in headers else item
    return headers


def body_of(scheme: Scheme, payload: Any) -> bytes:
    """The payload as the provider writes it: a form or JSON, one item of a batch if it batches."""
    if scheme.batch and isinstance(payload, dict):
        payload = [payload]
        for key in reversed(scheme.batch.name.split(".") if scheme.batch.name else []):
            payload = {key: payload}
    kind = next(iter(scheme.content.values()))
    if kind == "json":
        return msgspec.json.encode(payload)
    field = kind.partition(":")[2]
    fields = {field: msgspec.json.encode(payload)} if field else cast("dict[str, Any]", payload)
    return urlencode(fields).encode()


def stamped(scheme: Scheme, payload: dict[str, Any], *, id: str, type: str) -> dict[str, Any]:
    """A copy of a payload with id and type where the scheme reads them in the body."""
    copy = deepcopy(payload)
    for sources, value in ((scheme.id, id), (scheme.type, type)):
        for parts in list(sources)[:1]:
            texts = value.split(".") if len(parts) > 1 else [value]
            for part, text in zip(parts, texts, strict=False):
                if part.place == "body":
                    _put(copy, part.name.split("."), text)
    return copy


def _put(data: dict[str, Any], path: list[str], value: str) -> None:
    for key in path[:-1]:
        inner = data.setdefault(key, {})
        data = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    data[path[-1]] = value


def new_key(scheme: Scheme) -> KeyPair:
    """A fresh key of the form that the scheme asks for."""
    from secrets import token_bytes

    if not scheme.algorithm.startswith("hmac-"):
        return _new_pair(scheme)
    raw = token_bytes(32)
    match scheme.key:
        case "whsec":
            text = "whsec_" + b64encode(raw).decode()
        case "base64":
            text = b64encode(raw).decode()
        case _:
            text = raw.hex()
    return KeyPair(text, text)


def _named(sources: Sources, value: str) -> dict[str, str]:
    """Headers that give the first alternative of `sources` this value."""
    for parts in sources:
        value = value.split(".")[0] if len(parts) > 1 else value
        return {part.name: value for part in parts if part.place == "header"}
    return {}


def _stamped(scheme: Scheme, now: float) -> dict[str, str]:
    stamp = scheme.timestamp
    if stamp is None or stamp.source.place != "header":
        return {}
    if stamp.unit == "iso":
        text = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    else:
        text = str(int(now * 1000 if stamp.unit == "ms" else now))
    item = stamp.source.item
    return {stamp.source.name: f"{item}{scheme.pair}{text}" if item else text}


def _signature(scheme: Scheme, secret: str, content: bytes) -> bytes:
    if scheme.algorithm.startswith("hmac-"):
        raw = key_bytes(scheme.key, secret)
        return MacKey(scheme.algorithm.removeprefix("hmac-"), raw).sign(content)
    return _private_signature(scheme.algorithm, secret, content)


def _private_signature(algorithm: Algorithm, pem: str, content: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except ValueError:
        raise InvalidSecret("signing needs a private key in PEM") from None
    match algorithm, key:
        case "ed25519", ed25519.Ed25519PrivateKey():
            return key.sign(content)
        case "ecdsa-p256", ec.EllipticCurvePrivateKey():
            return key.sign(content, ec.ECDSA(hashes.SHA256()))
        case (("rsa-sha1" | "rsa-sha256"), rsa.RSAPrivateKey()):
            digest = hashes.SHA1() if algorithm == "rsa-sha1" else hashes.SHA256()  # noqa: S303 - the provider chose it
            return key.sign(content, padding.PKCS1v15(), digest)
        case _:
            raise InvalidSecret(f"is no private key for {algorithm}")


def _new_pair(scheme: Scheme) -> KeyPair:
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if scheme.algorithm == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
    else:
        ecdsa = scheme.algorithm == "ecdsa-p256"
        key = (
            ec.generate_private_key(ec.SECP256R1())
            if ecdsa
            else rsa.generate_private_key(65537, 2048)
        )
        raw = key.public_key().public_bytes(
            form.Encoding.DER, form.PublicFormat.SubjectPublicKeyInfo
        )
    pem = key.private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    ).decode()
    return KeyPair(raw.hex() if scheme.key == "hex" else b64encode(raw).decode(), pem)
