"""HTTP message signatures (RFC 9421) with digests of the body (RFC 9530)."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from noctule.webhooks.errors import Reason, Rejection
from noctule.webhooks.formats.structured_fields import InnerList, Item, parse_dictionary
from noctule.webhooks.request import MAX_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from urllib.parse import SplitResult

    from noctule.webhooks.formats.structured_fields import Bare, Member
    from noctule.webhooks.request import WebhookRequest

SIGNATURE = "signature"
SIGNATURE_INPUT = "signature-input"
CONTENT_DIGEST = "content-digest"
MAX_SIGNATURES = 4
MAX_COMPONENTS = 32
ALGORITHM_NAMES: Mapping[str, str] = {
    "hmac-sha256": "hmac-sha256",
    "ed25519": "ed25519",
    "es256": "ecdsa-p256-sha256",
    "es384": "ecdsa-p384-sha384",
    "rsa-sha256": "rsa-v1_5-sha256",
    "rsa-pss-sha512": "rsa-pss-sha512",
}
"""The registered name of a scheme's algorithm (RFC 9421, section 6.2.2)."""
_DIGESTS = {"sha-256": "sha256", "sha-512": "sha512"}
"""The algorithms of RFC 9530 that are safe; the others are ignored."""
_DEFAULT_PORTS = {"http": 80, "https": 443}


class MessageSignature(NamedTuple):
    """One signature of a message. `inputs` are the covered components and the parameters."""

    inputs: InnerList
    signature: bytes

    @property
    def parameters(self) -> Mapping[str, Bare]:
        return self.inputs.parameters

    def covers(self, component: str) -> bool:
        """Whether it covers a component whole."""
        return Item(component, {}) in self.inputs.items


def message_signatures(
    request: WebhookRequest, components: frozenset[str], algorithm: str
) -> list[MessageSignature]:
    """The signatures that cover all of `components`, at most 4; raises Rejection if none does.

    `algorithm` is the scheme's; a signature that names another one is left out.
    """
    inputs = _dictionary(request, SIGNATURE_INPUT)
    signatures = _dictionary(request, SIGNATURE)
    both = [
        MessageSignature(inner, signature.value)
        for label, inner in inputs.items()
        if isinstance(inner, InnerList) and len(inner.items) <= MAX_COMPONENTS
        if isinstance(signature := signatures.get(label), Item)
        if isinstance(signature.value, bytes)
    ]
    if not both:
        raise Rejection(Reason.MALFORMED_SIGNATURE, SIGNATURE)
    covering = [each for each in both if all(map(each.covers, components))]
    if not covering:
        raise Rejection(Reason.BODY_NOT_COVERED, SIGNATURE_INPUT)
    name = ALGORITHM_NAMES.get(algorithm)
    fitting = [each for each in covering if each.parameters.get("alg", name) == name or not name]
    if not fitting:
        raise Rejection(Reason.MALFORMED_SIGNATURE, "parameter:alg")
    return fitting[:MAX_SIGNATURES]


def _dictionary(request: WebhookRequest, header: str) -> dict[str, Member]:
    text = request.header(header)
    if text is None:
        raise Rejection(Reason.MISSING_SIGNATURE, header)
    try:
        return parse_dictionary(text.decode("ascii"))
    except ValueError:
        raise Rejection(Reason.MALFORMED_SIGNATURE, header) from None


def signature_base(request: WebhookRequest, url: str, inputs: InnerList) -> bytes:
    """The text that is signed (RFC 9421, section 2.5); raises Rejection for a component that the
    request does not have, or that comes twice."""
    names = [str(item) for item in inputs.items]
    if len(set(names)) < len(names):
        raise Rejection(Reason.MALFORMED_SIGNATURE, SIGNATURE_INPUT)
    lines = [
        name.encode() + b": " + _component(request, url, item)
        for name, item in zip(names, inputs.items, strict=True)
    ]
    return b"\n".join([*lines, b'"@signature-params": ' + str(inputs).encode()])


def _component(request: WebhookRequest, url: str, item: Item) -> bytes:
    name, parameters = str(item.value), item.parameters
    if name.startswith("@"):
        value = _derived(request, url, name, parameters)
        if value is None or not value.isascii():
            raise Rejection(Reason.MISSING_FIELD, name)
        return value.encode()
    if name != name.lower() or not name:
        raise Rejection(Reason.MALFORMED_SIGNATURE, SIGNATURE_INPUT)
    values = request.values(name) if name.isascii() and not name.endswith("*") else []
    if not values:
        raise Rejection(Reason.MISSING_FIELD, name)
    if not parameters:
        return b", ".join(values)
    return _member_of(b", ".join(values), name, parameters)


def _member_of(value: bytes, name: str, parameters: dict[str, Bare]) -> bytes:
    """One member of a dictionary (`;key="sig1"`); no other parameter occurs in a request that this
    library reads."""
    try:
        members = parse_dictionary(value.decode("ascii"))
    except ValueError:
        members = {}
    member = members.get(str(parameters.get("key", "")))
    if member is None or set(parameters) != {"key"}:
        raise Rejection(Reason.MISSING_FIELD, name)
    return str(member).encode()


def _derived(
    request: WebhookRequest, url: str, name: str, parameters: dict[str, Bare]
) -> str | None:
    """A derived component (RFC 9421, section 2.2); None if it is not one of a request."""
    try:
        parts = urlsplit(url)
        authority = _authority(parts)
    except ValueError:
        raise Rejection(Reason.UNPARSEABLE, "url") from None
    if name == "@query-param":
        return _query_parameter(parts.query, parameters)
    if parameters:
        return None
    match name:
        case "@method":
            return request.method
        case "@target-uri":
            return url
        case "@authority":
            return authority
        case "@scheme":
            return parts.scheme.lower()
        case "@request-target":
            return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        case "@path":
            return parts.path or "/"
        case "@query":
            return f"?{parts.query}"
        case _:
            return None


def _authority(parts: SplitResult) -> str:
    """The host in lower case, with its port unless that is the default."""
    host = parts.netloc.rpartition("@")[2].lower()
    default = _DEFAULT_PORTS.get(parts.scheme.lower())
    return host.removesuffix(f":{default}") if parts.port == default else host


def _query_parameter(query: str, parameters: dict[str, Bare]) -> str | None:
    """The value of a query parameter that occurs once, escaped again."""
    wanted = parameters.get("name")
    pairs = parse_qsl(query, keep_blank_values=True) if query.count("&") < MAX_FIELDS else []
    values = [value for name, value in pairs if _escaped(name) == wanted]
    return _escaped(values[0]) if len(values) == 1 and set(parameters) == {"name"} else None


def _escaped(text: str) -> str:
    return quote(text, safe="*-._").replace("~", "%7E")


def check_content_digest(request: WebhookRequest) -> None:
    """Compare the body with the Content-Digest header (RFC 9530); raises Rejection."""
    text = request.header(CONTENT_DIGEST) or b""
    try:
        members = parse_dictionary(text.decode("ascii"))
    except ValueError:
        raise Rejection(Reason.MISMATCH, CONTENT_DIGEST) from None
    digests = [(_DIGESTS[name], member) for name, member in members.items() if name in _DIGESTS]
    if not digests:
        raise Rejection(Reason.BODY_NOT_COVERED, CONTENT_DIGEST)
    for algorithm, member in digests:
        actual = hashlib.new(algorithm, request.body).digest()
        value = member.value if isinstance(member, Item) else b""
        if not isinstance(value, bytes) or not hmac.compare_digest(actual, value):
            raise Rejection(Reason.MISMATCH, CONTENT_DIGEST)
