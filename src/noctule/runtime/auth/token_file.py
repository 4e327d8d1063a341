"""Where tokens outlive a process, and where processes agree on who renews them.

One JSON file of mode 0600, replaced as a whole, beside a lock file that the system releases
when its holder dies. The files are small: reading and writing them does not pause an event
loop noticeably, and happens once per renewal.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from noctule.runtime.auth.token import Token
from noctule.runtime.errors import ConfigurationError
from noctule.runtime.redaction.known_secrets import KNOWN

MAX_BYTES = 64 * 1024


class _Kept(msgspec.Struct, frozen=True):
    owner: str
    access_token: str
    since: float
    ends: float | None
    refresh_token: str


_read = msgspec.json.Decoder(_Kept).decode
"""Made here: msgspec 0.22 crashes if two threads look into a type for the first time at once."""


class FileLock:
    """Held by one process (and one thread of it) at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        os.close(self._descriptor)


@dataclass(frozen=True)
class TokenFile:
    """Tokens in a file that all processes of one machine share.

    A file that others may read is refused with `ConfigurationError`.
    """

    path: str | Path

    def lock(self) -> FileLock | None:
        """The lock, or None while somebody else holds it. Never waits."""
        try:
            import fcntl
        except ImportError:
            raise ConfigurationError("a TokenFile needs a system with flock (POSIX)") from None
        try:
            descriptor = os.open(f"{self.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._cannot("lock", error) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return FileLock(descriptor)

    def load(self, owner: str) -> Token | None:
        """The token that was saved under these credentials; None when there is none."""
        try:
            with Path(self.path).open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise ConfigurationError(f"others may read {self.path}: chmod 600 {self.path}")
                data = file.read(MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._cannot("read", error) from None
        try:
            kept = _read(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigurationError(f"{self.path} is not a token file: delete it") from None
        if kept.owner != owner:
            return None
        for value in (kept.access_token, kept.refresh_token):
            KNOWN.add(value)
        return Token(kept.access_token, kept.since, kept.ends, kept.refresh_token)

    def save(self, owner: str, token: Token) -> None:
        """Replace the file, durably, before this returns."""
        path = Path(self.path)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        kept = _Kept(owner, token.value, token.since, token.ends, token.refresh)
        try:
            descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.encode(kept))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
            _sync_folder(path.parent)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise self._cannot("write", error) from None

    def _cannot(self, verb: str, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot {verb} {self.path}: {error.strerror}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
