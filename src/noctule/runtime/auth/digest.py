"""HTTP Digest (RFC 7616): MD5 and SHA-256, `qop=auth`, counted nonces.

Nothing is sent before the provider's challenge, and a challenge counts for its origin alone. The
nonce is used for the calls that follow, until the provider names another one.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from secrets import token_hex
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime import fork
from noctule.runtime.auth.base import Session
from noctule.runtime.auth.keys import Basic
from noctule.runtime.origin import origin_of
from noctule.runtime.request import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.origin import Origin
    from noctule.runtime.request import Response

MAX_CHALLENGE = 8 * 1024
"""Characters of `WWW-Authenticate` that are read."""
ALGORITHMS = ("SHA-256", "SHA-256-sess", "MD5", "MD5-sess")
"""Those that are supported, the one to prefer first."""
_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PART = re.compile(
    rf"[\s,]*(?:(?P<scheme>{_WORD})(?:\s+(?={_WORD}\s*=\s*[^\s=,])|\s*(?=,|$)))?"
    rf'(?:(?P<name>{_WORD})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,"]+)))?'
)


@dataclass(frozen=True)
class Digest(Basic):
    """User name and password, of which only digests are sent."""

    def bind(self, secrets: SecretValues) -> Session:
        user = self.username
        name = user if isinstance(user, str) else secrets[user].reveal()
        password = secrets[self.password].reveal() if self.password else ""
        return Session(
            tokens=(DigestSession(name, password),),
            fingerprint=" ".join(secrets[source].fingerprint for source in self.sources),
        )


@dataclass(slots=True)
class Challenge:
    """What a provider asked for, and how often its nonce was used."""

    realm: str
    nonce: str = field(repr=False)
    algorithm: str
    """As the provider wrote it; "" where it did not."""
    opaque: str | None
    qop: bool
    """Whether to answer with `qop=auth`; providers of RFC 2069 know none."""
    stale: str
    """What the provider says of the nonce before: "true", "false", or ""."""
    utf8: bool
    userhash: bool
    count: int = 0

    @property
    def kind(self) -> str:
        """One of ALGORITHMS, or "" for another one."""
        wanted = (self.algorithm or "MD5").lower()
        return next((name for name in ALGORITHMS if name.lower() == wanted), "")


class DigestSession:
    """Answers challenges; shared by all calls of a service."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._challenges: dict[Origin, Challenge] = {}
        self._lock = Lock()
        fork.register(self)

    def after_fork(self) -> None:
        """A nonce that parent and child both count is one that somebody else used."""
        self._lock = Lock()
        self._challenges = {}

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]:
        """A body that can be sent only once must not be lost to a challenge: it is asked for with a
        GET of the same address."""
        del clock
        if getattr(request.content, "replayable", True):
            return
        if origin_of(request.url) not in self._challenges:
            response: Response = yield Request("GET", request.url, limits=request.limits)
            self._learn(request.url, response)

    def apply(self, request: Request) -> None:
        with self._lock:
            challenge = self._challenges.get(origin_of(request.url))
            if challenge is None:
                return
            challenge.count += 1
            count = challenge.count
        request.headers["Authorization"] = answer(
            challenge, self._username, self._password, request, count, token_hex(16)
        )

    def reject(self, request: Request, response: Response, clock: Clock) -> bool:
        """Once more where there is a challenge that this request did not answer. After the answer
        to one, a new nonce alone says that the old one has expired; `stale=false` says that user
        or password are wrong."""
        del clock
        challenge = self._learn(request.url, response)
        if challenge is None:
            return False
        sent = request.headers.get("Authorization", "")
        if not sent or challenge.stale == "true":
            return True
        return challenge.stale != "false" and f'nonce="{_escaped(challenge.nonce)}"' not in sent

    def _learn(self, url: str, response: Response) -> Challenge | None:
        """The strongest challenge of a response that we can answer, kept for its origin."""
        if response.status != 401:
            return None
        known = challenges(response.headers.get("www-authenticate", ""))
        best = min(known, key=lambda each: ALGORITHMS.index(each.kind), default=None)
        if best is None:
            return None
        origin = origin_of(url)
        with self._lock:
            current = self._challenges.get(origin)
            if current is not None and current.nonce == best.nonce:
                best.count = current.count
            self._challenges[origin] = best
        return best


def challenges(header: str) -> Iterator[Challenge]:
    """The Digest challenges of a `WWW-Authenticate` header that we can answer."""
    for scheme, parameters in _parsed(header[:MAX_CHALLENGE]):
        offers = {text.strip().lower() for text in parameters.get("qop", "").split(",")} - {""}
        challenge = Challenge(
            realm=parameters.get("realm", ""),
            nonce=parameters.get("nonce", ""),
            algorithm=parameters.get("algorithm", ""),
            opaque=parameters.get("opaque"),
            qop=bool(offers),
            stale=parameters.get("stale", "").lower(),
            utf8=parameters.get("charset", "").lower() == "utf-8",
            userhash=parameters.get("userhash", "").lower() == "true",
        )
        sendable = f"{challenge.realm}{challenge.nonce}{challenge.opaque}".isascii()
        known = challenge.nonce and challenge.kind and (not offers or "auth" in offers)
        if scheme == "digest" and known and sendable:
            yield challenge


def _parsed(header: str) -> list[tuple[str, dict[str, str]]]:
    """Scheme and parameters of each challenge (RFC 9110, 11.6.1)."""
    found: list[tuple[str, dict[str, str]]] = []
    position = 0
    while position < len(header):
        match = _PART.match(header, position)
        if match is None or match.end() == position:
            position += 1
            continue
        position = match.end()
        if match["scheme"]:
            found.append((match["scheme"].lower(), {}))
        if match["name"] and found:
            text = match["plain"] or re.sub(r"\\(.)", r"\1", match["quoted"] or "")
            found[-1][1].setdefault(match["name"].lower(), text)
    return found


def answer(
    challenge: Challenge, username: str, password: str, request: Request, count: int, cnonce: str
) -> str:
    """The Authorization header for a request (RFC 7616, 3.4)."""
    target = re.sub(r"^[^/?#]*", "", request.url.partition("://")[2]).partition("#")[0]
    uri = target if target.startswith("/") else f"/{target}"
    kind = challenge.kind
    charset = "utf-8" if challenge.utf8 or not _is_latin(username + password) else "latin-1"

    def digest(*texts: str) -> str:
        data = ":".join(texts).encode(charset, "replace")
        if kind.startswith("MD5"):
            return hashlib.md5(data, usedforsecurity=False).hexdigest()
        return hashlib.sha256(data).hexdigest()

    secret = digest(username, challenge.realm, password)
    if kind.endswith("-sess"):
        secret = digest(secret, challenge.nonce, cnonce)
    wanted = digest(request.method, uri)
    counted = f"{count:08x}"
    proof = (
        digest(secret, challenge.nonce, counted, cnonce, "auth", wanted)
        if challenge.qop
        else digest(secret, challenge.nonce, wanted)
    )
    shown = digest(username, challenge.realm) if challenge.userhash else username
    fields = [
        _user(shown),
        f'realm="{_escaped(challenge.realm)}"',
        f'nonce="{_escaped(challenge.nonce)}"',
        f'uri="{uri}"',
        f'response="{proof}"',
    ]
    if challenge.algorithm:
        fields.append(f"algorithm={kind}")
    if challenge.opaque is not None:
        fields.append(f'opaque="{_escaped(challenge.opaque)}"')
    if challenge.qop:
        fields += ["qop=auth", f"nc={counted}", f'cnonce="{cnonce}"']
    elif kind.endswith("-sess"):
        fields.append(f'cnonce="{cnonce}"')
    if challenge.userhash:
        fields.append("userhash=true")
    return f"Digest {', '.join(fields)}"


def _user(name: str) -> str:
    if name.isascii():
        return f'username="{_escaped(name)}"'
    return f"username*=UTF-8''{quote(name, safe='')}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _is_latin(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True
