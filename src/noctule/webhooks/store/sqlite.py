"""The inbox in one SQLite file: write-ahead log, an fsync before every answer.

The library is apsw's own, never the interpreter's: SQLite before 3.51.3 can corrupt a database in
WAL mode when one connection resets the log while another commits (sqlite.org/wal.html, "the WAL
reset bug").
"""

import json
import os
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import apsw

from noctule.webhooks.classify import Item
from noctule.webhooks.errors import InboxError
from noctule.webhooks.request import Request
from noctule.webhooks.store.base import (
    HASH_WINDOW,
    Delivery,
    Outcome,
    Query,
    Receipt,
    State,
    Stored,
)
from noctule.webhooks.store.schema import APPLICATION, MIGRATIONS

SOUND = (3, 51, 3)
BUSY_MS = 300
MEMORY = ":memory:"

_COLUMNS = (
    *("seq", "delivery", "position", "route", "id", "type", "state", "attempts", "due", "reason"),
    *("copies", "provider", "received_at", "signed_at", "key", "grade"),
)
_SELECT = """
    SELECT e.seq, e.delivery, e.position, e.route, e.id, e.type, e.state, e.attempts, e.due,
           e.reason, e.copies, d.provider, d.received_at, d.signed_at, d.key, d.grade,
           d.method, d.url, d.headers, d.body
    FROM event e JOIN delivery d ON d.seq = e.delivery
"""


def check_library(version: str) -> None:
    """Raise InboxError for a SQLite library that can corrupt a write-ahead log."""
    if tuple(map(int, version.split("."))) < SOUND:
        sound = ".".join(map(str, SOUND))
        raise InboxError(
            f"SQLite {version} can corrupt an inbox; apsw has to bring {sound} or later:"
            " pip install -U apsw"
        )


class SqliteStore:
    """`Store` in a file, or in memory for tests (":memory:", gone with the process)."""

    def __init__(self, location: str) -> None:
        check_library(apsw.sqlitelibversion())
        if location != MEMORY:
            _create(Path(location))
        try:
            self._db: Any = apsw.Connection(location)
            self._db.set_busy_timeout(BUSY_MS)
            self._run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
            self._run("PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=4000")
            self._migrate(location)
        except apsw.Error as error:
            raise InboxError(f"the inbox {location} cannot be opened: {error}") from None

    def close(self) -> None:
        self._db.close()

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        with self._transaction():
            return [self._accept(delivery) for delivery in deliveries]

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[Stored]:
        with self._transaction():
            taken = self._run(
                """UPDATE event SET state = 'leased', attempts = attempts + 1, due = ?
                WHERE seq IN (
                    SELECT seq FROM event
                    WHERE state IN ('pending', 'leased') AND due <= ? AND route = ?
                    ORDER BY due, seq LIMIT ?)
                RETURNING seq""",
                (now + lease, now, route, limit),
            )
            seqs = json.dumps([seq for (seq,) in taken])
            chosen = "WHERE e.seq IN (SELECT value FROM json_each(?)) ORDER BY e.seq"
            rows = self._run(_SELECT + chosen, (seqs,))
        return [_stored(row) for row in rows]

    def settle(
        self,
        seq: int,
        attempt: int,
        state: State,
        *,
        reason: str = "",
        due: float = 0.0,
        burn: bool = True,
    ) -> bool:
        with self._transaction():
            self._run(
                """UPDATE event SET state = ?, reason = ?, due = ?, attempts = attempts - ?
                WHERE seq = ? AND attempts = ? AND state = 'leased'""",
                (state, reason, due, 0 if burn else 1, seq, attempt),
            )
            return self._changes() == 1

    def next_due(self, route: str) -> float | None:
        with self._errors():
            [(due,)] = self._run(
                """SELECT min(due) FROM event
                WHERE state IN ('pending', 'leased') AND route = ?""",
                (route,),
            )
        return cast("float | None", due)

    def find(self, query: Query) -> list[Stored]:
        prefix = query.type.endswith("*")
        with self._errors():
            rows = self._run(
                _SELECT
                + """WHERE (:route = '' OR e.route = :route) AND (:state = '' OR e.state = :state)
                  AND (:id = '' OR e.id = :id) AND d.received_at BETWEEN :since AND :until
                  AND (:type = '' OR e.type = :type OR (:prefix AND substr(e.type, 1, :n) = :type))
                ORDER BY e.seq DESC LIMIT :limit""",
                {
                    "route": query.route,
                    "state": query.state,
                    "id": query.id,
                    "type": query.type.removesuffix("*"),
                    "prefix": prefix,
                    "n": len(query.type) - 1,
                    "since": query.since,
                    "until": query.until,
                    "limit": query.limit,
                },
            )
        return [_stored(row) for row in rows]

    def get(self, seq: int) -> Stored | None:
        with self._errors():
            rows = self._run(_SELECT + "WHERE e.seq = ?", (seq,))
        return _stored(rows[0]) if rows else None

    def requeue(self, seqs: Sequence[int], now: float) -> int:
        with self._transaction():
            self._run(
                """UPDATE event SET state = 'pending', attempts = 0, due = ?, reason = ''
                WHERE state != 'leased' AND seq IN (SELECT value FROM json_each(?))""",
                (now, json.dumps(list(seqs))),
            )
            return self._changes()

    def prune(self, before: float) -> int:
        with self._transaction():
            self._run(
                """UPDATE delivery SET body = NULL, headers = '[]'
                WHERE body IS NOT NULL AND received_at < ? AND NOT EXISTS (
                    SELECT 1 FROM event WHERE event.delivery = delivery.seq
                    AND event.state IN ('pending', 'leased'))""",
                (before,),
            )
            return self._changes()

    def _accept(self, delivery: Delivery) -> Receipt:
        number: int | None = None
        outcomes: list[Outcome] = []
        for item in delivery.items:
            outcome, identity = self._judge(delivery, item)
            outcomes.append(outcome)
            if identity is None:
                continue
            if number is None:
                number = self._insert_delivery(delivery)
            self._run(
                """INSERT INTO event (delivery, position, route, identity, id, type, state, due)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (
                    number,
                    item.position,
                    delivery.route,
                    identity,
                    item.id,
                    item.type,
                    "suspect" if outcome == "suspect" else "pending",
                    delivery.received_at,
                ),
            )
        return Receipt(number, tuple(outcomes))

    def _judge(self, delivery: Delivery, item: Item) -> tuple[Outcome, str | None]:
        """The outcome for an event, and the identity to store it under; None: not again."""
        identity = item.identity
        known = self._known(delivery.route, identity)
        if known is None:
            return "accepted", identity
        seq, known_id, received_at = known
        age = delivery.received_at - received_at
        if item.id is None and age > HASH_WINDOW:
            self._run("UPDATE event SET identity = NULL WHERE seq = ?", (seq,))
            return "accepted", identity
        if item.is_named or item.id == known_id:
            self._count_copy(seq)
            return "duplicate", None
        suspect = f"suspect:{identity}"
        before = self._known(delivery.route, suspect)
        if before is None:
            return "suspect", suspect
        self._count_copy(before[0])
        return "suspect", None

    def _known(self, route: str, identity: str) -> tuple[int, str | None, float] | None:
        rows = self._run(
            """SELECT e.seq, e.id, d.received_at FROM event e JOIN delivery d ON d.seq = e.delivery
            WHERE e.route = ? AND e.identity = ?""",
            (route, identity),
        )
        return cast("tuple[int, str | None, float]", rows[0]) if rows else None

    def _count_copy(self, seq: int) -> None:
        self._run("UPDATE event SET copies = copies + 1 WHERE seq = ?", (seq,))

    def _insert_delivery(self, delivery: Delivery) -> int:
        request = delivery.request
        headers = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers]
        self._run(
            """INSERT INTO delivery (route, provider, method, url, headers, body, received_at,
                signed_at, key, grade) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                delivery.route,
                delivery.provider,
                request.method,
                request.url,
                json.dumps(headers),
                request.body,
                delivery.received_at,
                delivery.signed_at,
                delivery.key,
                delivery.grade,
            ),
        )
        return cast("int", self._db.last_insert_rowid())

    def _migrate(self, location: str) -> None:
        with self._transaction():
            [(version,)] = self._run("PRAGMA user_version")
            if version > len(MIGRATIONS):
                raise InboxError(
                    f"the inbox {location} has schema {version}, this noctule knows up to"
                    f" {len(MIGRATIONS)}: upgrade noctule, or name another file in NOCTULE_INBOX"
                )
            for step in MIGRATIONS[version:]:
                self._run(step)
            self._run(f"PRAGMA user_version={len(MIGRATIONS)}; PRAGMA application_id={APPLICATION}")

    def _run(self, sql: str, values: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        return list(self._db.execute(sql, values))

    def _changes(self) -> int:
        return cast("int", self._db.changes())

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except apsw.Error as error:
            raise InboxError(f"the inbox refused: {type(error).__name__}: {error}") from error

    @contextmanager
    def _transaction(self) -> Generator[None]:
        with self._errors():
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._run("ROLLBACK")
                raise


def _create(path: Path) -> None:
    """The file and its folder, for the owner alone; git is told to leave our own folder alone."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            if path.parent.name == ".noctule":
                path.parent.joinpath(".gitignore").write_text("*\n", encoding="utf-8")
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise InboxError(f"the inbox {path} cannot be written: {error.strerror}") from None


def _stored(row: Sequence[Any]) -> Stored:
    *fields, method, url, headers, body = row
    values = dict(zip(_COLUMNS, fields, strict=True))
    request = None
    if body is not None:
        request = Request(method, url, json.loads(headers), bytes(body))
    return Stored(**values, request=request)
