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

from noctule.runtime.auth.assertion import JwtAssertion
from noctule.runtime.auth.base import Auth, Session, Wait
from noctule.runtime.auth.keys import All, ApiKeyHeader, ApiKeyQuery, Basic, Bearer, NoAuth
from noctule.runtime.auth.oauth import OAuth2ClientCredentials, OAuth2RefreshToken
from noctule.runtime.auth.store import TokenFile

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
