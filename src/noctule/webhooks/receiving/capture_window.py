"""A window in which one unsigned message may bring the secret that later ones are signed with.

Notion and Asana send it to the endpoint itself, where nothing can prove yet that it is theirs. So
an operator opens a window, asks the provider to subscribe, and reads what came; the first secret
closes the window, and nobody's is taken while it is shut. The secret then goes where the others
are, into the environment: nothing here makes a receiver trust it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from noctule.webhooks.errors import Reason, Rejection

FOLDER = Path(".noctule", "enrolment")
SECONDS = 600.0
LONGEST = 512


def checked(secret: str) -> str:
    """The secret, if it can be one. Raises Rejection."""
    if not 8 <= len(secret) <= LONGEST or not secret.isprintable():
        raise Rejection(Reason.MISSING_FIELD, "secret")
    return secret


class _State(msgspec.Struct):
    until: float
    secret: str = ""


class Enrolment:
    """The window of one route: a file that its owner alone can read, beside the inbox.

    `folder` is `NOCTULE_ENROLMENT`, else `.noctule/enrolment`. Times are seconds since the epoch.
    """

    def __init__(self, route: str, folder: Path | None = None) -> None:
        place = folder or Path(os.environ.get("NOCTULE_ENROLMENT") or FOLDER)
        self._file = place / f"{route.replace(os.sep, '_')}.json"

    def open(self, now: float, seconds: float = SECONDS) -> None:
        """Wait for a secret, for so long; an earlier one is forgotten."""
        self._write(_State(now + seconds))

    def close(self) -> None:
        """Wait no longer, and forget what came."""
        self._file.unlink(missing_ok=True)

    def is_open(self, now: float) -> bool:
        state = self._read()
        return state is not None and now < state.until and not state.secret

    @property
    def secret(self) -> str:
        """What came; "" if nothing did."""
        state = self._read()
        return state.secret if state else ""

    def take(self, secret: str, now: float) -> None:
        """Keep the secret and close the window. Raises Rejection while it is shut."""
        if not self.is_open(now):
            raise Rejection(Reason.ENROLMENT_CLOSED)
        self._write(_State(now, checked(secret)))

    def _read(self) -> _State | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=_State)
        except (OSError, ValueError):
            return None

    def _write(self, state: _State) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        staged = self._file.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            staged.unlink()
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(state))
        staged.replace(self._file)
