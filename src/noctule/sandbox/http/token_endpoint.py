"""The provider's token endpoint, for wrappers that request an access token first."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import msgspec

from noctule.sandbox.http.connection import FakeResponse

if TYPE_CHECKING:
    from noctule.apidoc import ApiDocument
    from noctule.providers import Pack
    from noctule.sandbox.http.connection import IncomingRequest

OPERATION = "token"
"""The operation in the ledger of a request for an access token."""
LIFETIME = 3600


class TokenEndpoint:
    """Grants a token to every client that sends a client id or a refresh token."""

    def __init__(self, document: ApiDocument, pack: Pack | None, *, seed: int) -> None:
        schemes = document.security_schemes.values()
        urls = [url(s) for s in schemes for url in (document.token_url, document.refresh_url)]
        self._needs_scope = any(
            operation.scopes(scheme.name)
            for scheme in schemes
            if scheme.kind == "oauth2_client_credentials"
            for operation in document.operations.values()
        )
        if pack is not None and pack.auth is not None:
            urls.append(pack.auth.token_url)
            self._needs_scope = False
        self._paths = {f"/{urlsplit(url).path.lstrip('/')}" for url in urls if url}
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Start again from the first token."""
        self._random = random.Random(self._seed)  # noqa: S311  (tokens of a fake provider)

    def grant(self, request: IncomingRequest) -> FakeResponse | None:
        """The response, when the request is for this endpoint."""
        if request.method != "POST" or request.target.partition("?")[0] not in self._paths:
            return None
        form = parse_qs(request.body.decode("utf-8", "replace"))
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if not form.get("grant_type") or not (
            request.headers.get("authorization") or form.get("client_id") or form.get("assertion")
        ):
            return FakeResponse(401, b'{"error": "invalid_client"}', headers)
        asks_alone = form["grant_type"] == ["client_credentials"]
        if self._needs_scope and asks_alone and not form.get("scope"):
            return FakeResponse(400, b'{"error": "invalid_scope"}', headers)
        token = {
            "access_token": f"fake_{self._random.getrandbits(128):032x}",
            "token_type": "Bearer",
            "expires_in": LIFETIME,
        }
        if form["grant_type"] == ["refresh_token"]:
            token["refresh_token"] = f"fake_{self._random.getrandbits(128):032x}"
        return FakeResponse(200, msgspec.json.encode(token), headers)
