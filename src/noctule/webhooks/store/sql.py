"""What the two engines have in common: how deliveries come in, and how events are worked on."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.webhooks.store.base import HINTED, Delivery, Receipt, State, Stored
from noctule.webhooks.store.dedupe import EVENT_COLUMNS, DedupeBatch, Known, Place, suspicious
from noctule.webhooks.store.engine import SELECT
from noctule.webhooks.store.progress import Tasks
from noctule.webhooks.store.queries import BEHIND, Queries
from noctule.webhooks.store.retention import Aging

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SqlStore(Queries, Aging, Tasks):
    """`Store`, but for what an engine does in its own way."""

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        with self.transaction():
            intake = DedupeBatch(self._known(deliveries), iter(self.numbers(len(deliveries))))
            receipts = [intake.take(delivery) for delivery in deliveries]
            self._write(intake)
        return receipts

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[Stored]:
        values = {"route": route, "now": now, "until": now + lease}
        with self.transaction():
            due = self.run(
                f"""SELECT e.seq, e.subject FROM noctule_event e
                WHERE e.state IN ('pending', 'leased') AND e.due <= :now AND e.route = :route
                AND NOT {BEHIND} AND NOT {IN_HAND}
                ORDER BY e.due, e.seq LIMIT :limit UNCLAIMED""",  # noqa: S608 - constants
                values | {"limit": limit},
            )
            if not due:
                return []
            mine = self.reserve([f"{route}\n{subject}" for _, subject in due if subject])
            seqs = [seq for seq, subject in due if not subject or f"{route}\n{subject}" in mine]
            # Looked at once more: between the first look and the reservation another worker may
            # have taken an event of the same subject.
            taken = self.run(
                f"""UPDATE noctule_event AS e
                SET state = 'leased', attempts = attempts + 1, due = :until,
                    identity = CASE WHEN substr(identity, 1, {len(HINTED)}) = '{HINTED}'
                        THEN NULL ELSE identity END
                WHERE e.seq AMONG_LIST AND NOT {BEHIND} AND NOT {IN_HAND} RETURNING seq""",  # noqa: S608
                values | {"list": self.listed(seqs)},
            )
            numbers = {"list": self.listed([seq for (seq,) in taken])}
            rows = self.run(SELECT + "WHERE e.seq AMONG_LIST ORDER BY e.seq", numbers)
        return [self.stored(row) for row in rows]

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

    def _known(self, deliveries: Sequence[Delivery]) -> dict[Place, Known]:
        """The events that hold a place which one of these deliveries may want."""
        known: dict[Place, Known] = {}
        for route, group in groupby(sorted(deliveries, key=_route), _route):
            items = [item for delivery in group for item in delivery.items]
            # What a signed id decides never looks at the place of a suspect.
            suspects = [suspicious(item.identity) for item in items if not item.is_named]
            places = [*(item.identity for item in items), *suspects]
            rows = self.run(
                """SELECT e.identity, e.id, d.received_at, e.seq
                FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery
                WHERE e.route = :route AND e.identity AMONG_LIST""",
                {"route": route, "list": self.listed(places)},
            )
            known |= {(route, identity): Known(*rest) for identity, *rest in rows}
        return known

    def _write(self, intake: DedupeBatch) -> None:
        self.run_many(
            "UPDATE noctule_event SET identity = NULL WHERE seq = :seq",
            [{"seq": seq} for seq in intake.expired],
        )
        rows = [self._delivery_row(number, delivery) for number, delivery in intake.deliveries]
        self.insert("noctule_delivery", DELIVERY_COLUMNS, rows)
        self.insert("noctule_event", EVENT_COLUMNS, intake.events)
        self.run_many(
            "UPDATE noctule_event SET copies = copies + :more WHERE seq = :seq",
            [{"seq": seq, "more": more} for seq, more in sorted(intake.copies.items())],
        )

    def _delivery_row(self, number: int, delivery: Delivery) -> tuple[Any, ...]:
        request = delivery.request
        pairs = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers
        ]
        return (
            number,
            delivery.route,
            delivery.provider,
            request.method,
            request.url,
            msgspec.json.encode(pairs).decode(),
            self.sealer.seal(number, request.body),
            delivery.received_at,
            delivery.signed_at,
            delivery.key,
            delivery.coverage,
            self.sealer.name,
        )


DELIVERY_COLUMNS = {
    "seq": "bigint",
    "route": "text",
    "provider": "text",
    "method": "text",
    "url": "text",
    "headers": "text",
    "body": "bytea",
    "received_at": "float8",
    "signed_at": "float8",
    "key": "text",
    "coverage": "text",
    "sealed": "text",
}
IN_HAND = """EXISTS (
    SELECT 1 FROM noctule_event h WHERE h.route = e.route AND h.subject = e.subject
    AND h.state = 'leased' AND h.due > :now AND h.seq != e.seq)"""
"""That another event of the same subject is with a worker at this moment."""


def _route(delivery: Delivery) -> str:
    return delivery.route
