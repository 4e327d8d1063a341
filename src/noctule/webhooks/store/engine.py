"""What a database engine implements, and the migration of the schema.

Parameters are written `:name`. Four keywords are replaced by each engine's own SQL: `AMONG_LIST`
compares a column with the list `:list`, `LISTED_VALUES` is a table `k` with the texts of that list
as `value`, `UNCLAIMED` skips rows that another worker is claiming, `HOLDS_WORDS` is true for copies
that contain `:words`.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from noctule.webhooks.errors import InboxError
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import StoredEvent
from noctule.webhooks.store.encryption import KEY, BodyCipher
from noctule.webhooks.store.forking import ForkGate
from noctule.webhooks.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

NEWER = """EXISTS (
    SELECT 1 FROM noctule_event n WHERE n.route = e.route AND n.subject = e.subject
    AND n.state = 'done' AND n.version > e.version)"""
COLUMNS = (
    *("seq", "delivery", "position", "route", "id", "type", "state", "attempts", "claim", "due"),
    *(
        "reason",
        "copies",
        "subject",
        "version",
        "superseded",
        "provider",
        "received_at",
        "signed_at",
    ),
    *("key", "coverage", "traceback"),
)
FIELDS = f"""
    SELECT e.seq, e.delivery, e.position, e.route, e.id, e.type, e.state, e.attempts, e.claim,
           e.due, e.reason, e.copies, e.subject, e.version, {NEWER}, d.provider, d.received_at,
           d.signed_at, d.key, d.coverage, e.traceback, d.cipher_key, d.method, d.url,
           d.headers, d.body
"""
SELECT = FIELDS + "FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery "


class SqlEngine(ForkGate):
    """Statements and transactions of one kind of database."""

    WORDS: ClassVar[Mapping[str, str]]
    """The engine's SQL for the `{…}` in the schema."""
    cipher: BodyCipher

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, on disk when it ends; database errors are raised as InboxError."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside has the same moment; writers do not wait for it."""

    @abstractmethod
    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Rows of one statement."""

    @abstractmethod
    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """One statement for each row."""

    @abstractmethod
    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows; `columns` maps names to PostgreSQL types."""

    @abstractmethod
    def numbers(self, count: int) -> Iterable[int]:
        """New numbers for deliveries."""

    @abstractmethod
    def listed(self, values: Sequence[Any]) -> Any:
        """A list as the engine's parameter for `AMONG_LIST`."""

    @abstractmethod
    def reserve(self, subjects: Sequence[str]) -> set[str]:
        """Reserve texts until the transaction ends; returns those not reserved by another one."""

    @abstractmethod
    def truncate_log(self) -> bool:
        """See `InboxStore`."""

    @abstractmethod
    def keep_copies(self, texts: Mapping[int, str]) -> None:
        """Insert redacted copies, by the number of the delivery."""

    def migrate(self, place: str) -> None:
        """Bring the tables to this version.

        Raises InboxError if they have a newer version, or hold bodies that no key can decrypt.
        """
        with self.snapshot():
            version = self._version()
        if version > len(MIGRATIONS):
            raise InboxError(
                f"the inbox {place} has schema {version}, this noctule supports up to"
                f" {len(MIGRATIONS)}: upgrade noctule, or set NOCTULE_INBOX to another inbox"
            )
        if version < len(MIGRATIONS):
            self._upgrade()
        self._check_keys(place)

    @abstractmethod
    def has_schema(self) -> bool:
        """Whether the table `noctule_schema` exists."""

    def _version(self) -> int:
        return len(self.run("SELECT version FROM noctule_schema")) if self.has_schema() else 0

    def _upgrade(self) -> None:
        with self.transaction():
            self.run("CREATE TABLE IF NOT EXISTS noctule_schema (version INTEGER NOT NULL)")
            for number, step in enumerate(MIGRATIONS[self._version() :], self._version() + 1):
                self.run(step.format_map(self.WORDS))
                self.run("INSERT INTO noctule_schema VALUES (:number)", {"number": number})

    def _check_keys(self, place: str) -> None:
        with self.snapshot():
            names = self.run(
                "SELECT DISTINCT cipher_key FROM noctule_delivery WHERE cipher_key != ''"
            )
        missing = [name for (name,) in names if not self.cipher.can_decrypt(name)]
        if missing:
            raise InboxError(
                f"the inbox {place} holds bodies encrypted with the key {', '.join(missing)}:"
                f" put it into {KEY}, or {KEY}_OLD if it is an earlier key"
            )

    def stored(self, row: Sequence[Any]) -> StoredEvent:
        """An event from a row of `SELECT`."""
        *fields, cipher_key, method, url, headers, body = row
        values = dict(zip(COLUMNS, fields, strict=True))
        values["superseded"] = bool(values["superseded"])
        request = None
        if body is not None:
            exact = self.cipher.decrypt(cipher_key, values["delivery"], bytes(body))
            request = WebhookRequest(method, url, json.loads(headers), exact)
        return StoredEvent(**values, request=request)
