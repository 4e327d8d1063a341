"""Authentication: keys, Basic, Digest, bearer tokens, OAuth2, signed assertions.

Secrets are named, never written: `Bearer(env("STRIPE_SECRET_KEY"))`. A literal raises
`LiteralSecret`.

A service opens its `Auth` once, which reads the secrets. Then, for each attempt:

    session = config.auth.open()                      # raises MissingSecrets
    ...
    yield from session.prepare(request, clock)        # yields requests and waits
    session.apply(request)
    response = yield request
    if response.status == 401 and session.reject(request, response, clock):
        ...                                           # once more, with a copy of the request
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.auth.keys import All, ApiKeyHeader, ApiKeyQuery, Basic, Bearer, NoAuth

if TYPE_CHECKING:
    from noctule.runtime.auth.aws_sigv4 import AwsSigV4
    from noctule.runtime.auth.digest import Digest
    from noctule.runtime.auth.jwt import JwtAssertion
    from noctule.runtime.auth.oauth import OAuth2ClientCredentials, OAuth2RefreshToken
    from noctule.runtime.auth.signing import Signed
    from noctule.runtime.auth.token_file import TokenFile

__all__ = [
    "All",
    "ApiKeyHeader",
    "ApiKeyQuery",
    "Auth",
    "AwsSigV4",
    "Basic",
    "Bearer",
    "Digest",
    "JwtAssertion",
    "NoAuth",
    "OAuth2ClientCredentials",
    "OAuth2RefreshToken",
    "Session",
    "Signed",
    "TokenFile",
]

# Most services have a plain key and need not import the code of tokens.
_LATER = {
    "AwsSigV4": "aws_sigv4",
    "Digest": "digest",
    "JwtAssertion": "jwt",
    "OAuth2ClientCredentials": "oauth",
    "OAuth2RefreshToken": "oauth",
    "Signed": "signing",
    "TokenFile": "token_file",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
