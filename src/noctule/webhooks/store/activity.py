"""What happens around an inbox: when receivers started, when deliveries came, who works."""

from __future__ import annotations

import json

from noctule.webhooks.store.base import KEPT_STARTS, FailureCount, ReceiverStart
from noctule.webhooks.store.engine import SqlEngine
from noctule.webhooks.store.schema import OPEN

FAILED = ("dead", "pending", "leased", "unhandled")
NEWEST = 10_000


class StoreActivity(SqlEngine):
    """The part of a store that the doctor reads, and that receivers write when they start."""

    def add_start(self, route: str, start: ReceiverStart) -> None:
        with self.transaction():
            self.run(
                "INSERT INTO noctule_start (route, at, retiring) VALUES (:route, :at, :retiring)",
                {"route": route, "at": start.at, "retiring": json.dumps(dict(start.retiring))},
            )
            self.run(
                """DELETE FROM noctule_start WHERE route = :route AND at < (
                    SELECT min(at) FROM (SELECT at FROM noctule_start WHERE route = :route
                    ORDER BY at DESC LIMIT :kept) AS last)""",
                {"route": route, "kept": KEPT_STARTS},
            )

    def starts(self, route: str) -> list[ReceiverStart]:
        with self.snapshot():
            rows = self.run(
                "SELECT at, retiring FROM noctule_start WHERE route = :route ORDER BY at DESC",
                {"route": route},
            )
        return [ReceiverStart(at, json.loads(retiring)) for at, retiring in rows]

    def pauses(self, route: str, since: float, step: float) -> list[float]:
        with self.snapshot():
            rows = self.run(
                """WITH RECURSIVE arrival (at) AS (
                    SELECT min(received_at) FROM noctule_delivery
                    WHERE route = :route AND received_at >= :since
                    UNION ALL
                    SELECT (SELECT min(received_at) FROM noctule_delivery
                        WHERE route = :route AND received_at >= arrival.at + :step)
                    FROM arrival WHERE arrival.at IS NOT NULL)
                SELECT at FROM arrival WHERE at IS NOT NULL""",
                {"route": route, "since": since, "step": step},
            )
        return [at for (at,) in rows]

    def failures(self) -> list[FailureCount]:
        counts: list[FailureCount] = []
        with self.snapshot():
            for state in FAILED:
                rows = self.run(
                    f"""SELECT route, state, type, reason, count(*), max(seq), max(attempts)
                    FROM (
                        SELECT route, state, type, reason, seq, attempts FROM noctule_event
                        WHERE {OPEN} AND state = '{state}' ORDER BY seq DESC LIMIT {NEWEST}
                    ) AS newest
                    WHERE reason != '' GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 6 DESC"""  # noqa: S608
                )
                counts += [FailureCount(*row) for row in rows]
        return counts

    def held(self, route: str, now: float) -> int:
        with self.snapshot():
            [(count,)] = self.run(
                """SELECT count(*) FROM noctule_event WHERE state IN ('pending', 'leased')
                AND state = 'leased' AND route = :route AND due > :now""",
                {"route": route, "now": now},
            )
        return int(count)
