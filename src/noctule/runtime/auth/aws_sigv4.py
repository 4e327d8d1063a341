"""AWS Signature Version 4: an HMAC of method, path, query, headers and body, with a key that is
made for one day, one region and one service.

Path and query are sent with every character escaped that RFC 3986 does not call unreserved, so that
the provider cannot read them in another form than the one that was signed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from noctule.runtime import errors
from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.clock import SYSTEM
from noctule.runtime.origin import origin_of
from noctule.runtime.secrets import secret_source

if TYPE_CHECKING:
    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.origin import Origin
    from noctule.runtime.request import Request, Response
    from noctule.runtime.secrets import Secret, SecretSource

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
_HASH_HEADER = re.compile(r"s3(-.*)?|glacier")
"""Services that want the hash of the body in a header as well."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_AWS_HOST = re.compile(
    r"(?:.+\.)?(?:amazonaws\.com(?P<china>\.cn)?|api\.aws|on\.aws|aws\.amazon\.com)"
)
_REGION = re.compile(r"(?:s3-)?([a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2})")
_NOT_SIGNED = re.compile(
    r"accept-encoding|authorization|baggage|cache-control|connection|content-length|expect|from"
    r"|host|keep-alive|max-forwards|pragma|referer|te|trace(?:parent|state)|trailer"
    r"|transfer-encoding|upgrade|user-agent|via|x-amzn-trace-id|(?:proxy|sec|x-forwarded)-.*"
)
"""Headers that the transport or a proxy sets or changes; `host` is signed as it is sent."""
_OURS = frozenset({"authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})


@dataclass(frozen=True, kw_only=True)
class AwsSigV4(Auth):
    """Requests signed for AWS, or for a service that checks its signatures."""

    access_key: SecretSource
    secret_key: SecretSource
    service: str
    """The name in the credential scope: "s3", "execute-api"."""
    region: str = ""
    """Where the address does not say: that of an AWS host counts."""
    session_token: SecretSource | None = None
    """Of temporary credentials; not sent where its variable is not set."""

    def __post_init__(self) -> None:
        """Raises `ConfigurationError` for names that no credential scope can have."""
        for source in (self.access_key, self.secret_key, self.session_token):
            if source is not None:
                secret_source(source, type(self).__name__)
        for name, value in (("service", self.service), ("region", self.region or "-")):
            if _NAME.fullmatch(value) is None:
                raise errors.ConfigurationError(
                    f"AwsSigV4: {name} must be letters, digits, - and _, as in us-east-1"
                )

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return self.access_key, self.secret_key

    def at(self, base_url: str) -> AwsSigV4:
        if not self.region and not region_of(origin_of(base_url).host):
            raise errors.ConfigurationError(
                "AwsSigV4: the host of the base URL names no AWS region: give region='us-east-1'"
            )
        return self

    def bind(self, secrets: SecretValues) -> Session:
        token = _optional(self.session_token)
        values = [secrets[source] for source in self.sources] + ([token] if token else [])
        fingerprint = " ".join(secret.fingerprint for secret in values)
        session = SigV4Session(self, *(secret.reveal() for secret in values))
        return Session(tokens=(session,), fingerprint=fingerprint)


class SigV4Session:
    """Signs the requests of one service."""

    def __init__(self, rule: AwsSigV4, access_key: str, secret_key: str, token: str = "") -> None:
        self._rule = rule
        self._access_key = access_key
        self._secret_key = secret_key
        self._token = token
        self._clock: Clock = SYSTEM
        self._derived = ("", b"")

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]:
        """Raises `InvalidArgument` for a body that is neither signed nor encrypted."""
        self._clock = clock
        if not isinstance(request.content, bytes) and not request.url.startswith("https:"):
            raise errors.InvalidArgument(
                "a stream is not signed, and needs https: give the body as bytes"
            )
        return
        yield

    def reject(self, request: Request, response: Response, clock: Clock) -> bool:
        """A signature that is refused would be refused again."""
        del request, response, clock
        return False

    def apply(self, request: Request) -> None:
        origin, path, query = _parts(request.url, slashes=self._rule.service.startswith("s3"))
        request.url = f"{origin}{path}" + (f"?{query}" if query else "")
        moment = f"{datetime.fromtimestamp(int(self._clock.time()), UTC):%Y%m%dT%H%M%SZ}"
        payload = _payload(request)
        headers = {n: v for n, v in request.headers.items() if n.lower() not in _OURS}
        headers["X-Amz-Date"] = moment
        if self._token:
            headers["X-Amz-Security-Token"] = self._token
        if payload == UNSIGNED or _HASH_HEADER.fullmatch(self._rule.service):
            headers["X-Amz-Content-Sha256"] = payload
        signed = _canonical_headers(origin.netloc, headers)
        names = ";".join(signed)
        lines = [request.method.upper(), self._path(path), _sorted(query)]
        lines += [*(f"{name}:{value}" for name, value in signed.items()), "", names, payload]
        region = region_of(origin.host) or self._rule.region
        scope = f"{moment[:8]}/{region}/{self._rule.service}/aws4_request"
        canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        text = "\n".join((ALGORITHM, moment, scope, canonical))
        signature = hmac.digest(self._key(scope), text.encode(), "sha256").hex()
        headers["Authorization"] = (
            f"{ALGORITHM} Credential={self._access_key}/{scope}, SignedHeaders={names},"
            f" Signature={signature}"
        )
        request.headers = headers

    def _path(self, path: str) -> str:
        """S3 signs the name of the object; other services the path as it is sent, escaped again."""
        if self._rule.service.startswith("s3"):
            return quote(unquote_to_bytes(path), safe="/~")
        return quote(_normalised(path), safe="/~")

    def _key(self, scope: str) -> bytes:
        """The key for this scope; one is kept, since it is the same all day."""
        known, key = self._derived
        if known != scope:
            key = f"AWS4{self._secret_key}".encode()
            for part in scope.split("/"):
                key = hmac.digest(key, part.encode(), "sha256")
            self._derived = scope, key
        return key


def region_of(host: str) -> str:
    """The region that an AWS host is in; "" for hosts of others."""
    known = _AWS_HOST.fullmatch(host)
    if known is None:
        return ""
    labels = host.split(".")
    for label in reversed(labels):
        if region := _REGION.fullmatch(label):
            return region[1]
    if "us-gov" in labels:
        return "us-gov-west-1"
    return "cn-northwest-1" if known["china"] else "us-east-1"


def _optional(source: SecretSource | None) -> Secret | None:
    if source is None:
        return None
    try:
        return source.read()
    except errors.MissingSecrets:
        return None


def _payload(request: Request) -> str:
    if isinstance(request.content, bytes):
        return hashlib.sha256(request.content).hexdigest()
    return UNSIGNED


def _parts(url: str, *, slashes: bool) -> tuple[Origin, str, str]:
    """Origin, path and query of a URL; what is reserved in path and query is escaped, but for the
    slashes of an object's name."""
    target = re.sub(r"^[^/?#]*", "", url.partition("://")[2]).partition("#")[0]
    path, _, query = target.partition("?")
    segments = "/".join(_segment(text, slashes=slashes) for text in path.split("/"))
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return (
        origin_of(url),
        segments if segments.startswith("/") else f"/{segments}",
        "&".join(f"{_escaped(name)}={_escaped(value)}" for name, _, value in pairs),
    )


def _segment(text: str, *, slashes: bool) -> str:
    """An escaped dot stays escaped, and a slash beside one: they would lead to another folder."""
    escaped = _escaped(text)
    pieces = escaped.split("%2F") if slashes else [escaped]
    if "." not in pieces and ".." not in pieces:
        return "/".join(pieces)
    return escaped if len(pieces) > 1 else text


def _escaped(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="~")


def _sorted(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&") if pair)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _normalised(path: str) -> str:
    """Without empty segments, `.` and `..`."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    end = "/" if kept and path.endswith("/") else ""
    return f"/{'/'.join(kept)}{end}"


def _canonical_headers(host: str, headers: dict[str, str]) -> dict[str, str]:
    """Name in lower case -> value, in the order of the names."""
    signed = {"host": [host]}
    for name, value in headers.items():
        if _NOT_SIGNED.fullmatch(name.lower()) is None:
            signed.setdefault(name.lower(), []).append(" ".join(value.split()))
    return {name: ",".join(values) for name, values in sorted(signed.items())}
