"""Renewing a token: once per set of credentials, across tasks, threads and processes."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from noctule.runtime import errors
from noctule.runtime.auth.token import TokenCell
from noctule.runtime.effects import Invoke, Sleep, Wait

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from noctule.runtime.auth.token import AccessToken, Renewal
    from noctule.runtime.auth.token_file import FileLock, TokenFile
    from noctule.runtime.clock import Clock
    from noctule.runtime.effects import HttpSteps
    from noctule.runtime.request import Request, Response

LOGGER = logging.getLogger("noctule.runtime")

MAX_WAIT = 30.0
"""Seconds to wait for the renewal of another caller, when the attempt has no timeout."""

LOCK_POLL = 0.05
"""Seconds between two tries to get the lock that another process holds."""

_CELLS: WeakValueDictionary[tuple[object, ...], TokenCell] = WeakValueDictionary()


class Grant(Protocol):
    """A way to obtain a token."""

    def obtain(self, refresh: str, request: Request, clock: Clock) -> HttpSteps[AccessToken]:
        """`refresh` is the latest refresh token; "" when there is none."""
        ...


def cell_for(identity: tuple[object, ...], *, shared: bool) -> TokenCell:
    """The process's cell for these credentials, or a new one that is not shared."""
    return _CELLS.setdefault(identity, TokenCell()) if shared else TokenCell()


class TokenSession:
    """Signs with a token that a `Grant` obtains, and keeps it current."""

    def __init__(
        self, cell: TokenCell, grant: Grant, store: TokenFile | None = None, owner: str = ""
    ) -> None:
        self._cell = cell
        self._grant = grant
        self._store = store
        self._owner = owner

    def prepare(self, request: Request, clock: Clock) -> HttpSteps[None]:
        while (turn := self._cell.turn(clock.time())) is not None:
            if turn.mine:
                return (yield from self._renew(turn.renewal, request, clock))
            done = turn.renewal.done
            yield Wait(request.limits.total or MAX_WAIT, partial(_when_done, done))
            if not done.done():
                raise errors.ConnectionFailed("another call is still fetching a token")
            failure = done.exception()
            if isinstance(failure, errors.ServiceError):
                # Each caller gets its own error, since it holds the facts of one call.
                raise type(failure)(*failure.args)

    def apply(self, request: Request) -> None:
        token = self._cell.token
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token.value}"

    def reject(self, request: Request, response: Response, clock: Clock) -> bool:
        del response
        value = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._cell.reject(value, clock.time())

    def _renew(self, renewal: Renewal, request: Request, clock: Clock) -> HttpSteps[None]:
        try:
            token = yield from self._obtain(request, clock)
        except errors.ServiceError as error:
            reported = _before_the_call(error)
            if not self._cell.fail(renewal, reported, clock.time()):
                raise reported from None
        except BaseException:
            # Cancelled: the driver has closed this generator.
            self._cell.abandon(renewal)
            raise
        else:
            self._cell.complete(renewal, token, clock.time())

    def _obtain(self, request: Request, clock: Clock) -> HttpSteps[AccessToken]:
        current = self._cell.token
        if self._store is None:
            refresh = current.refresh if current else ""
            return (yield from self._grant.obtain(refresh, request, clock))
        lock = yield from _lock(self._store, request, clock)
        try:
            stored: AccessToken | None = yield Invoke(self._store.load, (self._owner,))
            # Another process renewed it while this one waited for the lock.
            if stored is not None and stored.usable(clock.time()) and stored != current:
                return stored
            latest = stored or current
            refresh = latest.refresh if latest else ""
            token = yield from self._grant.obtain(refresh, request, clock)
            yield from self._save(token, self._store)
            return token
        finally:
            lock.release()

    def _save(self, token: AccessToken, store: TokenFile) -> HttpSteps[None]:
        """Before its first use: a rotated refresh token exists nowhere else."""
        try:
            yield Invoke(store.save, (self._owner, token))
        except errors.ConfigurationError as error:
            # The token is valid all the same: raising would stop the service now, not later.
            LOGGER.warning("a new token is not on disk and is lost with this process: %s", error)


def _when_done(done: Future[None], wake: Callable[[], None]) -> bool:
    done.add_done_callback(lambda _: wake())
    return done.done()


def _lock(store: TokenFile, request: Request, clock: Clock) -> HttpSteps[FileLock]:
    until = clock.monotonic() + (request.limits.total or MAX_WAIT)
    while True:
        lock: FileLock | None = yield Invoke(store.lock, ())
        if lock is not None:
            return lock
        if clock.monotonic() >= until:
            raise errors.ConnectionFailed("another process is still fetching a token")
        yield Sleep(LOCK_POLL)


def _before_the_call(error: errors.ServiceError) -> errors.ServiceError:
    """The error of a token request, as one before the call's own request was sent: that may be
    sent again."""
    if isinstance(error, errors.ConnectionFailed | errors.TimedOut):
        untold = "no answer in time" if isinstance(error, errors.TimedOut) else "no connection"
        return errors.ConnectionFailed(
            f"the token endpoint: {error.args[0] if error.args else untold}"
        )
    return error
