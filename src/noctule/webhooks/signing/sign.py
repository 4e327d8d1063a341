"""The provider's side: a delivery as the provider itself would send it.

For tests, for `trigger` and for the fake provider; a receiver never calls it.
"""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from noctule.json_types import is_dict, is_list, set_path
from noctule.webhooks.errors import Refused
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.formats.jws import ALGORITHMS, unsigned
from noctule.webhooks.formats.multipart import BOUNDARY, form_of
from noctule.webhooks.formats.xml import xml64_of
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.signing.keypair import KID, KeyPair, new_pair, private_signature
from noctule.webhooks.verification.content import MULTIPART
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.keys import MacKey, key_bytes
from noctule.webhooks.verification.placeholders import LISTED
from noctule.webhooks.verification.verify import signed_content, timestamp_text

if TYPE_CHECKING:
    from noctule.webhooks.schemes.locator import Source, Sources
    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.schemes.template import Template

PEM = "-----BEGIN"


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
    lacks a field that is signed, ValueError if the signature belongs into the body (`compose`).
    """
    if scheme.place is not None:
        raise ValueError(f"{scheme.provider or 'this scheme'}: the signature is in the body")
    delivery = _Unsigned(scheme, secret, time.time() if now is None else now, url, method)
    headers = delivery.headers(id, type, content_type)
    if scheme.is_token:
        text = delivery.token(body, id)
    else:
        text = delivery.signature(Reading(scheme, WebhookRequest(method, url, headers, body)))
    item = f"{scheme.name.replace('*', 'key')}{scheme.pair}{text}"
    name = scheme.headers[0].replace("*", "1")
    headers[name] = f"{headers[name]}{scheme.separator}{item}" if name in headers else item
    return headers


def compose(
    scheme: Scheme,
    payload: Any,
    secret: str,
    *,
    now: float | None = None,
    id: str = "",
    type: str = "",
    url: str = "",
    content_type: str = "",
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a delivery of `payload`, whatever part of it the signature is.

    As `sign`; what else the scheme wants in a body (time, topic, signature) is put there.
    """
    moment = time.time() if now is None else now
    delivery = _Unsigned(scheme, secret, moment, url, "POST")
    payload = delivery.filled(payload)
    if scheme.place is None:
        body = body_of(scheme, payload)
        return sign(
            scheme, body, secret, now=moment, id=id, type=type, url=url, content_type=content_type
        ), body
    headers = delivery.headers(id, type, content_type)
    return headers, delivery.signed_body(payload, headers)


@dataclass(frozen=True)
class _Unsigned:
    """A delivery before it is signed."""

    scheme: Scheme
    secret: str
    now: float
    url: str
    method: str

    def __post_init__(self) -> None:
        if self.scheme.coverage in ("static", "none"):
            raise Refused(f"{self.scheme.provider or 'this scheme'}: deliveries are not signed")

    @property
    def told(self) -> str:
        """The secret that both sides know; "" where there is but a private key."""
        before, pem, _ = self.secret.partition(PEM)
        return before.strip() if pem else self.secret

    def headers(self, id: str, type: str, content_type: str) -> dict[str, str]:
        scheme = self.scheme
        headers = {"content-type": content_type or next(iter(scheme.content))}
        if headers["content-type"] == MULTIPART:
            headers["content-type"] = f"{MULTIPART}; boundary={BOUNDARY}"
        headers |= _named(scheme.id, id or f"msg_{uuid4().hex}")
        headers |= _named(scheme.type, type or "test")
        headers |= {
            place.name: self._said(text) for place, text in scheme.expect if place.place == "header"
        }
        if scheme.fetch is not None:
            headers |= {p.name: scheme.fetch.sample for p in _addresses(scheme, "header")}
        headers |= _stamped(scheme, self.now)
        if "listed_headers" in scheme.signed:
            listed = sorted({*headers.keys(), LISTED} - {scheme.headers[0]})
            headers[LISTED] = ",".join(listed)
        return headers

    def filled(self, payload: Any) -> Any:
        """The payload with the time, what is expected and where the key lies, as the scheme reads
        them in the body. A list is a batch already."""
        scheme = self.scheme
        if not is_dict(payload):
            return payload
        payload = deepcopy(payload)
        stamp = scheme.timestamp
        if stamp is not None and stamp.source.place == "body":
            text = _moment(stamp.unit, self.now)
            set_path(payload, stamp.source.name, int(text) if stamp.unit == "ms" else text)
        for place, template in scheme.expect:
            if place.place == "body":
                set_path(payload, place.name, self._said(template))
        if scheme.fetch is not None:
            for place in _addresses(scheme, "body"):
                set_path(payload, place.name, scheme.fetch.sample)
        if scheme.algorithm_at is not None:
            names = [name for name, a in scheme.algorithms.items() if a == scheme.algorithm]
            set_path(payload, scheme.algorithm_at.name, names[0])
        return payload

    def signed_body(self, payload: Any, headers: dict[str, str]) -> bytes:
        scheme, place = self.scheme, self.scheme.place
        if place is None:
            raise ValueError("the signature is in a header")
        if place.place == "form":
            request = WebhookRequest(self.method, self.url, headers, body_of(scheme, payload))
            reading = Reading(scheme, request)
            item = f"key{scheme.pair}{self.signature(reading)}"
            return urlencode({place.name: item, **reading.fields}).encode()
        members: list[dict[str, Any]] = payload if is_list(payload) else [payload]
        for member in members:
            body = msgspec.json.encode(member)
            json = replace(scheme, content={"application/json": "json"}, batch=None, each=False)
            plain = headers | {"content-type": "application/json"}
            reading = Reading(json, WebhookRequest(self.method, self.url, plain, body))
            set_path(member, place.name, self.signature(reading))
        return body_of(scheme, payload)

    def signature(self, reading: Reading) -> str:
        """The text of the signature over what the scheme says is signed."""
        content = signed_content(reading, timestamp_text(reading), self.url, self.told)
        return (self.scheme.prefix + encode(self.scheme.encoding, self._raw(content))).decode()

    def token(self, body: bytes, id: str) -> str:
        """A JSON web token with the claims that the scheme reads."""
        scheme = self.scheme
        claims: dict[str, Any] = {}
        stamp = scheme.timestamp
        if stamp is not None and stamp.source.place == "claim":
            set_path(claims, stamp.source.name, int(self.now))
        if scheme.body_digest is not None:
            set_path(claims, scheme.body_digest.name, hashlib.sha256(body).hexdigest())
        for parts in list(scheme.id)[:1]:
            for part in parts:
                if part.place == "claim":
                    set_path(claims, part.name, id or f"msg_{uuid4().hex}")
        head = {"alg": ALGORITHMS[scheme.algorithm], "typ": "JWT", "kid": KID}
        signed = unsigned(head, claims)
        signature = encode("base64url", self._raw(signed))
        return (scheme.prefix + signed + b"." + signature).decode()

    def _said(self, template: Template) -> str:
        """What a place has to hold; of more than literals and the secret nothing is known here."""

        def value(part: object) -> bytes:
            return self.told.encode() if part == "secret" else b""

        return template.render(value).decode()

    def _raw(self, content: bytes) -> bytes:
        scheme = self.scheme
        if scheme.algorithm.startswith("hmac-"):
            raw = key_bytes(scheme.key, self.secret)
            return MacKey(scheme.algorithm.removeprefix("hmac-"), raw).sign(content)
        pem = self.secret[self.secret.find(PEM) :] if PEM in self.secret else ""
        return private_signature(scheme.algorithm, pem, content)


def _addresses(scheme: Scheme, place: str) -> list[Source]:
    """Where a delivery says where its key lies."""
    sources = scheme.fetch.url.sources if scheme.fetch else ()
    return [source for source in sources if source.place == place]


def body_of(scheme: Scheme, payload: Any) -> bytes:
    """The payload as the provider writes it: a form or JSON, one item of a batch if it batches."""
    if scheme.batch and is_dict(payload):
        payload = [payload]
    if scheme.batch and is_list(payload):
        for key in reversed(scheme.batch.name.split(".") if scheme.batch.name else []):
            payload = {key: payload}
    kind, _, field = next(iter(scheme.content.values())).partition(":")
    match kind:
        case "json":
            return msgspec.json.encode(payload)
        case "multipart":
            return form_of({field: msgspec.json.encode(payload).decode()})
        case "xml64":
            return urlencode({field: xml64_of(cast("dict[str, Any]", payload))}).encode()
        case _:
            inner = {field: msgspec.json.encode(payload)} if field else dict(payload)
            return urlencode(inner).encode()


def stamped(scheme: Scheme, payload: dict[str, Any], *, id: str, type: str) -> dict[str, Any]:
    """A copy of a payload with id and type where the scheme reads them in the body."""
    copy = deepcopy(payload)
    for sources, value in ((scheme.id, id), (scheme.type, type)):
        for parts in list(sources)[:1]:
            texts = value.split(".") if len(parts) > 1 else [value]
            for part, text in zip(parts, texts, strict=False):
                if part.place == "body":
                    set_path(copy, part.name, text)
    return copy


def new_key(scheme: Scheme) -> KeyPair:
    """A fresh key of the form that the scheme asks for."""
    from secrets import token_bytes

    if not scheme.algorithm.startswith("hmac-"):
        return new_pair(scheme)
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
    text, item = _moment(stamp.unit, now), stamp.source.item
    return {stamp.source.name: f"{item}{scheme.pair}{text}" if item else text}


def _moment(unit: str, now: float) -> str:
    if unit == "iso":
        moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        return moment.replace("+00:00", "Z")
    return str(int(now * 1000 if unit == "ms" else now))
