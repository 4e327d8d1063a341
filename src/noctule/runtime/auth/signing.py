"""Signed requests: a digest or an HMAC over parts of the request, declared as data.

What is signed, and what is sent, are texts with placeholders:

    {method}  {url}  {host}  {path}  {query}  {target}  {body}    as they are sent
    {timestamp}  {nonce}  {digest}  {header:NAME}
    {ACME_API_KEY}                                              an environment variable
    {signature}                                                 in headers and the query only

Each attempt is signed for itself, with the time and the nonce of that attempt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime import errors
from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.clock import SYSTEM
from noctule.runtime.encoding.headers import header
from noctule.runtime.origin import origin_of
from noctule.runtime.secrets import env, secret_source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.request import Request, Response
    from noctule.runtime.secrets import SecretSource

HASHES = ("md5", "sha1", "sha256", "sha384", "sha512")
ALGORITHMS = (*HASHES, *(f"hmac-{name}" for name in HASHES))
ENCODINGS = ("hex", "hex-upper", "base64", "base64url", "raw")
KEY_FORMS = ("utf8", "hex", "base64")
TIMES = ("s", "ms", "us", "ns", "iso", "iso-ms", "http")
NONCES = ("uuid", "hex", "counter")
FORM = "application/x-www-form-urlencoded"
PLACES = frozenset(
    {"method", "url", "host", "path", "query", "target", "body", "timestamp", "nonce"}
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HEADER = re.compile(r"header:[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,99}")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


@dataclass(frozen=True, kw_only=True)
class Signed(Auth):
    """A signature of each request, as the provider describes it."""

    algorithm: str
    """One of ALGORITHMS; a plain hash signs with secrets that are part of `signed`."""
    signed: str
    """What is signed."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is sent in headers: "X-Signature": "v1={signature}"."""
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is added to the query: before the signing, where it does not hold the signature."""
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    """What is added to a form body before the signing."""
    secret: SecretSource | None = None
    """The key of an HMAC."""
    key: str = "utf8"
    """How the text of the secret becomes the key: one of KEY_FORMS."""
    encoding: str = "hex"
    """How the signature becomes a text: one of ENCODINGS, but "raw"."""
    timestamp: str = "s"
    """One of TIMES."""
    nonce: str = "uuid"
    """One of NONCES; "counter" is the time in microseconds, and always more than before."""
    digest: str = ""
    """What `{digest}` is made of."""
    digest_algorithm: str = "sha256"
    digest_encoding: str = "hex"

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for what could not sign a request."""
        if self.secret is not None:
            secret_source(self.secret, type(self).__name__)
        if problem := next(self._problems(), ""):
            raise errors.ConfigurationError(f"Signed: {problem}")

    def _problems(self) -> Iterator[str]:
        for name, known in (
            ("algorithm", ALGORITHMS),
            ("key", KEY_FORMS),
            ("encoding", ENCODINGS[:-1]),
            ("timestamp", TIMES),
            ("nonce", NONCES),
            ("digest_algorithm", HASHES),
            ("digest_encoding", ENCODINGS),
        ):
            if getattr(self, name) not in known:
                yield f"{name} must be one of: {', '.join(known)}"
        if self.algorithm.startswith("hmac-") and self.secret is None:
            yield f"{self.algorithm} needs a secret"
        sent = [*self.headers.values(), *self.query.values()]
        if not any("{signature}" in text for text in sent):
            yield "no header and no query parameter holds {signature}"
        digest = {"digest"} if self.digest else set[str]()
        for texts, more in (
            ([self.digest, *self.form.values()], set[str]()),
            ([self.signed], digest),
            (sent, {"signature", *digest}),
        ):
            for name in _names(texts):
                if not (name in PLACES | more or _HEADER.fullmatch(name) or _is_variable(name)):
                    yield f"{{{name}}} is no placeholder that is known there"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables in its texts."""
        texts = [self.signed, self.digest, *self.headers.values(), *self.query.values()]
        names = _names([*texts, *self.form.values()])
        return tuple(dict.fromkeys(filter(_is_variable, names)))

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        named: list[SecretSource] = [env(name) for name in self.variables]
        own = self.secret
        if own is not None and own.name not in self.variables:
            named.insert(0, own)
        return tuple(named)

    def bind(self, secrets: SecretValues) -> Session:
        values = {source.name: secrets[source] for source in self.sources}
        texts = {name: secret.reveal() for name, secret in values.items()}
        key = b""
        if self.secret is not None:
            key = _key(texts[self.secret.name], self.key, self.secret.name)
        fingerprint = " ".join(secret.fingerprint for secret in values.values())
        return Session(tokens=(SigningSession(self, texts, key),), fingerprint=fingerprint)


class SigningSession:
    """Signs the requests of one service."""

    def __init__(self, rule: Signed, texts: Mapping[str, str], key: bytes) -> None:
        self._rule = rule
        self._texts = texts
        self._key = key
        self._clock: Clock = SYSTEM
        self._lock = Lock()
        self._last = 0

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]:
        """Raises `InvalidArgument` for a body that would have to be read to be signed."""
        self._clock = clock
        rule = self._rule
        if not isinstance(request.content, bytes):
            if rule.form or "{body}" in rule.signed + rule.digest:
                raise errors.InvalidArgument(
                    "the provider wants the body signed: give it as bytes, not as a stream"
                )
        elif rule.form and request.content and request.headers.get("Content-Type") != FORM:
            raise errors.InvalidArgument("the provider wants signed parts in the body: a form")
        return
        yield

    def reject(self, request: Request, response: Response, clock: Clock) -> bool:
        """A signature that is refused would be refused again."""
        del request, response, clock
        return False

    def apply(self, request: Request) -> None:
        rule = self._rule
        now = self._clock.time()
        values = {
            "timestamp": _time(now, rule.timestamp).encode(),
            "nonce": self._nonce(now).encode(),
        }
        if rule.form and isinstance(request.content, bytes):
            added = "&".join(
                f"{quote(name, safe='')}={quote(self._text(text, values, request), safe='')}"
                for name, text in rule.form.items()
            ).encode()
            request.content = b"&".join(filter(None, (request.content, added)))
            request.headers["Content-Type"] = FORM
        for name, text in rule.query.items():
            if "{signature}" not in text:
                _add(request, name, self._text(text, values, request))
        if rule.digest:
            digested = hashlib.new(rule.digest_algorithm, usedforsecurity=False)
            digested.update(self._bytes(rule.digest, values, request))
            values["digest"] = _encoded(digested.digest(), rule.digest_encoding)
        values["signature"] = self._signature(self._bytes(rule.signed, values, request))
        for name, text in rule.query.items():
            if "{signature}" in text:
                _add(request, name, self._text(text, values, request))
        for name, text in rule.headers.items():
            request.headers[name] = header(name, self._text(text, values, request))

    def _signature(self, message: bytes) -> bytes:
        name = self._rule.algorithm.removeprefix("hmac-")
        if name == self._rule.algorithm:
            hashed = hashlib.new(name, message, usedforsecurity=False).digest()
        else:
            hashed = hmac.digest(self._key, message, name)
        return _encoded(hashed, self._rule.encoding)

    def _text(self, template: str, values: Mapping[str, bytes], request: Request) -> str:
        return self._bytes(template, values, request).decode("utf-8", "replace")

    def _bytes(self, template: str, values: Mapping[str, bytes], request: Request) -> bytes:
        pieces = _PLACEHOLDER.split(template)
        return b"".join(
            self._value(piece, values, request) if index % 2 else piece.encode()
            for index, piece in enumerate(pieces)
        )

    def _value(self, name: str, values: Mapping[str, bytes], request: Request) -> bytes:
        if name in values:
            return values[name]
        if name in self._texts:
            return self._texts[name].encode()
        if name == "body":
            return request.content if isinstance(request.content, bytes) else b""
        if name.startswith("header:"):
            wanted = name.removeprefix("header:").lower()
            sent = (text for key, text in request.headers.items() if key.lower() == wanted)
            return next(sent, "").encode()
        return _part(name, request).encode()

    def _nonce(self, now: float) -> str:
        match self._rule.nonce:
            case "hex":
                return token_hex(16)
            case "counter":
                with self._lock:
                    self._last = max(self._last + 1, int(now * 1_000_000))
                    return str(self._last)
            case _:
                return str(uuid.uuid4())


def _part(name: str, request: Request) -> str:
    """A part of the request line or of the address, as it is sent."""
    target = re.sub(r"^[^/?#]*", "", request.url.partition("://")[2]).partition("#")[0]
    path, _, query = target.partition("?")
    parts = {
        "method": request.method,
        "url": request.url,
        "path": path or "/",
        "query": query,
        "target": target if target.startswith("/") else f"/{target}",
    }
    return origin_of(request.url).netloc if name == "host" else parts[name]


def _add(request: Request, name: str, value: str) -> None:
    pair = f"{quote(name, safe='')}={quote(value, safe='')}"
    request.url += ("&" if "?" in request.url else "?") + pair


def _names(texts: list[str]) -> list[str]:
    return [name for text in texts for name in _PLACEHOLDER.findall(text)]


def _is_variable(name: str) -> bool:
    return _VARIABLE.fullmatch(name) is not None


def _encoded(data: bytes, encoding: str) -> bytes:
    match encoding:
        case "hex":
            return data.hex().encode()
        case "hex-upper":
            return data.hex().upper().encode()
        case "base64":
            return base64.b64encode(data)
        case "base64url":
            return base64.urlsafe_b64encode(data).rstrip(b"=")
        case _:
            return data


def _key(text: str, form: str, name: str) -> bytes:
    """Raises `ConfigurationError` for a secret that is not written so."""
    try:
        match form:
            case "hex":
                return bytes.fromhex(text)
            case "base64":
                return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            case _:
                return text.encode()
    except (ValueError, binascii.Error):
        raise errors.ConfigurationError(f"{name} is not {form}") from None


def _time(now: float, form: str) -> str:
    factors = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
    if form in factors:
        return str(int(now * factors[form]))
    day = datetime.fromtimestamp(int(now), UTC)
    match form:
        case "iso":
            return f"{day:%Y-%m-%dT%H:%M:%SZ}"
        case "iso-ms":
            return f"{day:%Y-%m-%dT%H:%M:%S}.{int(now * 1000) % 1000:03d}Z"
        case _:  # in English, whatever the locale
            weekday, month = _WEEKDAYS[day.weekday()], _MONTHS[day.month - 1]
            return f"{weekday}, {day:%d} {month} {day:%Y %H:%M:%S} GMT"
