"""Credentials that are the same for every request."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.encoding.headers import header
from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.known_secrets import KNOWN
from noctule.runtime.secrets import SecretRef, secret_source

if TYPE_CHECKING:
    from noctule.runtime.auth.base import SecretValues
    from noctule.runtime.secrets import SecretSource


@dataclass(frozen=True)
class ApiKeyHeader(Auth):
    """The secret in a header of the provider's choice, after `prefix` (with its own space)."""

    header: str
    secret: SecretSource
    prefix: str = ""

    def __post_init__(self) -> None:
        secret_source(self.secret, type(self).__name__)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return (self.secret,)

    def bind(self, secrets: SecretValues) -> Session:
        secret = secrets[self.secret]
        value = header(self.header, self.prefix + secret.reveal())
        return Session({self.header: value}, fingerprint=secret.fingerprint)


class Bearer(ApiKeyHeader):
    """`Authorization: Bearer <secret>` (RFC 6750, 2.1)."""

    def __init__(self, secret: SecretSource) -> None:
        super().__init__("Authorization", secret, "Bearer ")


@dataclass(frozen=True)
class ApiKeyQuery(Auth):
    """The secret in the query. Proxies and servers log it: take a header where there is one."""

    parameter: str
    secret: SecretSource

    def __post_init__(self) -> None:
        secret_source(self.secret, type(self).__name__)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return (self.secret,)

    def bind(self, secrets: SecretValues) -> Session:
        secret = secrets[self.secret]
        pair = f"{quote(self.parameter, safe='')}={quote(secret.reveal(), safe='')}"
        return Session(query=pair, fingerprint=secret.fingerprint)


@dataclass(frozen=True)
class Basic(Auth):
    """User name and password (RFC 7617), in UTF-8. Many APIs put a key in one of the two.

    A user name that is not secret may be a plain text beside a password. Where the provider wants
    the password empty, leave it out, or set its variable to nothing; not to set it is an error.
    """

    username: SecretSource | str
    password: SecretSource | None = None

    def __post_init__(self) -> None:
        if self.password is not None:
            password = secret_source(self.password, "Basic, for the password,")
            if isinstance(password, SecretRef):
                object.__setattr__(self, "password", replace(password, may_be_empty=True))
        if self.password is None or not isinstance(self.username, str):
            secret_source(self.username, "Basic, for the user name,")

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        pair = (self.username, self.password)
        return tuple(item for item in pair if item is not None and not isinstance(item, str))

    def bind(self, secrets: SecretValues) -> Session:
        user = self.username
        name = user if isinstance(user, str) else secrets[user].reveal()
        password = secrets[self.password].reveal() if self.password else ""
        fingerprint = " ".join(secrets[source].fingerprint for source in self.sources)
        return Session({"Authorization": basic(name, password)}, fingerprint=fingerprint)


@dataclass(frozen=True, init=False)
class All(Auth):
    """Several at once, such as an API key and a bearer token: each request carries all of them."""

    parts: tuple[Auth, ...]

    def __init__(self, *parts: Auth) -> None:
        object.__setattr__(self, "parts", parts)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return tuple(dict.fromkeys(source for part in self.parts for source in part.sources))

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(url for part in self.parts for url in part.endpoints)

    def at(self, base_url: str) -> Auth:
        return All(*(part.at(base_url) for part in self.parts))

    def bind(self, secrets: SecretValues) -> Session:
        sessions = [part.bind(secrets) for part in self.parts]
        return Session(
            {name: value for session in sessions for name, value in session.headers.items()},
            "&".join(session.query for session in sessions if session.query),
            tuple(token for session in sessions for token in session.tokens),
            " ".join(session.fingerprint for session in sessions),
        )


class NoAuth(All):
    """No credentials: the API is public."""

    def __init__(self) -> None:
        super().__init__()


def basic(username: str, password: str) -> str:
    """The value of an Authorization header, which redaction masks from now on.

    Raises `ConfigurationError` for a user name with a colon."""
    if ":" in username:
        raise ConfigurationError("a user name of Basic authentication cannot contain a colon")
    packed = base64.b64encode(f"{username}:{password}".encode()).decode()
    KNOWN.add(packed, pinned=True)
    return f"Basic {packed}"
