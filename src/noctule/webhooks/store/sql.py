"""What both engines share: storing deliveries and claiming events."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from noctule.webhooks.store.activity import StoreActivity
from noctule.webhooks.store.dedupe import (
    ALIAS_COLUMNS,
    EVENT_COLUMNS,
    DedupeBatch,
    IdentityKey,
    KnownEvent,
    again_key,
    aside_key,
)
from noctule.webhooks.store.engine import SELECT
from noctule.webhooks.store.progress import StoreProgress
from noctule.webhooks.store.queries import BEHIND, StoreQueries
from noctule.webhooks.store.retention import StoreRetention
from noctule.webhooks.verification.identity import ALWAYS, WAITING_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from noctule.webhooks.store.base import Delivery, EventState, Receipt, StoredEvent
    from noctule.webhooks.verification.classify import EventItem


class SqlStore(StoreQueries, StoreRetention, StoreProgress, StoreActivity):
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
                    identity = CASE WHEN {WAITING} THEN NULL ELSE identity END
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
        traceback: str = "",
        due: float = 0.0,
        count_attempt: bool = True,
    ) -> bool:
        with self.transaction():
            settled = self.run(
                """UPDATE noctule_event
                SET state = :state, reason = :reason, due = :due, attempts = attempts - :uncounted,
                    traceback = CASE WHEN :replaced THEN :traceback ELSE traceback END
                WHERE seq = :seq AND claim = :claim AND state = 'leased' RETURNING seq""",
                {
                    "state": state,
                    "reason": reason,
                    "due": due,
                    "traceback": traceback,
                    "replaced": bool(traceback) or state == "done",
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
            keys = [key for item in items for key in _keys(item)]
            rows = self.run(
                # A join would be planned as a scan of all deliveries, for the few that are known.
                """SELECT identity, id,
                    (SELECT received_at FROM noctule_delivery WHERE seq = e.delivery), seq
                FROM noctule_event e WHERE route = :route AND identity AMONG_LIST""",
                {"route": route, "list": self.listed(keys)},
            )
            events = [KnownEvent(*row) for row in rows]
            known |= {(route, event.identity): event for event in events}
            aliases = [key for i in items if i.identity.twin for key in i.identity[:2]]
            known |= self._known_aliases(route, aliases) if aliases else {}
        return known

    def _known_aliases(self, route: str, aliases: Sequence[str]) -> dict[IdentityKey, KnownEvent]:
        rows = self.run(
            """SELECT a.alias, e.identity, e.id, d.received_at, e.seq, a.until
            FROM noctule_alias a
            JOIN noctule_event e ON e.route = a.route AND e.identity = a.identity
            JOIN noctule_delivery d ON d.seq = e.delivery
            WHERE a.route = :route AND a.alias AMONG_LIST""",
            {"route": route, "list": self.listed(aliases)},
        )
        return {
            (route, alias): KnownEvent(identity, event_id, received_at, seq, until=until)
            for alias, identity, event_id, received_at, seq, until in rows
        }

    def _write(self, batch: DedupeBatch) -> None:
        self.run_many(
            "UPDATE noctule_event SET identity = NULL WHERE seq = :seq",
            [{"seq": seq} for seq in batch.expired],
        )
        rows = [self._delivery_row(number, delivery) for number, delivery in batch.deliveries]
        self.insert("noctule_delivery", DELIVERY_COLUMNS, rows)
        self.insert("noctule_event", EVENT_COLUMNS, batch.events)
        self.run_many(
            "DELETE FROM noctule_alias WHERE route = :route AND alias = :alias",
            [{"route": route, "alias": alias} for route, alias in sorted(batch.ended)],
        )
        self.insert("noctule_alias", ALIAS_COLUMNS, list(batch.aliases.values()))
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


WAITING = f"substr(identity, 1, {len(WAITING_PREFIX)}) = '{WAITING_PREFIX}'"
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


def _keys(item: EventItem) -> Iterator[str]:
    """The keys under which an event, or what repeats it, may be stored."""
    identity = item.identity
    yield identity.key
    if identity.later == "repeat" and identity.window != ALWAYS:
        handled = item.on_repeat == "handle"
        yield again_key(identity, item.id) if handled else aside_key(identity.key)
