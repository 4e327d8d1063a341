"""The inbox in one SQLite file: write-ahead log, an fsync before every answer.

It uses the SQLite library of apsw, never the interpreter's: SQLite before 3.51.3 can corrupt a
database in WAL mode when one connection resets the log while another commits (sqlite.org/wal.html,
"the WAL reset bug").
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import apsw

from noctule.webhooks.errors import InboxError
from noctule.webhooks.private_file import make_private_folder
from noctule.webhooks.store.encryption import BodyCipher
from noctule.webhooks.store.sql import SqlStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

SOUND = (3, 51, 3)
BUSY_MS = 300
ROWS = 64
"""Rows in one statement: its text stays below the 16 KB that apsw caches."""
MEMORY = ":memory:"
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "wal_autocheckpoint=4000",
    "secure_delete=ON",  # FAST leaves bodies in freed pages
)


def check_library(version: str) -> None:
    """Raise InboxError for a SQLite library that can corrupt a write-ahead log."""
    if tuple(map(int, version.split("."))) < SOUND:
        sound = ".".join(map(str, SOUND))
        raise InboxError(
            f"SQLite {version} can corrupt an inbox; apsw must include {sound} or later:"
            " pip install -U apsw"
        )


class SqliteStore(SqlStore):
    """`Store` in a file, or in memory for tests (":memory:", gone with the process)."""

    WORDS: ClassVar = {
        "serial": "INTEGER PRIMARY KEY",
        "bytes": "BLOB",
        "real": "REAL",
        "search": "CREATE VIRTUAL TABLE noctule_copy USING fts5(text)",
        "forgetting": "INSERT INTO noctule_copy (noctule_copy, rank) VALUES ('secure-delete', 1)",
        "compression": "SELECT 1",
    }

    def __init__(self, place: str) -> None:
        super().__init__()
        self.cipher = BodyCipher.from_environment()
        check_library(apsw.sqlitelibversion())
        if place != MEMORY:
            _create(Path(place))
        self._place = place
        self._connection: Any = None
        try:
            self.migrate(place)
        except InboxError:
            self.close()
            raise

    @property
    def _db(self) -> Any:
        """The connection, opened where there is none."""
        if self._connection is None:
            try:
                self._connection = apsw.Connection(self._place)
                self._connection.set_busy_timeout(BUSY_MS)
                for pragma in PRAGMAS:
                    self._connection.execute(f"PRAGMA {pragma}")
            except apsw.Error as error:
                raise InboxError(f"the inbox {self._place} cannot be opened: {error}") from None
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def disconnect(self) -> None:
        if self._place != MEMORY and self._connection and not self._connection.in_transaction:
            self.close()

    def has_schema(self) -> bool:
        sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'noctule_schema'"
        return bool(self.run(sql))

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        return list(self._db.execute(_dialect(sql), values))

    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self._db.executemany(_dialect(sql), rows)

    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows in one statement: after each statement the writer waits for the interpreter's
        lock, which may take longer than the disk."""
        left = len(rows)
        while left:
            count = min(ROWS, 1 << (left.bit_length() - 1))  # few lengths, each prepared once
            values = [value for row in rows[len(rows) - left :][:count] for value in row]
            self._db.execute(_insertion(table, tuple(columns), count), values)
            left -= count

    def numbers(self, count: int) -> Iterable[int]:
        [(last,)] = self.run("SELECT coalesce(max(seq), 0) FROM noctule_delivery")
        return range(last + 1, last + 1 + count)

    def listed(self, values: Sequence[Any]) -> str:
        return json.dumps(values)

    def reserve(self, subjects: Sequence[str]) -> set[str]:
        return set(subjects)  # a writer has the whole file

    def truncate_log(self) -> bool:
        with self.gate:
            if self._db.in_transaction:  # an inbox in memory, which has no log
                return True
            try:
                [(busy, _, _)] = self.run("PRAGMA wal_checkpoint(TRUNCATE)")
            except apsw.BusyError:
                return False
            return not busy

    def keep_copies(self, texts: Mapping[int, str]) -> None:
        self.run_many(
            "INSERT INTO noctule_copy (rowid, text) VALUES (:seq, :text)",
            [{"seq": seq, "text": text} for seq, text in texts.items()],
        )

    def transaction(self) -> AbstractContextManager[None]:
        return self._begin("BEGIN IMMEDIATE")

    def snapshot(self) -> AbstractContextManager[None]:
        return self._begin("BEGIN")

    @contextmanager
    def _begin(self, begin: str) -> Generator[None]:
        with self.gate:
            if self._db.in_transaction:
                yield
                return
            try:
                self.run(begin)
                try:
                    yield
                    self.run("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self.run("ROLLBACK")
                    raise
            except apsw.Error as error:
                raise InboxError(f"the inbox refused: {type(error).__name__}: {error}") from error


@cache
def _dialect(sql: str) -> str:
    # One writer holds the whole file, so nothing is claimed concurrently.
    words = {
        "AMONG_LIST": "IN (SELECT value FROM json_each(:list))",
        "LISTED_VALUES": "json_each(:list) AS k",
        "UNCLAIMED": "",
        "HOLDS_WORDS": "c.noctule_copy MATCH :words",
    }
    for keyword, text in words.items():
        sql = sql.replace(keyword, text)
    return sql


@cache
def _insertion(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {rows}"  # noqa: S608 - ours


def _create(path: Path) -> None:
    """Create the file and its folder, for the owner alone."""
    try:
        make_private_folder(path.parent)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise InboxError(f"the inbox {path} cannot be written: {error.strerror}") from None
