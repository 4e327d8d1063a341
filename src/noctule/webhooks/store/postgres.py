"""The inbox in PostgreSQL, shared by any number of receiving and working hosts.

A delivery is answered after a commit with `synchronous_commit = on`, whatever the server's default.
If two hosts store the same event at once, a unique index gives the second one a conflict; its group
is then classified again with what the first one stored.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from functools import cache
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

try:
    import psycopg
    from psycopg.pq import TransactionStatus
except ImportError as error:
    raise ImportError(
        "an inbox in PostgreSQL needs psycopg: pip install 'noctule[postgres]'"
    ) from error

from noctule.webhooks.errors import EventConflict, InboxError
from noctule.webhooks.store.dedupe import ALIAS_COLUMNS, EVENT_COLUMNS, DedupeBatch
from noctule.webhooks.store.encryption import BodyCipher
from noctule.webhooks.store.queries import words_of
from noctule.webhooks.store.sql import DELIVERY_COLUMNS, SqlStore, keys_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from noctule.webhooks.store.base import Delivery, Receipt

CONNECT_SECONDS = 5
OPTIONS = "-c synchronous_commit=on -c lock_timeout=5s -c statement_timeout=10s"
CONFLICTS = (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected)
MIGRATING = 0x6E6F6374
"""Key of the advisory lock for changes of the schema."""
SUBJECTS = 0x6E6F
"""Seed of the advisory locks that make workers claim events of a subject one at a time."""
NEVER = 2**62
"""After so many uses a statement is prepared, unless it asks for it: a plan that was made for empty
tables would be kept when they are full."""
BLOCK = 512
"""Numbers for deliveries that a host fetches at once."""
BLOCK_SECONDS = 1.0
"""How long it uses them: numbers follow time, whichever host gives them."""


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
        # Half the server's time for a delivery; the server may be older, or built without it.
        "compression": """DO $$ BEGIN
            EXECUTE 'ALTER TABLE noctule_delivery ALTER COLUMN body SET COMPRESSION lz4';
            EXCEPTION WHEN feature_not_supported OR syntax_error THEN NULL; END $$""",
    }

    def __init__(self, place: str) -> None:
        super().__init__()
        self.cipher = BodyCipher.from_environment()
        self._place = place
        self._numbers: Iterator[int] = iter(())
        self._numbers_until = 0.0
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
        self._numbers = iter(())  # they would be the child's, too
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

    def numbers(self, count: int) -> list[int]:
        if monotonic() >= self._numbers_until:
            self._numbers = iter(())
        numbers = list(islice(self._numbers, count))
        if len(numbers) < count:
            self._numbers = self._new_numbers(count)
            self._numbers_until = monotonic() + BLOCK_SECONDS
            numbers += islice(self._numbers, count - len(numbers))
        return numbers

    def _new_numbers(self, count: int) -> Iterator[int]:
        sql = """SELECT nextval(pg_get_serial_sequence('noctule_delivery', 'seq'))
            FROM generate_series(1, :count)"""
        return iter([number for (number,) in self.run(sql, {"count": max(count, BLOCK)})])

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

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        with self._connected():
            receipts = self._accept_new(deliveries)
        return super().accept(deliveries) if receipts is None else receipts

    def _accept_new(self, deliveries: Sequence[Delivery]) -> list[Receipt] | None:
        """Store deliveries of which no event is stored yet, as nearly all are: one statement, which
        is its own transaction, checks that and stores them. None if some event is."""
        batch = DedupeBatch({}, iter(self.numbers(len(deliveries))))
        receipts = [batch.add(delivery) for delivery in deliveries]
        rows = [self._delivery_row(number, delivery) for number, delivery in batch.deliveries]
        values = [
            *_lists(KEY_COLUMNS, keys_of(deliveries)),
            *_lists(DELIVERY_COLUMNS, rows),
            *_lists(EVENT_COLUMNS, batch.events),
            *_lists(ALIAS_COLUMNS, batch.aliases.values()),
        ]
        [(known,)] = self._db.execute(ACCEPT_NEW, values, prepare=True).fetchall()
        return None if known else receipts

    @contextmanager
    def transaction(self) -> Generator[None]:
        with self._connected():
            if self._db.info.transaction_status != TransactionStatus.IDLE:
                yield
                return
            with self._db.transaction():
                yield

    @contextmanager
    def _connected(self) -> Generator[None]:
        """Inside, there is a connection, and its errors are raised as InboxError."""
        with self.gate:
            if self._db.closed:
                self._db = self._connect()
            try:
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
                prepare_threshold=NEVER,
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
    sql = sql.replace("LISTED_VALUES", "unnest(:list::text[]) AS k (value)")
    sql = sql.replace("UNCLAIMED", "FOR UPDATE SKIP LOCKED")
    sql = sql.replace("HOLDS_WORDS", "c.words @@ websearch_to_tsquery('simple', :words)")
    sql = re.sub(r"(?<!:):([a-z_]+)", r"%(\1)s", sql)
    return sql.replace("%(list)s", "%(list)b").encode()  # see `insert`


@cache
def _insertion(table: str, columns: tuple[tuple[str, str], ...]) -> bytes:
    return _insert_sql(table, dict(columns)).encode()


def _insert_sql(table: str, columns: Mapping[str, str]) -> str:
    names = ", ".join(columns)
    return f"INSERT INTO {table} ({names}) SELECT * FROM {_unnest(columns)}"  # noqa: S608 - ours


def _unnest(columns: Mapping[str, str]) -> str:
    return f"unnest({', '.join(f'%b::{kind}[]' for kind in columns.values())})"


def _lists(columns: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    """A list per column."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in columns]


KEY_COLUMNS = {"route": "text", "key": "text"}
# Each key is looked up by itself. If the table has no statistics yet, a join or a comparison with
# a list would be planned as a scan of all events of the route.
ACCEPT_NEW = f"""
    WITH known AS MATERIALIZED (
        SELECT 1 FROM {_unnest(KEY_COLUMNS)} AS k (route, key)
        WHERE (SELECT seq FROM noctule_event e
            WHERE e.route = k.route AND e.identity = k.key) IS NOT NULL
        OR (SELECT until FROM noctule_alias a
            WHERE a.route = k.route AND a.alias = k.key) IS NOT NULL
        LIMIT 1
    ), deliveries AS ({_insert_sql("noctule_delivery", DELIVERY_COLUMNS)}
        WHERE NOT EXISTS (SELECT FROM known)
    ), events AS ({_insert_sql("noctule_event", EVENT_COLUMNS)}
        WHERE NOT EXISTS (SELECT FROM known)
    ), aliases AS ({_insert_sql("noctule_alias", ALIAS_COLUMNS)}
        WHERE NOT EXISTS (SELECT FROM known)
    ) SELECT count(*) FROM known""".encode()  # noqa: S608 - constants
