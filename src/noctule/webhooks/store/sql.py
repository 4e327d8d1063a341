"""What the two engines have in common: the statements.

Values are named `:so`. Two words stand for what the engines say differently: `AMONG_LIST` compares
a column with the list named `:list`, and `UNCLAIMED` passes over rows that another worker is
taking at this moment.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar, cast

from noctule.webhooks.dedupe import Intake, Known, Place, suspicious
from noctule.webhooks.errors import InboxError
from noctule.webhooks.request import Request
from noctule.webhooks.store.base import (
    KEPT_REJECTIONS,
    Delivery,
    Overview,
    Query,
    Receipt,
    Rejected,
    State,
    Stored,
)
from noctule.webhooks.store.schema import MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager

COLUMNS = (
    *("seq", "delivery", "position", "route", "id", "type", "state", "attempts", "due", "reason"),
    *("copies", "provider", "received_at", "signed_at", "key", "grade"),
)
SELECT = """
    SELECT e.seq, e.delivery, e.position, e.route, e.id, e.type, e.state, e.attempts, e.due,
           e.reason, e.copies, d.provider, d.received_at, d.signed_at, d.key, d.grade,
           d.method, d.url, d.headers, d.body
    FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery
"""
LARGEST = 2**62


class SqlStore(ABC):
    """`Store`, but for how an engine runs a statement and keeps others out of a transaction."""

    TYPES: ClassVar[Mapping[str, str]]
    """The engine's names for `{serial}`, `{bytes}` and `{real}` in the schema."""

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, on disk when it ends; the engine's errors come out as InboxError."""

    @abstractmethod
    def run(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Rows of one statement."""

    @abstractmethod
    def run_many(self, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """One statement for each row."""

    @abstractmethod
    def numbers(self, count: int) -> Iterable[int]:
        """Fresh numbers for deliveries."""

    @abstractmethod
    def listed(self, values: Sequence[Any]) -> Any:
        """A list as the engine takes it for `AMONG_LIST`."""

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        with self.transaction():
            intake = Intake(self._known(deliveries), iter(self.numbers(len(deliveries))))
            receipts = [intake.take(delivery) for delivery in deliveries]
            self._write(intake)
        return receipts

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[Stored]:
        with self.transaction():
            taken = self.run(
                """UPDATE noctule_event SET state = 'leased', attempts = attempts + 1, due = :until
                WHERE seq IN (
                    SELECT seq FROM noctule_event
                    WHERE state IN ('pending', 'leased') AND due <= :now AND route = :route
                    ORDER BY due, seq LIMIT :limit UNCLAIMED)
                RETURNING seq""",
                {"until": now + lease, "now": now, "route": route, "limit": limit},
            )
            seqs = {"list": self.listed([seq for (seq,) in taken])}
            rows = self.run(SELECT + "WHERE e.seq AMONG_LIST ORDER BY e.seq", seqs)
        return [stored(row) for row in rows]

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
        with self.transaction():
            settled = self.run(
                """UPDATE noctule_event
                SET state = :state, reason = :reason, due = :due, attempts = attempts - :back
                WHERE seq = :seq AND attempts = :attempt AND state = 'leased' RETURNING seq""",
                {
                    "state": state,
                    "reason": reason,
                    "due": due,
                    "back": 0 if burn else 1,
                    "seq": seq,
                    "attempt": attempt,
                },
            )
        return bool(settled)

    def next_due(self, route: str) -> float | None:
        with self.transaction():
            [(due,)] = self.run(
                """SELECT min(due) FROM noctule_event
                WHERE state IN ('pending', 'leased') AND route = :route""",
                {"route": route},
            )
        return cast("float | None", due)

    def find(self, query: Query) -> list[Stored]:
        beginning = query.type.removesuffix("*") if query.type.endswith("*") else ""
        values = {
            "route": query.route,
            "state": query.state,
            "id": query.id,
            "type": "" if beginning or query.type == "*" else query.type,
            "beginning": beginning,
            "since": query.since,
            "until": min(query.until, LARGEST),
            "before": query.before or LARGEST,
            "limit": query.limit,
        }
        with self.transaction():
            rows = self.run(
                SELECT
                + """WHERE (:route = '' OR e.route = :route)
                  AND (:state = '' OR e.state = :state) AND (:id = '' OR e.id = :id)
                  AND (:type = '' OR e.type = :type)
                  AND substr(e.type, 1, length(:beginning)) = :beginning
                  AND d.received_at BETWEEN :since AND :until AND e.seq < :before
                ORDER BY e.seq DESC LIMIT :limit""",
                values,
            )
        return [stored(row) for row in rows]

    def get(self, seq: int) -> Stored | None:
        with self.transaction():
            rows = self.run(SELECT + "WHERE e.seq = :seq", {"seq": seq})
        return stored(rows[0]) if rows else None

    def requeue(self, due: Mapping[int, float]) -> int:
        with self.transaction():
            free = self.run(
                "SELECT seq FROM noctule_event WHERE state != 'leased' AND seq AMONG_LIST",
                {"list": self.listed(list(due))},
            )
            self.run_many(
                """UPDATE noctule_event
                SET state = 'pending', attempts = 0, due = :due, reason = ''
                WHERE seq = :seq AND state != 'leased'""",
                [{"seq": seq, "due": due[seq]} for (seq,) in free],
            )
        return len(free)

    def prune(self, before: float) -> int:
        with self.transaction():
            return len(
                self.run(
                    """UPDATE noctule_delivery SET body = NULL, headers = '[]'
                    WHERE body IS NOT NULL AND received_at < :before AND NOT EXISTS (
                        SELECT 1 FROM noctule_event e WHERE e.delivery = noctule_delivery.seq
                        AND e.state IN ('pending', 'leased')) RETURNING seq""",
                    {"before": before},
                )
            )

    def overview(self) -> list[Overview]:
        with self.transaction():
            states = self.run("SELECT route, state, count(*) FROM noctule_event GROUP BY 1, 2")
            keys = self.run(
                "SELECT route, key, max(received_at) FROM noctule_delivery GROUP BY 1, 2"
            )
            waiting = self.run(
                """SELECT route, min(due) FROM noctule_event
                WHERE state IN ('pending', 'leased') GROUP BY 1"""
            )
        oldest = dict(waiting)
        seen: dict[str, dict[str, float]] = {}
        for route, key, at in keys:
            seen.setdefault(route, {})[key] = at
        return [
            Overview(
                route,
                {state: count for r, state, count in states if r == route},
                max(by_key.values()),
                oldest.get(route),
                by_key,
            )
            for route, by_key in sorted(seen.items())
        ]

    def note(self, rejection: Rejected) -> None:
        row = asdict(rejection)
        row |= {"names": json.dumps(row["names"]), "causes": json.dumps(row["causes"])}
        with self.transaction():
            [(seq,)] = self.run(
                """INSERT INTO noctule_rejection
                    (route, at, reason, place, size, digest, names, causes)
                VALUES (:route, :at, :reason, :place, :size, :digest, :names, :causes)
                RETURNING seq""",
                {name: value for name, value in row.items() if name != "seq"},
            )
            self.run(
                "DELETE FROM noctule_rejection WHERE seq <= :last", {"last": seq - KEPT_REJECTIONS}
            )

    def rejections(self, limit: int) -> list[Rejected]:
        with self.transaction():
            rows = self.run(
                """SELECT seq, route, at, reason, place, size, digest, names, causes
                FROM noctule_rejection ORDER BY at DESC, seq DESC LIMIT :limit""",
                {"limit": limit},
            )
        return [_rejected(row) for row in rows]

    def migrate(self, place: str) -> None:
        """Bring the tables to this version; raises InboxError if they are from a newer one."""
        with self.transaction():
            self.run("CREATE TABLE IF NOT EXISTS noctule_schema (version INTEGER NOT NULL)")
            version = len(self.run("SELECT version FROM noctule_schema"))
            if version > len(MIGRATIONS):
                raise InboxError(
                    f"the inbox {place} has schema {version}, this noctule knows up to"
                    f" {len(MIGRATIONS)}: upgrade noctule, or name another in NOCTULE_INBOX"
                )
            for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
                self.run(step.format_map(self.TYPES))
                self.run("INSERT INTO noctule_schema VALUES (:number)", {"number": number})

    def _known(self, deliveries: Sequence[Delivery]) -> dict[Place, Known]:
        """The events that hold a place which one of these deliveries may want."""
        known: dict[Place, Known] = {}
        for route, group in groupby(sorted(deliveries, key=_route), _route):
            wanted = [item.identity for delivery in group for item in delivery.items]
            places = [*wanted, *map(suspicious, wanted)]
            rows = self.run(
                """SELECT e.identity, e.id, d.received_at, e.seq
                FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery
                WHERE e.route = :route AND e.identity AMONG_LIST""",
                {"route": route, "list": self.listed(places)},
            )
            known |= {(route, identity): Known(*rest) for identity, *rest in rows}
        return known

    def _write(self, intake: Intake) -> None:
        self.run_many(
            "UPDATE noctule_event SET identity = NULL WHERE seq = :seq",
            [{"seq": seq} for seq in intake.expired],
        )
        self.run_many(
            """INSERT INTO noctule_delivery (seq, route, provider, method, url, headers, body,
                received_at, signed_at, key, grade)
            VALUES (:seq, :route, :provider, :method, :url, :headers, :body,
                :received_at, :signed_at, :key, :grade)""",
            [_delivery_row(number, delivery) for number, delivery in intake.deliveries],
        )
        self.run_many(
            """INSERT INTO noctule_event
                (delivery, position, route, identity, id, type, state, due, copies)
            VALUES (:delivery, :position, :route, :identity, :id, :type, :state, :due, :copies)""",
            intake.events,
        )
        self.run_many(
            "UPDATE noctule_event SET copies = copies + :more WHERE seq = :seq",
            [{"seq": seq, "more": more} for seq, more in sorted(intake.copies.items())],
        )


def _route(delivery: Delivery) -> str:
    return delivery.route


def _delivery_row(number: int, delivery: Delivery) -> dict[str, Any]:
    request = delivery.request
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers]
    return {
        "seq": number,
        "route": delivery.route,
        "provider": delivery.provider,
        "method": request.method,
        "url": request.url,
        "headers": json.dumps(headers),
        "body": request.body,
        "received_at": delivery.received_at,
        "signed_at": delivery.signed_at,
        "key": delivery.key,
        "grade": delivery.grade,
    }


def _rejected(row: Sequence[Any]) -> Rejected:
    *facts, names, causes = row
    columns = ("seq", "route", "at", "reason", "place", "size", "digest")
    values: dict[str, Any] = dict(zip(columns, facts, strict=True))
    values["names"] = tuple(json.loads(names))
    values["causes"] = tuple((key, place, detail) for key, place, detail in json.loads(causes))
    return Rejected(**values)


def stored(row: Sequence[Any]) -> Stored:
    """An event from a row of `SELECT`."""
    *fields, method, url, headers, body = row
    values = dict(zip(COLUMNS, fields, strict=True))
    request = None
    if body is not None:
        request = Request(method, url, json.loads(headers), bytes(body))
    return Stored(**values, request=request)
