"""Authentication: declared once in a config as an `Auth`, opened by each service as a `Session`.

The declaration only names secrets. Opening it reads them; the session then signs requests. A
session does no I/O: it yields the requests and waits that a driver carries out, so that the async
and the sync service share the code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from noctule.runtime.secrets import read_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.request import Request, Response
    from noctule.runtime.secrets import Secret, SecretSource


class RenewableCredential(Protocol):
    """A credential that is fetched, and that expires."""

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]: ...

    def apply(self, request: Request) -> None: ...

    def reject(self, request: Request, response: Response, clock: Clock) -> bool: ...


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials in use: what they add to every request."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    query: str = field(default="", repr=False)
    """Already encoded."""
    tokens: tuple[RenewableCredential, ...] = field(default=(), repr=False)
    fingerprint: str = ""
    """Equal for equal credentials within this process: part of the key of a `ProviderState`."""

    @property
    def has_credentials(self) -> bool:
        return bool(self.headers or self.query or self.tokens)

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]:
        """Make the credentials current: before `apply`, and again after `reject` returned True.

        Yields requests to send, and waits; errors of a request are thrown in. `request` is the
        one to be signed; its limits apply to those requests too. Close this generator when its
        driver is cancelled.
        """
        for token in self.tokens:
            yield from token.prepare(request, clock)

    def apply(self, request: Request) -> None:
        """Put the credentials into `request`, beside its own cookies."""
        cookies = request.headers.get("Cookie")
        request.headers.update(self.headers)
        if cookies and "Cookie" in self.headers:
            request.headers["Cookie"] = f"{cookies}; {self.headers['Cookie']}"
        if self.query:
            request.url += ("&" if "?" in request.url else "?") + self.query
        for token in self.tokens:
            token.apply(request)

    def reject(self, request: Request, response: Response, clock: Clock) -> bool:
        """The provider answered `request` with a 401. Returns whether to sign and send it again."""
        renewable = [token.reject(request, response, clock) for token in self.tokens]
        return any(renewable)


class SecretValues:
    """The secrets that were read, by their source."""

    def __init__(self, secrets: Mapping[str, Secret], *, shared: bool) -> None:
        self._secrets = secrets
        self.shared = shared

    def __getitem__(self, source: SecretSource) -> Secret:
        return self._secrets[source.name]


class Auth(ABC):
    """How a service authenticates at its provider."""

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        """Where its secrets come from."""
        return ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the environment variables it reads."""
        return tuple(source.name for source in self.sources)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Other URLs than the API's that get secrets: where tokens are fetched."""
        return ()

    def at(self, base_url: str) -> Auth:
        """This, with addresses that are relative to `base_url` made absolute."""
        del base_url
        return self

    def open(self, *, shared: bool = True) -> Session:
        """Read the secrets; raises `MissingSecrets` naming all that are missing.

        Sessions that fetch tokens share them within the process, unless `shared` is False.
        """
        return self.bind(SecretValues(read_all(self.sources), shared=shared))

    @abstractmethod
    def bind(self, secrets: SecretValues) -> Session:
        """The session with these secrets."""
