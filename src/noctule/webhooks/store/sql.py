"""What both engines share: storing deliveries and claiming events."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.webhooks.store.base import HINT_PREFIX, Delivery, EventState, Receipt, StoredEvent
from noctule.webhooks.store.dedupe import (
    EVENT_COLUMNS,
    DedupeBatch,
    IdentityKey,
    KnownEvent,
    quarantine_identity,
)
from noctule.webhooks.store.engine import SELECT
from noctule.webhooks.store.progress import StoreProgress
from noctule.webhooks.store.queries import BEHIND, StoreQueries
from noctule.webhooks.store.retention import StoreRetention

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class SqlStore(StoreQueries, StoreRetention, StoreProgress):
    """`InboxStore`, without the statements that differ between engines."""

    def accept(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        with self.transaction():
            batch = DedupeBatch(self._known(deliveries), iter(self.numbers(len(deliveries))))
            receipts = [batch.add(delivery) for delivery in deliveries]
            self._write(batch)
        return receipts

    def claim(self, route: str, now: float, lease: float, limit: int) -> list[StoredEvent]:
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
            reserved = self.reserve([f"{route}\n{subject}" for _, subject in due if subject])
            seqs = [seq for seq, subject in due if not subject or f"{route}\n{subject}" in reserved]
            # Checked again: between the first statement and the reservation, another worker may
            # have claimed an event of the same subject.
            claimed = self.run(
                f"""UPDATE noctule_event AS e
                SET state = 'leased', attempts = attempts + 1, claim = claim + 1,
                    due = :until,
                    identity = CASE WHEN substr(identity, 1, {len(HINT_PREFIX)}) = '{HINT_PREFIX}'
                        THEN NULL ELSE identity END
                WHERE e.seq AMONG_LIST AND NOT {BEHIND} AND NOT {IN_HAND} RETURNING seq""",  # noqa: S608
                values | {"list": self.listed(seqs)},
            )
            numbers = {"list": self.listed([seq for (seq,) in claimed])}
            rows = self.run(SELECT + "WHERE e.seq AMONG_LIST ORDER BY e.seq", numbers)
        return [self.stored(row) for row in rows]

    def settle(
        self,
        seq: int,
        claim: int,
        state: EventState,
        *,
        reason: str = "",
        due: float = 0.0,
        count_attempt: bool = True,
    ) -> bool:
        with self.transaction():
            settled = self.run(
                """UPDATE noctule_event
                SET state = :state, reason = :reason, due = :due, attempts = attempts - :uncounted
                WHERE seq = :seq AND claim = :claim AND state = 'leased' RETURNING seq""",
                {
                    "state": state,
                    "reason": reason,
                    "due": due,
                    "uncounted": 0 if count_attempt else 1,
                    "seq": seq,
                    "claim": claim,
                },
            )
        return bool(settled)

    def requeue(self, due: Mapping[int, float]) -> int:
        with self.transaction():
            unclaimed = self.run(
                "SELECT seq FROM noctule_event WHERE state != 'leased' AND seq AMONG_LIST",
                {"list": self.listed(list(due))},
            )
            self.run_many(
                """UPDATE noctule_event
                SET state = 'pending', attempts = 0, due = :due, reason = ''
                WHERE seq = :seq AND state != 'leased'""",
                [{"seq": seq, "due": due[seq]} for (seq,) in unclaimed],
            )
        return len(unclaimed)

    def _known(self, deliveries: Sequence[Delivery]) -> dict[IdentityKey, KnownEvent]:
        """The stored events that have an identity of these deliveries."""
        known: dict[IdentityKey, KnownEvent] = {}
        for route, group in groupby(sorted(deliveries, key=_route), _route):
            items = [item for delivery in group for item in delivery.items]
            # Events with a signed id are never quarantined.
            unsigned = [item.identity for item in items if not item.has_signed_id]
            identities = [*(item.identity for item in items), *map(quarantine_identity, unsigned)]
            rows = self.run(
                """SELECT e.identity, e.id, d.received_at, e.seq
                FROM noctule_event e JOIN noctule_delivery d ON d.seq = e.delivery
                WHERE e.route = :route AND e.identity AMONG_LIST""",
                {"route": route, "list": self.listed(identities)},
            )
            known |= {(route, identity): KnownEvent(*rest) for identity, *rest in rows}
        return known

    def _write(self, batch: DedupeBatch) -> None:
        self.run_many(
            "UPDATE noctule_event SET identity = NULL WHERE seq = :seq",
            [{"seq": seq} for seq in batch.expired],
        )
        rows = [self._delivery_row(number, delivery) for number, delivery in batch.deliveries]
        self.insert("noctule_delivery", DELIVERY_COLUMNS, rows)
        self.insert("noctule_event", EVENT_COLUMNS, batch.events)
        self.run_many(
            "UPDATE noctule_event SET copies = copies + :more WHERE seq = :seq",
            [{"seq": seq, "more": more} for seq, more in sorted(batch.copies.items())],
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
            self.cipher.encrypt(number, request.body),
            delivery.received_at,
            delivery.signed_at,
            delivery.key,
            delivery.coverage,
            self.cipher.name,
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
    "cipher_key": "text",
}
IN_HAND = """EXISTS (
    SELECT 1 FROM noctule_event h WHERE h.route = e.route AND h.subject = e.subject
    AND h.state = 'leased' AND h.due > :now AND h.seq != e.seq)"""
"""Whether a worker holds another event of the same subject."""


def _route(delivery: Delivery) -> str:
    return delivery.route
