"""Sign a delivery as the provider would, for tests, `trigger` and the fake provider."""

# ruff: noqa: A002 - id and type are the words of every provider's documents

from __future__ import annotations

import hashlib
import time
from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode
from uuid import uuid4

import msgspec

from noctule.json_types import is_list, is_object, set_path
from noctule.webhooks.errors import Refused
from noctule.webhooks.formats.encoding import encode
from noctule.webhooks.formats.jws import ALGORITHMS, signing_input
from noctule.webhooks.formats.structured_fields import InnerList, Item
from noctule.webhooks.formats.xml import xml64_of
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.template import Setting
from noctule.webhooks.signing.keypair import KID, KeyPair, new_pair, private_signature
from noctule.webhooks.verification.content import MULTIPART
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.keys import MacKey, key_bytes
from noctule.webhooks.verification.message_signature import (
    ALGORITHM_NAMES,
    CONTENT_DIGEST,
    SIGNATURE,
    SIGNATURE_INPUT,
    signature_base,
)
from noctule.webhooks.verification.placeholders import LISTED
from noctule.webhooks.verification.signing_secret import SigningSecret
from noctule.webhooks.verification.verify import signed_content, timestamp_text

if TYPE_CHECKING:
    from noctule.webhooks.formats.structured_fields import Bare
    from noctule.webhooks.schemes.locator import Locator, Locators
    from noctule.webhooks.schemes.scheme import Scheme
    from noctule.webhooks.schemes.template import Template

PEM = "-----BEGIN"
TOKEN_SECONDS = 300
"""How long a token made here is valid."""
BOUNDARY = "noctule-boundary"
"""The boundary of multipart forms made here."""


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
    epoch, by default the present. `id` and `type` go into headers, if the scheme reads them there.
    Raises Refused, InvalidSecret; Rejection if the body lacks a field that is signed, ValueError if
    the signature belongs in the body (use `compose`).
    """
    if scheme.signature_locator is not None:
        raise ValueError(f"{scheme.provider or 'this scheme'}: the signature is in the body")
    unsigned = _UnsignedDelivery(scheme, secret, time.time() if now is None else now, url, method)
    headers = unsigned.headers(id, type, content_type)
    if scheme.components:
        return headers | unsigned.message_signature(body, headers)
    if scheme.scope.is_token:
        text = unsigned.token(body, id)
    else:
        text = unsigned.signature(DeliveryView(scheme, WebhookRequest(method, url, headers, body)))
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
    """Headers and body of a delivery of `payload`, for any scheme.

    As `sign`, but it also adds to the body what the scheme needs there: time, topic, signature.
    """
    moment = time.time() if now is None else now
    unsigned = _UnsignedDelivery(scheme, secret, moment, url, "POST")
    payload = unsigned.filled(payload)
    if scheme.signature_locator is None:
        body = body_of(scheme, payload)
        return sign(
            scheme, body, secret, now=moment, id=id, type=type, url=url, content_type=content_type
        ), body
    headers = unsigned.headers(id, type, content_type)
    return headers, unsigned.signed_body(payload, headers)


@dataclass(frozen=True)
class _UnsignedDelivery:
    """A delivery before it is signed."""

    scheme: Scheme
    secret: str = field(repr=False)
    now: float
    url: str
    method: str

    def __post_init__(self) -> None:
        if self.scheme.coverage in ("static", "none"):
            raise Refused(f"{self.scheme.provider or 'this scheme'}: deliveries are not signed")

    @property
    def shared_secret(self) -> str:
        """The secret that both sides know; "" if there is only a private key."""
        secret, pem, _ = self.secret.partition(PEM)
        return secret.strip() if pem else self.secret

    def headers(self, id: str, type: str, content_type: str) -> dict[str, str]:
        scheme = self.scheme
        headers = {"content-type": content_type or next(iter(scheme.content))}
        if headers["content-type"] == MULTIPART:
            headers["content-type"] = f"{MULTIPART}; boundary={BOUNDARY}"
        headers |= _id_headers(scheme.id, id or f"msg_{uuid4().hex}")
        headers |= _id_headers(scheme.type, type or "test")
        headers |= {
            locator.name: self._expected(template)
            for locator, template in scheme.expected
            if locator.kind == "header"
        }
        if scheme.key_address is not None:
            sample = scheme.key_address.sample
            headers |= {locator.name: sample for locator in _address_locators(scheme, "header")}
        headers |= _timestamp_headers(scheme, self.now)
        if "listed_headers" in scheme.signed:
            listed = sorted({*headers.keys(), LISTED} - {scheme.headers[0]})
            headers[LISTED] = ",".join(listed)
        return headers

    def filled(self, payload: Any) -> Any:
        """The payload with the time, the expected values and the key's address, if the scheme reads
        them in the body. A list is already a batch."""
        scheme = self.scheme
        if not is_object(payload):
            return payload
        payload = deepcopy(payload)
        timestamp = scheme.timestamp
        if timestamp is not None and timestamp.locator.kind == "body":
            text = _timestamp_text(timestamp.unit, self.now)
            set_path(payload, timestamp.locator.name, int(text) if timestamp.unit == "ms" else text)
        for locator, template in scheme.expected:
            if locator.kind == "body":
                set_path(payload, locator.name, self._expected(template))
        if scheme.key_address is not None:
            for locator in _address_locators(scheme, "body"):
                set_path(payload, locator.name, scheme.key_address.sample)
        if scheme.algorithm_locator is not None:
            names = [name for name, a in scheme.algorithms.items() if a == scheme.algorithm]
            set_path(payload, scheme.algorithm_locator.name, names[0])
        return payload

    def signed_body(self, payload: Any, headers: dict[str, str]) -> bytes:
        scheme, locator = self.scheme, self.scheme.signature_locator
        if locator is None:
            raise ValueError("the signature is in a header")
        if locator.kind == "form":
            request = WebhookRequest(self.method, self.url, headers, body_of(scheme, payload))
            view = DeliveryView(scheme, request)
            item = f"key{scheme.pair}{self.signature(view)}"
            return urlencode({locator.name: item, **view.fields}).encode()
        members: list[dict[str, Any]] = payload if is_list(payload) else [payload]
        for member in members:
            body = msgspec.json.encode(member)
            json_scheme = replace(
                scheme, content={"application/json": "json"}, batch=None, signs_items=False
            )
            plain = headers | {"content-type": "application/json"}
            view = DeliveryView(json_scheme, WebhookRequest(self.method, self.url, plain, body))
            set_path(member, locator.name, self.signature(view))
        return body_of(scheme, payload)

    def signature(self, view: DeliveryView) -> str:
        """The text of the signature."""
        content = signed_content(
            view, timestamp_text(view), self.url, SigningSecret(self.shared_secret)
        )
        return (self.scheme.prefix + encode(self.scheme.encoding, self._raw(content))).decode()

    def token(self, body: bytes, id: str) -> str:
        """A JSON web token with the claims that the scheme reads."""
        scheme = self.scheme
        claims: dict[str, Any] = {}
        timestamp = scheme.timestamp
        if timestamp is not None and timestamp.locator.kind == "claim":
            set_path(claims, timestamp.locator.name, int(self.now))
        if scheme.body_digest is not None:
            set_path(claims, scheme.body_digest.name, hashlib.sha256(body).hexdigest())
        if scheme.expires is not None and scheme.expires.kind == "claim":
            set_path(claims, scheme.expires.name, int(self.now) + TOKEN_SECONDS)
        for locator, template in scheme.expected:
            if locator.kind == "claim":
                set_path(claims, locator.name, self._expected(template))
        for parts in list(scheme.id)[:1]:
            for part in parts:
                if part.kind == "claim":
                    set_path(claims, part.name, id or f"msg_{uuid4().hex}")
        header = {"alg": ALGORITHMS[scheme.algorithm], "typ": "JWT", "kid": KID}
        signed = signing_input(header, claims)
        signature = encode("base64url", self._raw(signed))
        return (scheme.prefix + signed + b"." + signature).decode()

    def message_signature(self, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        """The headers of an HTTP message signature (RFC 9421) over the scheme's components."""
        scheme = self.scheme
        added: dict[str, str] = {}
        if CONTENT_DIGEST in scheme.components:
            digest = Item(hashlib.sha256(body).digest(), {})
            added[CONTENT_DIGEST] = f"sha-256={digest}"
        parameters: dict[str, Bare] = {"created": int(self.now)}
        if scheme.algorithm in ALGORITHM_NAMES:
            parameters["alg"] = ALGORITHM_NAMES[scheme.algorithm]
        parameters["keyid"] = KID
        items = (Item(name, {}) for name in sorted(scheme.components))
        inputs = InnerList(tuple(items), parameters)
        request = WebhookRequest(self.method, self.url, headers | added, body)
        signature = Item(self._raw(signature_base(request, self.url, inputs)), {})
        return added | {SIGNATURE_INPUT: f"sig1={inputs}", SIGNATURE: f"sig1={signature}"}

    def _expected(self, template: Template) -> str:
        """An expected value, of literals, settings, the address and the secret."""

        def value_of(part: object) -> bytes:
            if isinstance(part, Setting):
                return self.scheme.setting_values.get(part.name, "").encode()
            values = {"secret": self.shared_secret, "url": self.url}
            return values.get(part, "").encode() if isinstance(part, str) else b""

        return template.render(value_of).decode()

    def _raw(self, content: bytes) -> bytes:
        scheme = self.scheme
        if scheme.algorithm.startswith("hmac-"):
            raw = key_bytes(scheme.key_form, self.secret)
            return MacKey(scheme.algorithm.removeprefix("hmac-"), raw).sign(content)
        pem = self.secret[self.secret.find(PEM) :] if PEM in self.secret else ""
        return private_signature(scheme.algorithm, pem, content)


def _address_locators(scheme: Scheme, kind: str) -> list[Locator]:
    """Where a delivery holds the address of its key."""
    locators = scheme.key_address.url.locators if scheme.key_address else ()
    return [locator for locator in locators if locator.kind == kind]


def body_of(scheme: Scheme, payload: Any) -> bytes:
    """The payload as the provider sends it: a form or JSON, in a batch of one if it batches."""
    if scheme.batch and is_object(payload):
        payload = [payload]
    if scheme.batch and is_list(payload):
        for key in reversed(scheme.batch.name.split(".") if scheme.batch.name else []):
            payload = {key: payload}
    kind, _, field = next(iter(scheme.content.values())).partition(":")
    match kind:
        case "json":
            return msgspec.json.encode(payload)
        case "multipart":
            from noctule.runtime.encoding.multipart import multipart

            source, _ = multipart({field: msgspec.json.encode(payload).decode()}, BOUNDARY)
            return b"".join(source)
        case "xml64":
            return urlencode({field: xml64_of(cast("dict[str, Any]", payload))}).encode()
        case _:
            inner = {field: msgspec.json.encode(payload)} if field else dict(payload)
            return urlencode(inner).encode()


def with_id_and_type(
    scheme: Scheme, payload: dict[str, Any], *, id: str, type: str
) -> dict[str, Any]:
    """A copy of a payload with id and type, if the scheme reads them in the body."""
    copy = deepcopy(payload)
    for locators, value in ((scheme.id, id), (scheme.type, type)):
        for parts in list(locators)[:1]:
            texts = value.split(".") if len(parts) > 1 else [value]
            for part, text in zip(parts, texts, strict=False):
                if part.kind == "body":
                    set_path(copy, part.name, text)
    return copy


def new_key(scheme: Scheme) -> KeyPair:
    """A new key of the form that the scheme needs."""
    from secrets import token_bytes

    if not scheme.algorithm.startswith("hmac-"):
        return new_pair(scheme)
    raw = token_bytes(32)
    match scheme.key_form:
        case "whsec":
            text = "whsec_" + b64encode(raw).decode()
        case "base64":
            text = b64encode(raw).decode()
        case _:
            text = raw.hex()
    return KeyPair(text, text)


def _id_headers(locators: Locators, value: str) -> dict[str, str]:
    """Headers that give the first alternative this value."""
    for parts in locators:
        value = value.split(".")[0] if len(parts) > 1 else value
        return {part.name: value for part in parts if part.kind == "header"}
    return {}


def _timestamp_headers(scheme: Scheme, now: float) -> dict[str, str]:
    timestamp = scheme.timestamp
    if timestamp is None or timestamp.locator.kind != "header":
        return {}
    text, item = _timestamp_text(timestamp.unit, now), timestamp.locator.item
    return {timestamp.locator.name: f"{item}{scheme.pair}{text}" if item else text}


def _timestamp_text(unit: str, now: float) -> str:
    if unit == "iso":
        moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        return moment.replace("+00:00", "Z")
    return str(int(now * 1000 if unit == "ms" else now))
