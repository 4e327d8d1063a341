"""The provider's token endpoint, for wrappers that request an access token first."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from noctule.apidoc import sample
from noctule.apidoc.values.fits import fits
from noctule.json_types import as_dict
from noctule.sandbox.http.connection import FakeResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noctule.apidoc import ApiDocument, Schema
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
        self._of_pack = pack is not None and pack.auth is not None
        if pack is not None and pack.auth is not None:
            urls.append(pack.auth.token_url)
        self._answers = tuple(_answers(document)) if urls else ()
        self._paths = {f"/{urlsplit(url).path.lstrip('/')}" for url in urls if url}
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """Start again from the first token."""
        self._random = random.Random(self._seed)  # noqa: S311  (tokens of a fake provider)
        self._scopes: dict[str, frozenset[str]] = {}

    def scopes(self, token: str) -> frozenset[str] | None:
        """The scopes that a token was requested with; None where it is none of ours, or where its
        scopes were granted elsewhere (by the user's consent, or inside an assertion)."""
        return self._scopes.get(token)

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
        token = {
            "access_token": f"fake_{self._random.getrandbits(128):032x}",
            "token_type": "Bearer",
            "expires_in": LIFETIME,
        }
        asked = " ".join(form.get("scope", [])).split()
        alone = form["grant_type"] == ["client_credentials"] and not self._of_pack
        if asked or alone:
            self._scopes[str(token["access_token"])] = frozenset(asked)
        if form["grant_type"] == ["refresh_token"]:
            token["refresh_token"] = f"fake_{self._random.getrandbits(128):032x}"
        return FakeResponse(200, msgspec.json.encode(self._as_documented(request, token)), headers)

    def _as_documented(self, request: IncomingRequest, token: dict[str, Any]) -> dict[str, Any]:
        """The answer with what else the document requires of it, in the document's spelling."""
        path = request.target.partition("?")[0]
        described = [(each, schema) for each, schema in self._answers if path.endswith(each)]
        if not described:
            return token
        _, schema = max(described, key=lambda pair: len(pair[0]))
        known = {name: _spelt(schema.properties.get(name), value) for name, value in token.items()}
        return {**as_dict(sample(schema, depth=0)), **known}


def _answers(document: ApiDocument) -> Iterator[tuple[str, Schema]]:
    """Path -> the answer to a POST, where it is an access token."""
    for operation in document.operations.values():
        success = operation.success if operation.method == "POST" else None
        schema = success.schema if success is not None else None
        if schema is not None and "access_token" in schema.properties:
            yield operation.path, schema


def _spelt(schema: Schema | None, value: Any) -> Any:
    """`value` as the document writes it: case says nothing in `token_type` (RFC 6749, 5.1)."""
    if schema is None or fits(schema, value):
        return value
    folded = str(value).casefold()
    same = (each for each in schema.enum if isinstance(each, str) and each.casefold() == folded)
    return next((each for each in (*same, str(value)) if fits(schema, each)), value)
