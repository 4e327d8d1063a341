"""The inbox in PostgreSQL, shared by any number of receiving and working hosts.

A delivery is answered after a commit with `synchronous_commit = on`, whatever the server's default.
If two hosts store the same event at once, a unique index gives the second one a conflict; its group
is then classified again with what the first one stored.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

try:
    import psycopg
    from psycopg.pq import TransactionStatus
except ImportError as error:
    raise ImportError(
        "an inbox in PostgreSQL needs psycopg: pip install 'noctule[postgres]'"
    ) from error

from noctule.webhooks.errors import EventConflict, InboxError
from noctule.webhooks.store.encryption import BodyCipher
from noctule.webhooks.store.queries import words_of
from noctule.webhooks.store.sql import SqlStore

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

CONNECT_SECONDS = 5
OPTIONS = "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=10s"
CONFLICTS = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
MIGRATING = 0x6E6F6374
"""Key of the advisory lock for changes of the schema."""
SUBJECTS = 0x6E6F
"""Seed of the advisory locks that make workers claim events of a subject one at a time."""


class PostgresStore(SqlStore):
    """`Store` in the database at `place`, a `postgresql://` address, in tables `noctule_…`."""

    WORDS: ClassVar = {
        "serial": "BIGSERIAL PRIMARY KEY",
        "bytes": "BYTEA",
        "real": "DOUBLE PRECISION",
        "search": """CREATE TABLE noctule_copy (
            rowid BIGINT PRIMARY KEY, text TEXT NOT NULL, words TSVECTOR NOT NULL);
            CREATE INDEX noctule_copy_words ON noctule_copy USING GIN (words)""",
        "forgetting": "SELECT 1",
    }

    def __init__(self, place: str) -> None:
        super().__init__()
        self.cipher = BodyCipher.from_environment()
        self._place = place
        self._db = self._connect()
        try:
            with self.transaction():
                self.run("SELECT pg_advisory_xact_lock(:key)", {"key": MIGRATING})
                self.migrate("in PostgreSQL")
        except InboxError:
            self.close()
            raise

    def close(self) -> None:
        self._db.close()

    def disconnect(self) -> None:
        if self._db.info.transaction_status == TransactionStatus.IDLE:
            self._db.close()

    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        cursor = self._db.execute(_dialect(sql), values)
        return cursor.fetchall() if cursor.description else []

    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            with self._db.cursor() as cursor:
                cursor.executemany(_dialect(sql), rows)

    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """All rows in one statement, with a list per column: a third of the time. The lists are
        binary: psycopg writes the text of a list in Python, which takes three times as long as all
        the rest."""
        if rows:
            values = [list(column) for column in zip(*rows, strict=True)]
            self._db.execute(_insertion(table, tuple(columns.items())), values)

    def numbers(self, count: int) -> Iterable[int]:
        sql = """SELECT nextval(pg_get_serial_sequence('noctule_delivery', 'seq'))
            FROM generate_series(1, :count)"""
        return [number for (number,) in self.run(sql, {"count": count})]

    def listed(self, values: Sequence[Any]) -> list[Any]:
        return list(values)

    def has_schema(self) -> bool:
        [(table,)] = self.run("SELECT to_regclass('noctule_schema')")
        return table is not None

    def reserve(self, subjects: Sequence[str]) -> set[str]:
        """With advisory locks, which end with the transaction."""
        if not subjects:
            return set()
        rows = self.run(
            """SELECT subject FROM unnest(:list::text[]) AS subject
            WHERE pg_try_advisory_xact_lock(hashtextextended(subject, :seed))""",
            {"list": self.listed(sorted(set(subjects))), "seed": SUBJECTS},
        )
        return {subject for (subject,) in rows}

    def truncate_log(self) -> bool:
        return True  # the server's own log and vacuum are its administrator's

    def keep_copies(self, texts: Mapping[int, str]) -> None:
        self.run_many(
            """INSERT INTO noctule_copy (rowid, text, words)
            VALUES (:seq, :text, to_tsvector('simple', :words))""",
            [{"seq": n, "text": text, "words": words_of(text)} for n, text in texts.items()],
        )

    def snapshot(self) -> AbstractContextManager[None]:
        return self.transaction()

    @contextmanager
    def transaction(self) -> Generator[None]:
        with self.gate:
            if self._db.closed:
                self._db = self._connect()
            if self._db.info.transaction_status != TransactionStatus.IDLE:
                yield
                return
            try:
                with self._db.transaction():
                    yield
            except CONFLICTS as error:
                raise EventConflict(f"the inbox refused: {type(error).__name__}") from error
            except psycopg.Error as error:
                if self._db.broken:
                    self._db.close()
                raise InboxError(f"the inbox refused: {type(error).__name__}") from error

    def _connect(self) -> psycopg.Connection:
        try:
            return psycopg.connect(
                self._place,
                autocommit=True,
                connect_timeout=CONNECT_SECONDS,
                options=OPTIONS,
                application_name="noctule",
            )
        except psycopg.Error as error:
            raise InboxError(
                f"the inbox in PostgreSQL cannot be reached: {_plain(error)}"
            ) from None


def _plain(error: psycopg.Error) -> str:
    """The server's message, without the address, which may hold a password."""
    return re.sub(r"postgres(ql)?://\S+", "postgresql://…", str(error)).strip()


@cache
def _dialect(sql: str) -> bytes:
    sql = sql.replace("AMONG_LIST", "= ANY(:list)")
    sql = sql.replace("UNCLAIMED", "FOR UPDATE SKIP LOCKED")
    sql = sql.replace("HOLDS_WORDS", "c.words @@ websearch_to_tsquery('simple', :words)")
    sql = re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql)
    return sql.replace("%(list)s", "%(list)b").encode()  # see `insert`


@cache
def _insertion(table: str, columns: tuple[tuple[str, str], ...]) -> bytes:
    names = ", ".join(name for name, _ in columns)
    lists = ", ".join(f"%b::{kind}[]" for _, kind in columns)
    return f"INSERT INTO {table} ({names}) SELECT * FROM unnest({lists})".encode()  # noqa: S608
