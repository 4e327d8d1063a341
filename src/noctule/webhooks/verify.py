"""Is this delivery the provider's, whole, and of now? The only way into the inbox."""

import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from noctule.webhooks.encoding import decode
from noctule.webhooks.errors import Reason, Refused, Rejection
from noctule.webhooks.keys import feed, key_of
from noctule.webhooks.reading import Reading
from noctule.webhooks.request import Request
from noctule.webhooks.scheme import Scheme, Timestamp
from noctule.webhooks.source import Source

MAX_CANDIDATES = 16
_PORTS = {"http": 80, "https": 443}
_DIGITS = re.compile(rb"[0-9]{1,16}")


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
        if "body" in scheme.signed or (scheme.covers_body and not reading.is_form):
            content = reading.request.body
        elif scheme.covers_body:
            content = reading.sorted_form
        else:
            content = signed_content(reading, b"", reading.request.url)
        digest = hashlib.sha256()
        feed(digest, content)
        return digest.hexdigest()


def verify(scheme: Scheme, request: Request, secrets: Sequence[str], now: float) -> Verified:
    """Check a delivery; `now` is in seconds since the epoch.

    Raises Rejection for anything wrong in the delivery, whatever it holds; Refused for a scheme
    that proves nothing; InvalidSecret for a secret that is not of the scheme's form.
    """
    if scheme.grade in ("static", "none"):
        raise Refused(f"{scheme.provider or 'this scheme'}: deliveries are not signed")
    if not secrets:
        raise ValueError("verify needs at least one secret")
    reading = Reading(scheme, request)
    candidates = signatures(reading)
    stamp = timestamp_text(reading)
    signed_at = signing_time(scheme.timestamp, stamp) if scheme.timestamp else None
    key = _matching_key(reading, candidates, stamp, secrets)
    if scheme.timestamp and signed_at is not None:
        _check_age(scheme.timestamp, signed_at, now)
    return Verified(reading, key, signed_at)


def signatures(reading: Reading) -> list[bytes]:
    """The decoded signatures the delivery carries, at most 16."""
    scheme = reading.scheme
    texts: list[bytes] = []
    for header in scheme.headers:
        texts += reading.named(header, scheme.name) if scheme.name else reading.items(header)
    if not any(texts):
        raise Rejection(Reason.MISSING_SIGNATURE, ", ".join(scheme.headers))
    marked = [t.removeprefix(scheme.prefix) for t in texts if t.startswith(scheme.prefix)]
    decoded = [decode(scheme.encoding, text) for text in marked[:MAX_CANDIDATES]]
    if not any(decoded):
        raise Rejection(Reason.MALFORMED_SIGNATURE, ", ".join(scheme.headers))
    return [signature for signature in decoded if signature]


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
    if not _DIGITS.fullmatch(text):
        raise Rejection(Reason.MALFORMED_TIMESTAMP, str(stamp.source))
    return int(text) / (1000 if stamp.unit == "ms" else 1)


def signed_content(reading: Reading, stamp: bytes, url: str) -> bytes:
    """The bytes the provider signed, were it called at that address."""

    def value(part: str | Source) -> bytes:
        match part:
            case "body":
                return reading.request.body
            case "timestamp":
                return stamp
            case "url":
                return url.encode("utf-8", "replace")
            case "method":
                return reading.request.method.encode("latin-1", "replace")
            case "sorted_form":
                return reading.sorted_form
            case "id":
                found = reading.first(reading.scheme.id, ":")
                text = found.text.encode() if found else None
            case _:
                text = reading.read(part) if isinstance(part, Source) else None
        if text is None:
            raise Rejection(Reason.MISSING_FIELD, str(part))
        return text

    return reading.scheme.signed.render(value)


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
    reading: Reading, candidates: list[bytes], stamp: bytes, secrets: Sequence[str]
) -> int:
    scheme, url = reading.scheme, reading.request.url
    _check_digest(reading)
    for spelling in url_spellings(url) if scheme.covers_url else (url,):
        content = signed_content(reading, stamp, spelling)
        for place, secret in enumerate(secrets):
            key = key_of(scheme, secret)
            for signature in candidates:
                if key.verify(content, signature):
                    return place
    raise Rejection(Reason.MISMATCH)


def _check_digest(reading: Reading) -> None:
    """A body that the template leaves out must have its digest in a place that is signed."""
    source = reading.scheme.body_digest
    if source is None or reading.is_form:
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
