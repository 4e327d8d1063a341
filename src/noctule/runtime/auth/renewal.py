"""Renewing a token: one at a time per set of credentials, across tasks, threads and processes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from noctule.runtime import errors
from noctule.runtime.auth.base import Wait
from noctule.runtime.auth.token import TokenCell

if TYPE_CHECKING:
    from collections.abc import Generator

    from noctule.runtime.auth.token import Flight, Token
    from noctule.runtime.auth.token_file import FileLock, TokenFile
    from noctule.runtime.clock import Clock
    from noctule.runtime.request import Request, Response

LOGGER = logging.getLogger("noctule.runtime")

LONGEST_WAIT = 30.0
"""Seconds for somebody else's renewal, when the attempt has no timeout of its own."""

LOCK_POLL = 0.05
"""Seconds between two looks at the lock of another process."""

_CELLS: WeakValueDictionary[tuple[object, ...], TokenCell] = WeakValueDictionary()


class Grant(Protocol):
    """How a token is got."""

    def obtain(
        self, refresh: str, request: Request, clock: Clock
    ) -> Generator[Request | Wait, Response, Token]:
        """Ask for one. `refresh` is the latest refresh token, if any."""
        ...


def cell_for(identity: tuple[object, ...], *, shared: bool) -> TokenCell:
    """The process's cell for these credentials, or one that nobody else has."""
    return _CELLS.setdefault(identity, TokenCell()) if shared else TokenCell()


class TokenSession:
    """Signs with a token that a `Grant` gives, and keeps it current."""

    def __init__(
        self, cell: TokenCell, grant: Grant, store: TokenFile | None = None, owner: str = ""
    ) -> None:
        self._cell = cell
        self._grant = grant
        self._store = store
        self._owner = owner

    def prepare(self, request: Request, clock: Clock) -> Generator[Request | Wait, Response, None]:
        while (turn := self._cell.turn(clock.time())) is not None:
            if turn.mine:
                return (yield from self._renew(turn.flight, request, clock))
            yield Wait(request.limits.total or LONGEST_WAIT, turn.flight.done)
            if not turn.flight.done.done():
                raise errors.ConnectionFailed("another call is still fetching a token")
            failure = turn.flight.done.exception()
            if isinstance(failure, errors.ServiceError):
                # Each caller gets its own: an error carries the facts of one call.
                raise type(failure)(*failure.args)

    def apply(self, request: Request) -> None:
        token = self._cell.token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.value}"

    def refused(self, request: Request, clock: Clock) -> bool:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._cell.reject(sent, clock.time())

    def _renew(
        self, flight: Flight, request: Request, clock: Clock
    ) -> Generator[Request | Wait, Response, None]:
        try:
            token = yield from self._obtain(request, clock)
        except errors.ServiceError as error:
            told = _before_the_call(error)
            if not self._cell.fail(flight, told, clock.time()):
                raise told from None
        except BaseException:
            # Cancelled: the driver has closed this generator.
            self._cell.abandon(flight)
            raise
        else:
            self._cell.land(flight, token, clock.time())

    def _obtain(self, request: Request, clock: Clock) -> Generator[Request | Wait, Response, Token]:
        held = self._cell.token
        if self._store is None:
            return (yield from self._grant.obtain(held.refresh if held else "", request, clock))
        lock = yield from _locked(self._store, request, clock)
        try:
            kept = self._store.load(self._owner)
            # Another process renewed it while this one waited.
            if kept is not None and kept.usable(clock.time()) and kept != held:
                return kept
            latest = kept or held
            refresh = latest.refresh if latest else ""
            token = yield from self._grant.obtain(refresh, request, clock)
            self._keep(token)
            return token
        finally:
            lock.release()

    def _keep(self, token: Token) -> None:
        """Saved before its first use: a rotated refresh token exists nowhere else."""
        if self._store is None:
            return
        try:
            self._store.save(self._owner, token)
        except errors.ConfigurationError as error:
            # The token works all the same; without it the service would stop now, not later.
            LOGGER.warning("a new token is not on disk and is lost with this process: %s", error)


def _locked(
    store: TokenFile, request: Request, clock: Clock
) -> Generator[Request | Wait, Response, FileLock]:
    until = clock.monotonic() + (request.limits.total or LONGEST_WAIT)
    while (lock := store.lock()) is None:
        if clock.monotonic() >= until:
            raise errors.ConnectionFailed("another process is still fetching a token")
        yield Wait(LOCK_POLL)
    return lock


def _before_the_call(error: errors.ServiceError) -> errors.ServiceError:
    """Whatever happened, the request itself was not sent, so it may be sent again."""
    if isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        reason = "no answer in time" if isinstance(error, errors.TimedOut) else str(error)
        return errors.ConnectionFailed(f"the token endpoint: {reason}")
    return error
