"""Credentials that stay the same from one request to the next."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from noctule.runtime.auth.base import Auth, Session
from noctule.runtime.encoding.headers import header
from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.known_secrets import KNOWN
from noctule.runtime.secrets import secret_source

if TYPE_CHECKING:
    from noctule.runtime.auth.base import Held
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

    def bind(self, held: Held) -> Session:
        secret = held[self.secret]
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

    def bind(self, held: Held) -> Session:
        secret = held[self.secret]
        pair = f"{quote(self.parameter, safe='')}={quote(secret.reveal(), safe='')}"
        return Session(query=pair, fingerprint=secret.fingerprint)


@dataclass(frozen=True)
class Basic(Auth):
    """User name and password (RFC 7617), in UTF-8. Many APIs put a key in one of the two.

    A user name that is no secret may be a plain text beside a password. Leave out the password
    where the provider wants it empty.
    """

    username: SecretSource | str
    password: SecretSource | None = None

    def __post_init__(self) -> None:
        if self.password is not None:
            secret_source(self.password, "Basic, for the password,")
        if self.password is None or not isinstance(self.username, str):
            secret_source(self.username, "Basic, for the user name,")

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        named = (self.username, self.password)
        return tuple(one for one in named if one is not None and not isinstance(one, str))

    def bind(self, held: Held) -> Session:
        user = self.username
        name = user if isinstance(user, str) else held[user].reveal()
        password = held[self.password].reveal() if self.password else ""
        fingerprint = " ".join(held[source].fingerprint for source in self.sources)
        return Session({"Authorization": basic(name, password)}, fingerprint=fingerprint)


@dataclass(frozen=True, init=False)
class All(Auth):
    """Several at once, such as an API key and a bearer token: a request carries them all."""

    parts: tuple[Auth, ...]

    def __init__(self, *parts: Auth) -> None:
        object.__setattr__(self, "parts", parts)

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        return tuple(dict.fromkeys(source for part in self.parts for source in part.sources))

    def bind(self, held: Held) -> Session:
        sessions = [part.bind(held) for part in self.parts]
        return Session(
            {name: value for each in sessions for name, value in each.headers.items()},
            "&".join(each.query for each in sessions if each.query),
            tuple(token for each in sessions for token in each.tokens),
            " ".join(each.fingerprint for each in sessions),
        )


class NoAuth(All):
    """The API is open to all."""

    def __init__(self) -> None:
        super().__init__()


def basic(username: str, password: str) -> str:
    """The value of an Authorization header; from now on no redacted text shows it."""
    if ":" in username:
        raise ConfigurationError("a user name of Basic authentication cannot hold a colon")
    packed = base64.b64encode(f"{username}:{password}".encode()).decode()
    KNOWN.add(packed, pinned=True)
    return f"Basic {packed}"
