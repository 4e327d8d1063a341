"""When an access token is used, renewed or waited for: decisions only, no I/O; `now` is passed in.

fresh      use it
expiring   one caller renews it, all others go on using it
expired    one caller renews it, all others wait for the renewal
rejected   like expired; but the token that replaces it is not rejected again for a while, so that
           a provider which answers 401 to everything does not make us renew without end
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from noctule.runtime import fork

if TYPE_CHECKING:
    from noctule.runtime.errors import ServiceError

EXPIRY_MARGIN = 5.0
"""Seconds before its expiry at which a token is no longer sent: it may expire on the way."""

RENEWAL_PAUSE = 10.0
"""Seconds until the next try, after an expiring token could not be renewed."""

REJECTION_PAUSE = 30.0
"""Seconds during which a token that replaced a rejected one is not itself replaced."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """Times are seconds since the epoch; `expires_at` is None for a token that never expires."""

    value: str = field(repr=False)
    issued_at: float
    expires_at: float | None = None
    refresh: str = field(default="", repr=False)
    """The refresh token that came with it; "" when there is none."""

    @property
    def renew_at(self) -> float | None:
        """80 % of its life or 60 s before its expiry, whichever is first; never before half of
        its life."""
        if self.expires_at is None:
            return None
        life = self.expires_at - self.issued_at
        return self.issued_at + max(0.5 * life, min(0.8 * life, life - 60))

    def usable(self, now: float) -> bool:
        if self.expires_at is None:
            return True
        life = self.expires_at - self.issued_at
        return now < self.expires_at - min(EXPIRY_MARGIN, 0.1 * life)


class Renewal:
    """A renewal in progress; `done` has a result, or an exception, when it has ended."""

    def __init__(self) -> None:
        self.done: Future[None] = Future()


@dataclass(frozen=True, slots=True)
class RenewalTurn:
    """What a caller without a usable token does: carry out `renewal` if it is `mine`, else wait
    for it."""

    renewal: Renewal
    mine: bool


class TokenCell:
    """The token of one set of credentials, shared by tasks and threads."""

    def __init__(self, token: AccessToken | None = None) -> None:
        self._token = token
        self._lock = Lock()
        self._renewal: Renewal | None = None
        self._rejected: AccessToken | None = None
        self._replaced_at: float | None = None
        self._not_before = 0.0
        fork.register(self)

    def after_fork(self) -> None:
        """The token stays; a renewal in progress is the parent's."""
        self._lock = Lock()
        self._renewal = None

    @property
    def token(self) -> AccessToken | None:
        return self._token

    def turn(self, now: float) -> RenewalTurn | None:
        """None: use the token. Otherwise renew it, or wait for the renewal."""
        with self._lock:
            if self.usable(now) and not self._renewal_due(now):
                return None
            if self._renewal is not None:
                return None if self.usable(now) else RenewalTurn(self._renewal, mine=False)
            self._renewal = Renewal()
            return RenewalTurn(self._renewal, mine=True)

    def usable(self, now: float) -> bool:
        token = self._token
        return token is not None and token is not self._rejected and token.usable(now)

    def complete(self, renewal: Renewal, token: AccessToken, now: float) -> None:
        """The renewal returned `token`."""
        with self._lock:
            replaces_rejected = self._token is not None and self._token is self._rejected
            self._replaced_at = now if replaces_rejected else None
            self._token = token
            self._end(renewal)
        renewal.done.set_result(None)

    def fail(self, renewal: Renewal, error: ServiceError, now: float) -> bool:
        """The renewal failed. Returns True if the old token is still usable, so that no caller
        needs to know."""
        with self._lock:
            self._end(renewal)
            usable = self.usable(now)
            self._not_before = now + RENEWAL_PAUSE
        if usable:
            renewal.done.set_result(None)
        else:
            renewal.done.set_exception(error)
        return usable

    def abandon(self, renewal: Renewal) -> None:
        """The caller that was renewing was cancelled: the next one takes over."""
        with self._lock:
            self._end(renewal)
        if not renewal.done.done():
            renewal.done.set_result(None)

    def reject(self, value: str, now: float) -> bool:
        """The provider rejected the token `value`. Returns whether a better one is there or can
        be fetched."""
        with self._lock:
            token = self._token
            if token is None or token.value != value or token is self._rejected:
                return True
            if self._replaced_at is not None and now < self._replaced_at + REJECTION_PAUSE:
                return False
            self._rejected = token
            return True

    def _renewal_due(self, now: float) -> bool:
        renew_at = self._token.renew_at if self._token else None
        return renew_at is not None and now >= max(renew_at, self._not_before)

    def _end(self, renewal: Renewal) -> None:
        if self._renewal is renewal:
            self._renewal = None
