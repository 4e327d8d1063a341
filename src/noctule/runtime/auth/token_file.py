"""The token file: keeps tokens beyond the life of a process, and lets one process renew them.

One JSON file of mode 0600, replaced as a whole, and a lock file that the system unlocks when its
process dies. The drivers call these methods (`effects.Invoke`), on the event loop too: the files
are small, and are read and written once per renewal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from noctule.runtime import fork
from noctule.runtime.auth.token import AccessToken
from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.known_secrets import KNOWN

MAX_BYTES = 64 * 1024


class _StoredToken(msgspec.Struct, frozen=True):
    owner: str
    access_token: str
    issued_at: float
    expires_at: float | None
    refresh_token: str


_decode = msgspec.json.Decoder(_StoredToken).decode
"""Created here: msgspec 0.22 crashes if two threads inspect a type for the first time at once."""


class FileLock:
    """A lock that one thread of one process has at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        fork.register(self)

    def release(self) -> None:
        import fcntl

        if self._descriptor >= 0:
            # Closing it would not do, while a forked child has a copy of the descriptor.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
            os.close(self._descriptor)
            self._descriptor = -1

    def after_fork(self) -> None:
        """The lock is the parent's, and must end with it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass(frozen=True)
class TokenFile:
    """Tokens in a file that all processes of one machine share.

    Its methods raise `ConfigurationError`, for a file that other users may read as well.
    """

    path: str | Path = ""
    variable: str = ""
    """The environment variable with the path; where it is not set, tokens are kept in memory."""

    def __post_init__(self) -> None:
        if bool(self.path) == bool(self.variable):
            raise ConfigurationError("a TokenFile takes a path, or the variable that has it")

    def opened(self) -> TokenFile | None:
        """The file with its path; None where its variable is not set."""
        if self.path:
            return self
        path = os.environ.get(self.variable, "").strip()
        return TokenFile(path) if path else None

    def lock(self) -> FileLock | None:
        """The lock; None while somebody else has it. Never waits."""
        try:
            import fcntl
        except ImportError:
            raise ConfigurationError("a TokenFile needs a system with flock (POSIX)") from None
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._failure("lock", error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return FileLock(descriptor)

    def load(self, owner: str) -> AccessToken | None:
        """The token that was saved under these credentials; None when there is none."""
        try:
            with Path(self.path).open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise ConfigurationError(
                        f"other users may read {self.path}: run chmod 600 {self.path}"
                    )
                data = file.read(MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failure("read", error) from None
        try:
            stored = _decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigurationError(f"{self.path} is not a token file: delete it") from None
        if stored.owner != owner:
            return None
        for value in (stored.access_token, stored.refresh_token):
            KNOWN.add(value)
        return AccessToken(
            stored.access_token, stored.issued_at, stored.expires_at, stored.refresh_token
        )

    def save(self, owner: str, token: AccessToken) -> None:
        """Replace the file; the new one is on disk when this returns."""
        path = Path(self.path)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        stored = _StoredToken(owner, token.value, token.issued_at, token.expires_at, token.refresh)
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(stored))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise self._failure("write", error) from None

    def _failure(self, verb: str, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot {verb} {self.path}: {error.strerror}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
