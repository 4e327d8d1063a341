"""What a database engine has to give, and the schema's way from one version to the next.

Values are named `:so`. A few words stand for what the engines say differently: `AMONG_LIST`
compares a column with the list named `:list`, `UNCLAIMED` passes over rows that another worker is
taking at this moment, `HOLDS_WORDS` is true of the copies that hold `:words`.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from noctule.webhooks.errors import InboxError
from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.base import Stored
from noctule.webhooks.store.encryption import KEY, Sealer
from noctule.webhooks.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

NEWER = """EXISTS (
    SELECT 1 FROM noctule_event n WHERE n.route = e.route AND n.subject = e.subject
    AND n.state = 'done' AND n.version > e.version)"""
COLUMNS = (
    *("seq", "delivery", "position", "route", "id", "type", "state", "attempts", "due", "reason"),
    *("copies", "subject", "version", "superseded", "provider", "received_at", "signed_at"),
    *("key", "coverage"),
)
FIELDS = f"""
    SELECT e.seq, e.delivery, e.position, e.route, e.id, e.type, e.state, e.attempts, e.due,
           e.reason, e.copies, e.subject, e.version, {NEWER}, d.provider, d.received_at,
           d.signed_at, d.key, d.coverage, d.sealed, d.method, d.url, d.headers, d.body
"""
SELECT = FIELDS + "FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery "


class Engine(ABC):
    """How an engine runs a statement and keeps others out of a transaction."""

    WORDS: ClassVar[Mapping[str, str]]
    """The engine's texts for the places `{…}` in the schema."""
    sealer: Sealer

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, on disk when it ends; the engine's errors come out as InboxError."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Everything that is read inside is of one moment; nobody waits for it."""

    @abstractmethod
    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Rows of one statement."""

    @abstractmethod
    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """One statement for each row."""

    @abstractmethod
    def insert(self, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Rows into a table; `columns` gives their types as PostgreSQL calls them."""

    @abstractmethod
    def numbers(self, count: int) -> Iterable[int]:
        """Fresh numbers for deliveries."""

    @abstractmethod
    def listed(self, values: Sequence[Any]) -> Any:
        """A list as the engine takes it for `AMONG_LIST`."""

    @abstractmethod
    def reserve(self, subjects: Sequence[str]) -> set[str]:
        """Those of the texts that no other transaction has reserved, until this one ends."""

    @abstractmethod
    def keep_copies(self, texts: Mapping[int, str]) -> None:
        """Store redacted copies by the number of their delivery."""

    def migrate(self, place: str) -> None:
        """Bring the tables to this version.

        Raises InboxError if they are from a newer one, or hold what no key at hand can open.
        """
        with self.snapshot():
            version = self._version()
        if version > len(MIGRATIONS):
            raise InboxError(
                f"the inbox {place} has schema {version}, this noctule knows up to"
                f" {len(MIGRATIONS)}: upgrade noctule, or name another in NOCTULE_INBOX"
            )
        if version < len(MIGRATIONS):
            self._upgrade()
        self._check_keys(place)

    @abstractmethod
    def has_schema(self) -> bool:
        """Whether the table `noctule_schema` is there."""

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
            names = self.run("SELECT DISTINCT sealed FROM noctule_delivery WHERE sealed != ''")
        missing = [name for (name,) in names if not self.sealer.holds(name)]
        if missing:
            raise InboxError(
                f"the inbox {place} holds bodies sealed with the key {', '.join(missing)}:"
                f" put it into {KEY}, or {KEY}_OLD if it is an earlier one"
            )

    def stored(self, row: Sequence[Any]) -> Stored:
        """An event from a row of `SELECT`."""
        *fields, sealed, method, url, headers, body = row
        values = dict(zip(COLUMNS, fields, strict=True))
        values["superseded"] = bool(values["superseded"])
        request = None
        if body is not None:
            exact = self.sealer.open(sealed, values["delivery"], bytes(body))
            request = WebhookRequest(method, url, json.loads(headers), exact)
        return Stored(**values, request=request)
