"""Who we are to a provider: keys, Basic, bearer tokens, OAuth2, signed assertions.

Secrets are named, never written: `Bearer(env("STRIPE_SECRET_KEY"))`. A literal raises
`LiteralSecret`.

A service opens its `Auth` once, which reads the secrets, and then for each attempt:

    session = config.auth.open()                      # MissingSecrets names all
    ...
    yield from session.prepare(request, clock)        # Request: send it; Wait: wait
    session.apply(request)
    response = yield request
    if response.status == 401 and session.refused(request, clock):
        ...                                           # once more, with a copy of the request
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from noctule.runtime.auth.base import Auth, Session, Wait
from noctule.runtime.auth.keys import All, ApiKeyHeader, ApiKeyQuery, Basic, Bearer, NoAuth

if TYPE_CHECKING:
    from noctule.runtime.auth.jwt import JwtAssertion
    from noctule.runtime.auth.oauth import OAuth2ClientCredentials, OAuth2RefreshToken
    from noctule.runtime.auth.token_file import TokenFile

__all__ = [
    "All",
    "ApiKeyHeader",
    "ApiKeyQuery",
    "Auth",
    "Basic",
    "Bearer",
    "JwtAssertion",
    "NoAuth",
    "OAuth2ClientCredentials",
    "OAuth2RefreshToken",
    "Session",
    "TokenFile",
    "Wait",
]

# A service with a plain key, which is most of them, does not pay for tokens.
_LATER = {
    "JwtAssertion": "jwt",
    "OAuth2ClientCredentials": "oauth",
    "OAuth2RefreshToken": "oauth",
    "TokenFile": "token_file",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
