"""The provider's side of HTTP Digest (RFC 7616): a challenge first, then a check of the answer."""

from __future__ import annotations

import hashlib
import random
import re
from typing import TYPE_CHECKING

from noctule.sandbox.http.connection import FakeResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.apidoc import ApiDocument, ApiOperation
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import IncomingRequest

OPERATION = "challenge"
"""The operation in the ledger of a request that got a challenge."""
REALM = "fake provider"
_FIELD = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


class DigestChallenges:
    """Lets a request pass that answers one of its challenges; each count of a nonce once.

    `logins` are the users and their passwords; without any, the proof itself is not checked.
    """

    def __init__(
        self, document: ApiDocument, pack: Pack | None, logins: Mapping[str, str], *, seed: int
    ) -> None:
        schemes = document.security_schemes.values()
        self._names = {scheme.name for scheme in schemes if scheme.kind == "digest"}
        self._always = pack is not None and pack.auth is not None and pack.auth.kind == "digest"
        self._logins = logins
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Forget all challenges."""
        self._random = random.Random(self._seed)  # noqa: S311  (nonces of a fake provider)
        self._nonces: set[str] = set()
        self._used: set[tuple[str, str]] = set()

    def challenge(self, operation: ApiOperation, request: IncomingRequest) -> FakeResponse | None:
        """The response to a request that has to answer first; None where it may pass."""
        wanted = any(self._names.intersection(names) for names in operation.security)
        if not wanted and not (self._always and not operation.public):
            return None
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme and scheme.lower() != "digest":
            return None
        sent = {name: quoted or plain for name, quoted, plain in _FIELD.findall(text)}
        if self._is_answer(sent, request):
            self._used.add((sent["nonce"], sent["nc"]))
            return None
        nonce = f"{self._random.getrandbits(128):032x}"
        self._nonces.add(nonce)
        stale = "true" if sent and sent.get("nonce") not in self._nonces else "false"
        ask = f'Digest realm="{REALM}", nonce="{nonce}", qop="auth", algorithm=SHA-256'
        return FakeResponse(401, b"", {"www-authenticate": f"{ask}, stale={stale}"})

    def _is_answer(self, sent: Mapping[str, str], request: IncomingRequest) -> bool:
        nonce, count = sent.get("nonce", ""), sent.get("nc", "")
        if nonce not in self._nonces or (nonce, count) in self._used:
            return False
        if sent.get("uri") != request.target or sent.get("qop") != "auth":
            return False
        if not self._logins:
            return bool(sent.get("response"))
        password = self._logins.get(sent.get("username", ""))
        if password is None:
            return False
        secret = _hash(f"{sent['username']}:{REALM}:{password}")
        target = _hash(f"{request.method}:{request.target}")
        proof = f"{secret}:{nonce}:{count}:{sent.get('cnonce')}:auth:{target}"
        return sent.get("response") == _hash(proof)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
