"""When a token is used, renewed and waited for: decisions only, no I/O, `now` handed in.

fresh       use it
ageing      one caller renews it, all others go on using it
ended       one caller renews it, all others wait for that one
rejected    as ended; the token that replaces it is not rejected again within a while, so a
            provider that answers 401 to everything does not make us renew for ever
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noctule.runtime.errors import ServiceError

SAFETY = 5.0
"""Seconds before its end at which a token is no longer sent: it may end on the way."""

LATER = 10.0
"""Seconds until the next try, after an ageing token could not be renewed."""

SETTLING = 30.0
"""Seconds during which a token that replaced a rejected one is not itself replaced."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. Times are seconds since the epoch; `ends` is None when it has no end."""

    value: str = field(repr=False)
    since: float
    ends: float | None = None
    refresh: str = field(default="", repr=False)
    """The refresh token that came with it; "" when the one before it stays."""

    @property
    def ageing_from(self) -> float | None:
        """80 % of its life or 60 s before its end, whichever is first; never before half."""
        if self.ends is None:
            return None
        life = self.ends - self.since
        return self.since + max(0.5 * life, min(0.8 * life, life - 60))

    def usable(self, now: float) -> bool:
        if self.ends is None:
            return True
        return now < self.ends - min(SAFETY, 0.1 * (self.ends - self.since))


class Flight:
    """One renewal, that of the caller who got it as `mine`, or somebody else's."""

    def __init__(self) -> None:
        self.done: Future[None] = Future()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a caller does when the token at hand is not enough."""

    flight: Flight
    mine: bool


class TokenCell:
    """The token of one set of credentials, shared by tasks and threads."""

    def __init__(self, token: Token | None = None) -> None:
        self._token = token
        self._lock = Lock()
        self._flight: Flight | None = None
        self._rejected: Token | None = None
        self._replaced_at: float | None = None
        self._not_before = 0.0

    @property
    def token(self) -> Token | None:
        return self._token

    def turn(self, now: float) -> Turn | None:
        """None: use the token. Otherwise renew it, or wait for who does."""
        with self._lock:
            if self.usable(now) and not self._due(now):
                return None
            if self._flight is not None:
                return None if self.usable(now) else Turn(self._flight, mine=False)
            self._flight = Flight()
            return Turn(self._flight, mine=True)

    def usable(self, now: float) -> bool:
        token = self._token
        return token is not None and token is not self._rejected and token.usable(now)

    def land(self, flight: Flight, token: Token, now: float) -> None:
        """The renewal gave `token`."""
        with self._lock:
            forced = self._token is not None and self._token is self._rejected
            self._replaced_at = now if forced else None
            self._token = token
            self._end(flight)
        flight.done.set_result(None)

    def fail(self, flight: Flight, error: ServiceError, now: float) -> bool:
        """The renewal failed: True if the old token still serves, and nobody need know."""
        with self._lock:
            self._end(flight)
            serves = self.usable(now)
            self._not_before = now + LATER
        if serves:
            flight.done.set_result(None)
        else:
            flight.done.set_exception(error)
        return serves

    def abandon(self, flight: Flight) -> None:
        """Whoever was renewing was cancelled: the next caller takes over."""
        with self._lock:
            self._end(flight)
        if not flight.done.done():
            flight.done.set_result(None)

    def reject(self, value: str, now: float) -> bool:
        """The provider refused the token `value`: is there, or will there be, a better one?"""
        with self._lock:
            token = self._token
            if token is None or token.value != value or token is self._rejected:
                return True
            if self._replaced_at is not None and now < self._replaced_at + SETTLING:
                return False
            self._rejected = token
            return True

    def _due(self, now: float) -> bool:
        ageing = self._token.ageing_from if self._token else None
        return ageing is not None and now >= max(ageing, self._not_before)

    def _end(self, flight: Flight) -> None:
        if self._flight is flight:
            self._flight = None
