"""Is this delivery the provider's, whole, and of now? The only way into the inbox."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec

from noctule.json_types import get_path, is_list
from noctule.webhooks.errors import KeyWanted, Reason, Refused, Rejection
from noctule.webhooks.formats.encoding import decode
from noctule.webhooks.formats.jws import ALGORITHMS
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.schemes.locator import Source
from noctule.webhooks.schemes.scheme import Scheme, Timestamp
from noctule.webhooks.schemes.template import Mac, Maybe, Setting, Template
from noctule.webhooks.verification.delivery_view import Reading
from noctule.webhooks.verification.key_selection import keys_of
from noctule.webhooks.verification.keys import feed
from noctule.webhooks.verification.placeholders import COMPUTED

MAX_CANDIDATES = 16
MAX_SIGNED_EACH = 100
_PORTS = {"http": 80, "https": 443}
MAX_DIGITS = 16


class Verified(NamedTuple):
    """What is certain about a delivery once its signature held.

    `key` is the place in `secrets` of the one that matched, `signed_at` the seconds since the
    epoch at which the provider says it signed (None if the scheme has no time).
    """

    reading: Reading
    key: int
    signed_at: float | None

    @property
    def fingerprint(self) -> str:
        """A digest of what was signed but the time: the same for every copy of a delivery."""
        reading, scheme = self.reading, self.reading.scheme
        if scheme.sorts_form and reading.is_form:
            content = reading.sorted_form
        elif scheme.digests_body:
            content = reading.request.body
        elif scheme.each:
            content = msgspec.json.encode(reading.data)
        else:
            content = signed_content(reading, b"", reading.request.url)
        digest = hashlib.sha256()
        feed(digest, content)
        return digest.hexdigest()


def verify(scheme: Scheme, request: WebhookRequest, secrets: Sequence[str], now: float) -> Verified:
    """Check a delivery; `now` is in seconds since the epoch.

    Raises Rejection for anything wrong in the delivery, whatever it holds; Refused for a scheme
    that proves nothing; InvalidSecret for a secret that is not of the scheme's form; KeyWanted
    where the key is the provider's to publish and is not known here yet (`verify_fetching`).
    """
    if scheme.coverage in ("static", "none"):
        raise Refused(f"{scheme.provider or 'this scheme'}: deliveries are not signed")
    if not secrets:
        raise ValueError("verify needs at least one secret")
    reading = Reading(scheme, request)
    if not scheme.each:
        return _verified(reading, secrets, now)
    parts = [_verified(reading.of(member), secrets, now) for member in _members(reading)]
    return parts[0]._replace(reading=reading)


async def verify_fetching(
    scheme: Scheme, request: WebhookRequest, secrets: Sequence[str], now: float
) -> Verified:
    """The same, with a key that the provider publishes fetched first where it is not known.

    Raises KeyUnavailable if it cannot be had within 200 ms: answer 503, it will be there next time.
    """
    try:
        return verify(scheme, request, secrets, now)
    except KeyWanted as key:
        await scheme.published.obtain(key.wanted)
    return verify(scheme, request, secrets, now)


def verify_waiting(
    scheme: Scheme, request: WebhookRequest, secrets: Sequence[str], now: float
) -> Verified:
    """The same for a command that may wait."""
    try:
        return verify(scheme, request, secrets, now)
    except KeyWanted as key:
        scheme.published.obtain_now(key.wanted)
    return verify(scheme, request, secrets, now)


def _verified(reading: Reading, secrets: Sequence[str], now: float) -> Verified:
    scheme = reading.scheme
    candidates = signatures(reading)
    stamp = timestamp_text(reading)
    signed_at = signing_time(scheme.timestamp, stamp) if scheme.timestamp else None
    if scheme.fetch and scheme.timestamp and signed_at is not None:
        _check_age(scheme.timestamp, signed_at, now)  # nobody has keys fetched for old deliveries
    key = _matching_key(reading, candidates, stamp, secrets, now)
    if scheme.timestamp and signed_at is not None:
        _check_age(scheme.timestamp, signed_at, now)
    return Verified(reading, key, signed_at)


def _members(reading: Reading) -> list[Any]:
    """The events of a batch in which each is signed; none would be a delivery that nobody did."""
    batch = reading.scheme.batch
    members = get_path(reading.data, batch.name) if batch else None
    if not is_list(members) or not 0 < len(members) <= MAX_SIGNED_EACH:
        raise Rejection(Reason.MISSING_SIGNATURE, str(batch))
    return members


def signatures(reading: Reading) -> list[bytes]:
    """The decoded signatures the delivery carries, at most 16."""
    scheme = reading.scheme
    if scheme.is_token:
        return [_token_signature(reading)]
    texts = [text for text in _texts(reading) if text]
    if not texts:
        raise Rejection(Reason.MISSING_SIGNATURE, scheme.where)
    prefix = scheme.prefix
    marked = [text[len(prefix) :] for text in texts if text.startswith(prefix)]
    encoding = scheme.encoding
    found = [raw for text in marked[:MAX_CANDIDATES] if (raw := decode(encoding, text))]
    if not found:
        raise Rejection(Reason.MALFORMED_SIGNATURE, scheme.where)
    return found


def _texts(reading: Reading) -> list[bytes]:
    """The signatures as they are written, in headers or in the body."""
    scheme = reading.scheme
    if scheme.place is not None:
        text = reading.read(scheme.place) or b""
        separator, pair, wanted = scheme.cut
        items = text.split(separator) if separator else [text]
        if not pair:
            return items
        return [value for name, value in reading.pairs(items) if wanted in (b"*", name)]
    name = scheme.cut[2]
    texts: list[bytes] = []
    for header in scheme.headers:
        texts += reading.named(header, name) if name else reading.items(header)
    return texts


def _token_signature(reading: Reading) -> bytes:
    """That of a token which names the algorithm that the scheme wants, and no other."""
    if reading.token.header.get("alg") != ALGORITHMS.get(reading.scheme.algorithm):
        raise Rejection(Reason.MALFORMED_SIGNATURE, "jose:alg")
    return reading.token.signature


def timestamp_text(reading: Reading) -> bytes:
    """The timestamp exactly as received; b"" if the scheme has none."""
    if reading.scheme.timestamp is None:
        return b""
    text = reading.read(reading.scheme.timestamp.source)
    if not text:
        raise Rejection(Reason.MISSING_TIMESTAMP, str(reading.scheme.timestamp.source))
    return text


def signing_time(stamp: Timestamp, text: bytes) -> float:
    """Seconds since the epoch; whole numbers only, so that nothing like nan or 1e9 comes in."""
    if stamp.unit == "iso":
        try:
            moment = datetime.fromisoformat(text.decode("ascii"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise Rejection(Reason.MALFORMED_TIMESTAMP, str(stamp.source)) from None
    if not text.isdigit() or len(text) > MAX_DIGITS:
        raise Rejection(Reason.MALFORMED_TIMESTAMP, str(stamp.source))
    return int(text) / (1000 if stamp.unit == "ms" else 1)


def signed_content(
    reading: Reading, stamp: bytes, url: str, secret: str = "", template: Template | None = None
) -> bytes:
    """The bytes the provider signed, were it called at that address."""
    template = template or reading.scheme.signed
    if template.is_plain:
        return template.plain(stamp, reading.request.body)

    def value(part: str | Source | Maybe | Mac | Setting) -> bytes:
        match part:
            case "timestamp":
                return stamp
            case "body":
                return reading.request.body
            case "id":
                found = reading.first(reading.scheme.reads.id)
                text = found.text.encode() if found else None
            case str():
                text = _word(reading, part, url, secret)
            case Maybe():
                return reading.read(part.source) or b""
            case Setting():
                text = reading.scheme.values.get(part.word, "").encode() or None
            case Mac():
                text = None
            case Source():
                text = reading.read(part)
        if text is None:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        return text

    return template.render(value)


def _word(reading: Reading, word: str, url: str, secret: str) -> bytes:
    match word:
        case "url":
            return url.encode("utf-8", "replace")
        case "method":
            return reading.request.method.encode("latin-1", "replace")
        case "sorted_form":
            return reading.sorted_form
        case "secret":
            return secret.encode()
        case "token":
            return reading.token.signed
        case _:
            return COMPUTED[word](reading, url)


def url_spellings(url: str) -> Iterator[str]:
    """An address as given, then with its port dropped or the default one written out.

    Twilio signs either, whatever the address that it was given (its own libraries try both).
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


def _matching_key(
    reading: Reading, candidates: list[bytes], stamp: bytes, secrets: Sequence[str], now: float
) -> int:
    _check_digest(reading)
    expected, expects = False, reading.scheme.expect
    for place, secret in enumerate(secrets):
        if expects and not _as_expected(reading, secret):
            continue
        expected = True
        keys = keys_of(reading, secret, now)
        for content in _contents(reading, stamp, secret):
            for key in keys:
                for signature in candidates:
                    if key.verify(content, signature):
                        return place
    if not expected:
        raise Rejection(Reason.NOT_EXPECTED, str(reading.scheme.expect[0][0]))
    raise Rejection(Reason.MISMATCH)


def _contents(reading: Reading, stamp: bytes, secret: str) -> Iterator[bytes]:
    """All that may have been signed: the ways to write the address, and the scheme's own."""
    scheme, url = reading.scheme, reading.request.url
    if scheme.signs_body_alone:
        yield reading.request.body
        return
    shapes = scheme.shapes
    for spelling in url_spellings(url) if scheme.covers_url else (url,):
        for template in scheme.templates:
            content = signed_content(reading, stamp, spelling, secret, template)
            if shapes and any(shape.fullmatch(content.decode("latin-1")) for shape in shapes):
                raise Rejection(Reason.MISMATCH)  # a handshake signs that for whoever asks
            yield content


def _as_expected(reading: Reading, secret: str) -> bool:
    for place, template in reading.scheme.expect:
        wanted = signed_content(reading, b"", reading.request.url, secret, template)
        if not hmac.compare_digest(reading.read(place) or b"", wanted):
            return False
    return True


def _check_digest(reading: Reading) -> None:
    """A body that the template leaves out must have its digest in a place that is signed."""
    source = reading.scheme.body_digest
    if source is None or (reading.scheme.sorts_form and reading.is_form):
        return
    digest = reading.read(source)
    if digest is None:
        raise Rejection(Reason.BODY_NOT_COVERED, str(source))
    actual = hashlib.sha256(reading.request.body).hexdigest().encode()
    if not hmac.compare_digest(actual, digest):
        raise Rejection(Reason.MISMATCH, str(source))


def _check_age(stamp: Timestamp, signed_at: float, now: float) -> None:
    if now - signed_at > stamp.past:
        raise Rejection(Reason.STALE, str(stamp.source))
    if signed_at - now > stamp.future:
        raise Rejection(Reason.FROM_THE_FUTURE, str(stamp.source))
