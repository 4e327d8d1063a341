"""Verify that a delivery is the provider's, unchanged and recent: the only way into the inbox."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from noctule.json_types import get_path, is_list
from noctule.webhooks.errors import KeyNotCached, Reason, Refused, Rejection
from noctule.webhooks.formats.encoding import decode
from noctule.webhooks.formats.jws import ALGORITHMS
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.locator import Locator
from noctule.webhooks.schemes.scheme import Scheme, Timestamp
from noctule.webhooks.schemes.template import (
    Mac,
    OptionalLocator,
    Placeholder,
    Setting,
    Template,
)
from noctule.webhooks.verification.delivery_view import DeliveryView
from noctule.webhooks.verification.key_cache import key_cache_for
from noctule.webhooks.verification.key_selection import keys_of, mark_key_served
from noctule.webhooks.verification.message_signature import (
    CONTENT_DIGEST,
    check_content_digest,
    message_signatures,
)
from noctule.webhooks.verification.placeholders import COMPUTED
from noctule.webhooks.verification.signing_secret import NO_SECRET, HiddenSecret, hidden

MAX_CANDIDATES = 16
MAX_SIGNED_ITEMS = 100
_PORTS = {"http": 80, "https": 443}
MAX_DIGITS = 16


class VerifiedDelivery(NamedTuple):
    """A delivery whose signature was checked.

    `secret` is the index in `secrets` of the one that matched, `signed_at` the seconds since the
    epoch at which the provider says it signed (None if the scheme has no time).
    """

    view: DeliveryView
    secret: int
    signed_at: float | None


def verify(
    scheme: Scheme, request: WebhookRequest, secrets: Sequence[str | HiddenSecret], now: float
) -> VerifiedDelivery:
    """Check a delivery; `now` is in seconds since the epoch.

    Raises Rejection for anything wrong in the delivery, whatever it contains; Refused for a scheme
    that proves nothing; InvalidSecret for a secret that does not have the scheme's form;
    KeyNotCached if the provider publishes the key and it was not fetched yet (see
    `verify_fetching`). No frame of such an exception holds a secret.
    """
    secrets = hidden(secrets)
    if scheme.coverage in ("static", "none"):
        raise Refused(f"{scheme.provider or 'this scheme'}: deliveries are not signed")
    if not secrets:
        raise ValueError("verify needs at least one secret")
    view = DeliveryView(scheme, request)
    if scheme.components:
        return _verified_message(view, secrets, now)
    if not scheme.signs_items:
        return _verified(view, secrets, now)
    items = [_verified(view.of_item(member), secrets, now) for member in _signed_items(view)]
    return items[0]._replace(view=view)


async def verify_fetching(
    scheme: Scheme, request: WebhookRequest, secrets: Sequence[str | HiddenSecret], now: float
) -> VerifiedDelivery:
    """`verify`, which first fetches the provider's published key if it is not cached.

    Raises KeyUnavailable if that takes longer than 200 ms: answer 503, and the next delivery finds
    the key.
    """
    secrets = hidden(secrets)
    try:
        return verify(scheme, request, secrets, now)
    except KeyNotCached as error:
        if scheme.key_address is None:
            raise
        await key_cache_for(scheme.key_address).load(error.request)
    return verify(scheme, request, secrets, now)


def verify_blocking(
    scheme: Scheme, request: WebhookRequest, secrets: Sequence[str | HiddenSecret], now: float
) -> VerifiedDelivery:
    """The same without an event loop, for commands; a fetch may take seconds."""
    secrets = hidden(secrets)
    try:
        return verify(scheme, request, secrets, now)
    except KeyNotCached as error:
        if scheme.key_address is None:
            raise
        key_cache_for(scheme.key_address).load_blocking(error.request)
    return verify(scheme, request, secrets, now)


def _verified(view: DeliveryView, secrets: Sequence[HiddenSecret], now: float) -> VerifiedDelivery:
    scheme = view.scheme
    candidates = signatures(view)
    text = timestamp_text(view)
    signed_at = signing_time(scheme.timestamp, text) if scheme.timestamp else None
    if scheme.key_address and scheme.timestamp and signed_at is not None:
        _check_age(scheme.timestamp, signed_at, now)  # old deliveries must not trigger a fetch
    secret = _matching_secret(view, candidates, text, secrets, now)
    if scheme.timestamp and signed_at is not None:
        _check_age(scheme.timestamp, signed_at, now)
    _check_end(view, now)
    return VerifiedDelivery(view, secret, signed_at)


def _verified_message(
    view: DeliveryView, secrets: Sequence[HiddenSecret], now: float
) -> VerifiedDelivery:
    """The first of the delivery's HTTP message signatures that is right."""
    scheme, rejections = view.scheme, list[Rejection]()
    for message in message_signatures(view.request, scheme.components, scheme.algorithm):
        try:
            return _verified(view.of_message(message), secrets, now)
        except Rejection as rejection:
            rejections.append(rejection)
    raise rejections[0]


def _signed_items(view: DeliveryView) -> list[Any]:
    """The events of a batch in which each is signed. An empty batch would carry no signature."""
    batch = view.scheme.batch
    members = get_path(view.data, batch.name) if batch else None
    if not is_list(members) or not 0 < len(members) <= MAX_SIGNED_ITEMS:
        raise Rejection(Reason.MISSING_SIGNATURE, str(batch))
    return members


def signatures(view: DeliveryView) -> list[bytes]:
    """The decoded signatures in the delivery, at most 16. Raises Rejection if there is none."""
    scheme = view.scheme
    if scheme.scope.is_token:
        return [_token_signature(view)]
    if scheme.components:
        return [view.message.signature]
    texts = [text for text in _signature_texts(view) if text]
    if not texts:
        raise Rejection(Reason.MISSING_SIGNATURE, scheme.signature_position)
    prefixed = [
        text.removeprefix(prefix)
        for text in texts
        if (prefix := next(filter(text.startswith, scheme.prefixes), None)) is not None
    ]
    encoding = scheme.encoding
    decoded = [raw for text in prefixed[:MAX_CANDIDATES] if (raw := decode(encoding, text))]
    if not decoded:
        raise Rejection(Reason.MALFORMED_SIGNATURE, scheme.signature_position)
    return decoded


def _signature_texts(view: DeliveryView) -> list[bytes]:
    """The signatures as they are written, in headers or in the body."""
    scheme = view.scheme
    separator, pair, name = scheme.header_syntax
    if scheme.signature_locator is not None:
        text = view.read(scheme.signature_locator) or b""
        items = text.split(separator) if separator else [text]
        if not pair:
            return items
        return [value for key, value in view.pairs(items) if name in (b"*", key)]
    texts: list[bytes] = []
    for header in scheme.headers:
        texts += view.items_named(header, name) if name else view.items(header)
    return texts


def _token_signature(view: DeliveryView) -> bytes:
    """The signature of a token, which must name the scheme's algorithm."""
    if view.token.header.get("alg") != ALGORITHMS.get(view.scheme.algorithm):
        raise Rejection(Reason.MALFORMED_SIGNATURE, "jose:alg")
    return view.token.signature


def timestamp_text(view: DeliveryView) -> bytes:
    """The timestamp exactly as received; b"" if the scheme has none."""
    if view.scheme.timestamp is None:
        return b""
    texts = map(view.read, view.scheme.timestamp.locators)
    text = next((text for text in texts if text), None)
    if text is None:
        raise Rejection(Reason.MISSING_TIMESTAMP, str(view.scheme.timestamp.locator))
    return text


def signing_time(timestamp: Timestamp, text: bytes) -> float:
    """Seconds since the epoch. Only digits are numbers here: nan and 1e9 raise Rejection."""
    if timestamp.unit == "iso":
        try:
            moment = datetime.fromisoformat(text.decode("ascii"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise Rejection(Reason.MALFORMED_TIMESTAMP, str(timestamp.locator)) from None
    if not text.isdigit() or len(text) > MAX_DIGITS:
        raise Rejection(Reason.MALFORMED_TIMESTAMP, str(timestamp.locator))
    return int(text) / (1000 if timestamp.unit == "ms" else 1)


def signed_content(
    view: DeliveryView,
    timestamp: bytes,
    url: str,
    secret: HiddenSecret = NO_SECRET,
    template: Template | None = None,
) -> bytes:
    """The bytes that the provider signed if it called that address."""
    template = template or view.scheme.signed
    if template.is_plain:
        return template.plain(timestamp, view.request.body)

    def value_of(part: Placeholder) -> bytes:
        match part:
            case "timestamp":
                return timestamp
            case "body":
                return view.request.body
            case "id":
                event_id = view.first(view.scheme.event_fields.id)
                value = event_id.text.encode() if event_id else None
            case str():
                value = _named(view, part, url, secret)
            case OptionalLocator():
                return view.read(part.locator) or b""
            case Setting():
                value = view.scheme.setting_values.get(part.name, "").encode() or None
            case Mac():
                value = None
            case Locator():
                value = view.read(part)
        if value is None:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        return value

    return template.render(value_of)


def _named(view: DeliveryView, placeholder: str, url: str, secret: HiddenSecret) -> bytes:
    match placeholder:
        case "url":
            return url.encode("utf-8", "replace")
        case "method":
            return view.request.method.encode("latin-1", "replace")
        case "sorted_form":
            return view.sorted_form
        case "secret":
            return secret.reveal().encode()
        case "token":
            return view.token.signed
        case _:
            return COMPUTED[placeholder](view, url)


def url_spellings(url: str) -> Iterator[str]:
    """An address as given, then without its port or with the default port added.

    Twilio signs either, whatever address it was given; its own libraries try both.
    """
    yield url
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    if port is not None:
        yield urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))
    elif parts.scheme in _PORTS:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}"))


def _matching_secret(
    view: DeliveryView,
    candidates: list[bytes],
    timestamp: bytes,
    secrets: Sequence[HiddenSecret],
    now: float,
) -> int:
    _check_digest(view)
    any_expected = False
    for index, secret in enumerate(secrets):
        if view.scheme.expected and not _has_expected_values(view, secret):
            continue
        any_expected = True
        if _is_signed_with(secret, view, candidates, timestamp, now):
            mark_key_served(view, secret)
            return index
    if not any_expected:
        raise Rejection(Reason.NOT_EXPECTED, str(view.scheme.expected[0][0]))
    raise Rejection(Reason.MISMATCH)


def _is_signed_with(
    secret: HiddenSecret, view: DeliveryView, candidates: list[bytes], timestamp: bytes, now: float
) -> bool:
    keys = keys_of(view, secret, now)
    for content in _signed_contents(view, timestamp, secret):
        for key in keys:
            for signature in candidates:
                if key.verify(content, signature):
                    return True
        del content  # it may hold the secret, and the next one may be refused
    return False


def _signed_contents(view: DeliveryView, timestamp: bytes, secret: HiddenSecret) -> Iterator[bytes]:
    """All that may have been signed: each spelling of the address, each template of the scheme."""
    scheme, url = view.scheme, view.request.url
    if scheme.signs_body_alone:
        yield view.request.body
        return
    shapes = scheme.handshake_shapes
    for spelling in url_spellings(url) if scheme.scope.url else (url,):
        for template in scheme.templates:
            content = signed_content(view, timestamp, spelling, secret, template)
            if shapes and any(shape.fullmatch(content.decode("latin-1")) for shape in shapes):
                del content
                raise Rejection(Reason.MISMATCH)  # a handshake signs such texts for any sender
            yield content


def _has_expected_values(view: DeliveryView, secret: HiddenSecret) -> bool:
    url = view.request.url
    return all(
        hmac.compare_digest(
            view.read(locator) or b"", signed_content(view, b"", url, secret, template)
        )
        for locator, template in view.scheme.expected
    )


def _check_digest(view: DeliveryView) -> None:
    """If the template leaves the body out, its digest must be in a signed position.

    A sorted form needs none; where there is one, it is checked whatever the body is.
    """
    if view.scheme.components and view.message.covers(CONTENT_DIGEST):
        check_content_digest(view.request)
    locator = view.scheme.body_digest
    if locator is None:
        return
    digest = view.read(locator)
    if digest is None:
        if view.scheme.scope.sorts_form and view.is_form:
            return
        raise Rejection(Reason.BODY_NOT_COVERED, str(locator))
    actual = hashlib.sha256(view.request.body).hexdigest().encode()
    if not hmac.compare_digest(actual, digest):
        raise Rejection(Reason.MISMATCH, str(locator))


def _check_end(view: DeliveryView, now: float) -> None:
    """Whether the signature names an end that has passed; in seconds since the epoch."""
    locator = view.scheme.expires
    text = view.read(locator) if locator else None
    if locator is None or text is None:
        return
    if not text.isdigit() or len(text) > MAX_DIGITS:
        raise Rejection(Reason.MALFORMED_TIMESTAMP, str(locator))
    if now > int(text):
        raise Rejection(Reason.STALE, str(locator))


def _check_age(timestamp: Timestamp, signed_at: float, now: float) -> None:
    if now - signed_at > timestamp.past:
        raise Rejection(Reason.STALE, str(timestamp.locator))
    if signed_at - now > timestamp.future:
        raise Rejection(Reason.FROM_THE_FUTURE, str(timestamp.locator))
