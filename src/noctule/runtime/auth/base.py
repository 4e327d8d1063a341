"""What an authentication is: declared once in a config, opened by each service.

The declaration names secrets and does nothing. Opened, it has read them and is a `Session`,
which signs requests. A session does no I/O of its own: what it needs done it yields, so that
the async and the sync service drive the same code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from noctule.runtime.secrets import read_all

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from concurrent.futures import Future

    from noctule.runtime.clock import Clock
    from noctule.runtime.request import Request, Response
    from noctule.runtime.secrets import Secret, SecretSource


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until `done` has a result, and at most `seconds`; without `done`, just `seconds`."""

    seconds: float
    done: Future[None] | None = None

    async def awaited(self, clock: Clock) -> None:
        if self.done is None:
            return await clock.sleep(self.seconds)
        import asyncio

        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake(_: Future[None]) -> None:
            # The loop may be gone when it is a thread that renews.
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        self.done.add_done_callback(wake)
        with suppress(TimeoutError), clock.timeout(self.seconds):
            await woken.wait()
        return None

    def blocked(self, clock: Clock) -> None:
        if self.done is None:
            return clock.block(self.seconds)
        with suppress(TimeoutError):
            self.done.exception(clock.real(self.seconds))
        return None


class Renewable(Protocol):
    """A credential that has to be fetched, and that ends."""

    def prepare(
        self, request: Request, clock: Clock
    ) -> Generator[Request | Wait, Response, None]: ...

    def apply(self, request: Request) -> None: ...

    def refused(self, request: Request, clock: Clock) -> bool: ...


@dataclass(frozen=True, slots=True)
class Session:
    """Credentials in use: what they put into every request."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    query: str = field(default="", repr=False)
    """Encoded already."""
    tokens: tuple[Renewable, ...] = field(default=(), repr=False)
    fingerprint: str = ""
    """The same for the same credentials within this process: part of a breaker's key."""

    def prepare(self, request: Request, clock: Clock) -> Generator[Request | Wait, Response, None]:
        """Make the credentials current: before `apply`, and again after `refused` said True.

        Yields requests to send, whose answers (or errors, thrown in) it wants back, and waits.
        `request` is the one to be signed; its limits hold for those requests too. Close this
        generator when its driver is cancelled.
        """
        for token in self.tokens:
            yield from token.prepare(request, clock)

    def apply(self, request: Request) -> None:
        """Put the credentials into `request`."""
        request.headers.update(self.headers)
        if self.query:
            request.url += ("&" if "?" in request.url else "?") + self.query
        for token in self.tokens:
            token.apply(request)

    def refused(self, request: Request, clock: Clock) -> bool:
        """The provider answered 401 to `request`: is it worth signing and sending it anew?"""
        answers = [token.refused(request, clock) for token in self.tokens]
        return any(answers)


class Held:
    """The secrets that were read, for those who named them."""

    def __init__(self, secrets: Mapping[str, Secret], *, shared: bool) -> None:
        self._secrets = secrets
        self.shared = shared

    def __getitem__(self, source: SecretSource) -> Secret:
        return self._secrets[source.name]


class Auth(ABC):
    """How a provider knows who is calling."""

    @property
    def sources(self) -> tuple[SecretSource, ...]:
        """Where its secrets come from."""
        return ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the environment variables it reads."""
        return tuple(source.name for source in self.sources)

    def open(self, *, shared: bool = True) -> Session:
        """Read the secrets; raises `MissingSecrets` naming all that are missing.

        Sessions that fetch tokens share them within the process, unless `shared` is False.
        """
        return self.bind(Held(read_all(self.sources), shared=shared))

    @abstractmethod
    def bind(self, held: Held) -> Session:
        """The session with these secrets."""
