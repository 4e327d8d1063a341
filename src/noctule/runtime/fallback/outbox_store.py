"""The messages of an outbox and their store: one interface, SQLite by default."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from noctule.runtime import fork

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noctule.runtime.operation import RetryMode

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    number    INTEGER PRIMARY KEY,
    service   TEXT NOT NULL,
    operation TEXT NOT NULL,
    method    TEXT NOT NULL,
    target    TEXT NOT NULL,
    headers   TEXT NOT NULL,
    content   BLOB NOT NULL,
    retry     TEXT NOT NULL,
    key       TEXT,
    created_at REAL NOT NULL,
    due       REAL NOT NULL,
    tries     INTEGER NOT NULL DEFAULT 0,
    dead      TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS message_due ON message (service, due) WHERE dead IS NULL;
"""


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One write that waits to be sent. Its repr shows neither target nor content."""

    service: str
    operation: str
    method: str
    target: str
    """Path and query."""
    headers: dict[str, str]
    """Without credentials."""
    content: bytes
    retry: RetryMode
    key: str | None
    """The idempotency key of the first attempt."""
    created_at: float
    """Seconds since the epoch."""
    number: int = 0
    tries: int = 0

    def __repr__(self) -> str:
        return f"OutboxMessage({self.number}, {self.service}.{self.operation}, tries={self.tries})"


class OutboxStore(Protocol):
    """Where messages are stored. Each method is durable when it returns, and may block."""

    def put(self, message: OutboxMessage) -> None: ...

    def take(self, service: str, now: float, lease: float) -> OutboxMessage | None:
        """The oldest message of `service` that is due; nobody else gets it for `lease` seconds.
        `now`: seconds since the epoch."""
        ...

    def delivered(self, message: OutboxMessage) -> None:
        """Delete it."""
        ...

    def postpone(self, message: OutboxMessage, due: float) -> None: ...

    def mark_dead(self, message: OutboxMessage, reason: str) -> None:
        """Do not take it again, except after `retry_dead`."""
        ...

    def dead(self) -> Sequence[tuple[OutboxMessage, str]]:
        """The messages that were marked dead, each with its reason."""
        ...

    def retry_dead(self, message: OutboxMessage) -> None:
        """Try a dead message again."""
        ...


PUT = """
INSERT INTO message
    (service, operation, method, target, headers, content, retry, key, created_at, due)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
"""

TAKE = """
UPDATE message SET due = ?, tries = tries + 1
WHERE number = (
    SELECT number FROM message WHERE service = ? AND due <= ? AND dead IS NULL
    ORDER BY number LIMIT 1)
RETURNING
    service, operation, method, target, headers, content, retry, key, created_at, number, tries
"""

DEAD = """
SELECT
    service, operation, method, target, headers, content, retry, key, created_at, number, tries,
    dead
FROM message WHERE dead IS NOT NULL ORDER BY number
"""


class SqliteOutboxStore:
    """One file, readable by its owner only; several processes may share it."""

    def __init__(self, path: Path | str) -> None:
        self._path = Path(path)
        self._lock = Lock()
        self._connection: Any = None
        fork.register(self)

    def after_fork(self) -> None:
        """A connection of SQLite must not be used, nor closed, by another process."""
        self._lock = Lock()
        fork.abandon(self._connection)
        self._connection = None

    def put(self, message: OutboxMessage) -> None:
        self._run(
            PUT,
            (
                message.service,
                message.operation,
                message.method,
                message.target,
                json.dumps(message.headers),
                message.content,
                message.retry,
                message.key,
                message.created_at,
            ),
        )

    def take(self, service: str, now: float, lease: float) -> OutboxMessage | None:
        rows = self._run(TAKE, (now + lease, service, now))
        return _message(rows[0]) if rows else None

    def delivered(self, message: OutboxMessage) -> None:
        self._run("DELETE FROM message WHERE number = ?", (message.number,))

    def postpone(self, message: OutboxMessage, due: float) -> None:
        self._run("UPDATE message SET due = ? WHERE number = ?", (due, message.number))

    def mark_dead(self, message: OutboxMessage, reason: str) -> None:
        self._run("UPDATE message SET dead = ? WHERE number = ?", (reason, message.number))

    def dead(self) -> list[tuple[OutboxMessage, str]]:
        rows = self._run(DEAD)
        return [(_message(row[:-1]), row[-1]) for row in rows]

    def retry_dead(self, message: OutboxMessage) -> None:
        self._run("UPDATE message SET dead = NULL, due = 0 WHERE number = ?", (message.number,))

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _run(self, statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with self._lock:
            if self._connection is None:
                self._connection = _connect(self._path)
            rows: list[Any] = list(self._connection.execute(statement, values))
            return rows


def _connect(path: Path) -> Any:
    import apsw

    path.touch(mode=0o600)
    connection: Any = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", SCHEMA):
        list(connection.execute(statement))
    return connection


def _message(row: tuple[Any, ...]) -> OutboxMessage:
    service, operation, method, target, headers, *rest = row
    return OutboxMessage(service, operation, method, target, json.loads(headers), *rest)
