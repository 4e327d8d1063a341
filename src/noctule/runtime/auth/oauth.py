"""OAuth 2.0 for services: client credentials and refresh tokens (RFC 6749, 4.4 and 6)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote_plus, urljoin

import msgspec

from noctule.runtime import errors
from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.auth.keys import basic
from noctule.runtime.auth.renewal import TokenSession, cell_for
from noctule.runtime.auth.token import AccessToken
from noctule.runtime.encoding.query import form
from noctule.runtime.redaction.known_secrets import KNOWN
from noctule.runtime.request import Request
from noctule.runtime.secrets import secret_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.auth.token_file import TokenFile
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.request import Response
    from noctule.runtime.secrets import SecretSource

ClientAuth = Literal["basic", "body"]
"""How the client authenticates at the token endpoint (RFC 6749, 2.3.1)."""

# RFC 6749, 5.2. Other texts of an endpoint stay out of our messages.
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


@dataclass(frozen=True)
class OAuth2ClientCredentials(Auth):
    """The service acts for itself. `extra` is added to the form of the token request ("audience").
    A `token_url` may be relative to the base URL.

    With a `store`, the processes of a machine share one token.
    """

    token_url: str
    client_id: SecretSource
    client_secret: SecretSource
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = "basic"
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    store: TokenFile | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return (self.client_id, self.client_secret)

    @property
    def endpoints(self) -> tuple[str, ...]:
        return (self.token_url,)

    def at(self, base_url: str) -> Auth:
        return replace(self, token_url=self.token_url and urljoin(base_url, self.token_url))

    def bind(self, secrets: SecretValues) -> Session:
        return _session(self, secrets, {"grant_type": "client_credentials"})


@dataclass(frozen=True)
class OAuth2RefreshToken(Auth):
    """The service acts for a user who once agreed; the refresh token proves it.

    Where the provider rotates refresh tokens, give a `store`: without one, the token in the
    environment is no longer valid when the process ends. A new token in the environment replaces
    the one in the store.
    """

    token_url: str
    client_id: SecretSource
    client_secret: SecretSource
    refresh_token: SecretSource
    scopes: tuple[str, ...] = ()
    client_auth: ClientAuth = "basic"
    extra: Mapping[str, str] = field(default_factory=dict[str, str])
    store: TokenFile | None = None

    def __post_init__(self) -> None:
        _check(self)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return (self.client_id, self.client_secret, self.refresh_token)

    @property
    def endpoints(self) -> tuple[str, ...]:
        return (self.token_url,)

    def at(self, base_url: str) -> Auth:
        return replace(self, token_url=self.token_url and urljoin(base_url, self.token_url))

    def bind(self, secrets: SecretValues) -> Session:
        seed = secrets[self.refresh_token].reveal()
        return _session(self, secrets, {"grant_type": "refresh_token"}, seed)


@dataclass(frozen=True)
class _Endpoint:
    """A `Grant` that sends the same form to the token endpoint each time."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    fields: Mapping[str, str] = field(repr=False)
    seed: str = field(repr=False)
    """The first refresh token; "" for a grant without one."""

    def obtain(self, refresh: str, request: Request, clock: Clock) -> HttpSteps[AccessToken]:
        latest = (refresh or self.seed) if self.seed else ""
        fields = {**self.fields, "refresh_token": latest} if latest else self.fields
        return (yield from request_token(self.url, self.headers, fields, request, clock))


def _check(auth: OAuth2ClientCredentials | OAuth2RefreshToken) -> None:
    for source in auth.sources:
        secret_source(source, type(auth).__name__)


def _session(
    auth: OAuth2ClientCredentials | OAuth2RefreshToken,
    secrets: SecretValues,
    fields: dict[str, str],
    seed: str = "",
) -> Session:
    identifier, secret = secrets[auth.client_id].reveal(), secrets[auth.client_secret].reveal()
    fields |= auth.extra
    if auth.scopes:
        fields["scope"] = " ".join(auth.scopes)
    owner = owner_of(auth.token_url, identifier, secret, seed, *sorted(fields.items()))
    headers: dict[str, str] = {}
    if auth.client_auth == "basic":
        headers["Authorization"] = basic(quote_plus(identifier), quote_plus(secret))
    else:
        fields |= {"client_id": identifier, "client_secret": secret}
    store = auth.store.opened() if auth.store is not None else None
    cell = cell_for((owner, store), shared=secrets.shared)
    endpoint = _Endpoint(auth.token_url, headers, fields, seed)
    return Session(
        tokens=(TokenSession(cell, endpoint, store, owner),),
        fingerprint=" ".join(secrets[source].fingerprint for source in auth.sources),
    )


def owner_of(*parts: object) -> str:
    """A digest that names credentials in a token file without holding them."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def request_token(
    url: str, headers: Mapping[str, str], fields: Mapping[str, str], request: Request, clock: Clock
) -> HttpSteps[AccessToken]:
    """Ask the token endpoint, within the limits of the request that needs the token.

    Raises `ConnectionFailed`, `Unauthorized` and `InvalidResponse`.
    """
    all_headers = {
        "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
        **headers,
    }
    response: Response = yield Request("POST", url, all_headers, form(fields), request.limits)
    return _token(response, fields.get("refresh_token", ""), clock.time())


def _token(response: Response, refresh: str, now: float) -> AccessToken:
    """The token of the response (RFC 6749, 5.1), with `refresh` unless there is a new one."""
    if response.status >= 300:
        raise _error(response)
    members = _members(response)
    value = members.get("access_token")
    if not isinstance(value, str) or not value:
        raise errors.InvalidResponse("the token endpoint's response holds no access token")
    rotated = members.get("refresh_token")
    latest = rotated if isinstance(rotated, str) and rotated else refresh
    for secret in (value, latest):
        KNOWN.add(secret)
    life = _seconds(members.get("expires_in"))
    return AccessToken(value, now, None if life is None else now + life, latest)


def _seconds(life: object) -> float | None:
    """Some providers send the number as a text, some send none."""
    if isinstance(life, str) and life.isdecimal():
        return float(life)
    return max(float(life), 0.0) if isinstance(life, int | float) else None


def _error(response: Response) -> errors.ServiceError:
    status = response.status
    if status in (408, 429) or status >= 500:
        return errors.ConnectionFailed(f"it answered {status}")
    code = _members(response).get("error")
    detail = f": {code}" if code in _ERRORS else ""
    error = errors.Unauthorized(f"the token endpoint refused with {status}{detail}")
    error.status = status
    return error


def _members(response: Response) -> dict[str, Any]:
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except (ValueError, RecursionError):
        return {}
