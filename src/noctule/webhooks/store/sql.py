"""What both engines share: storing deliveries and claiming events."""

from __future__ import annotations

from dataclasses import replace
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
from noctule.webhooks.store.queries import FIRST_OF_SUBJECT, StoreQueries
from noctule.webhooks.store.retention import StoreRetention
from noctule.webhooks.verification.identity import ALWAYS, WAITING_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

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
                AND {FIRST_OF_SUBJECT} AND {SUBJECT_FREE}
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
                WHERE e.seq AMONG_LIST AND {FIRST_OF_SUBJECT} AND {SUBJECT_FREE} RETURNING seq""",  # noqa: S608
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
        """The stored events that have a key of these deliveries."""
        known: dict[IdentityKey, KnownEvent] = {}
        for route, group in groupby(sorted(set(keys_of(deliveries))), _route):
            keys = self.run(
                # Each key is looked up by itself. If PostgreSQL has no statistics yet, it plans a
                # comparison with a list as a scan of all events of the route.
                """SELECT k.value, (
                    SELECT e.seq FROM noctule_event e
                    WHERE e.route = :route AND e.identity = k.value),
                (
                    SELECT e.seq FROM noctule_event e
                    WHERE e.route = :route AND e.identity = (
                        SELECT a.identity FROM noctule_alias a
                        WHERE a.route = :route AND a.alias = k.value)),
                (
                    SELECT a.until FROM noctule_alias a
                    WHERE a.route = :route AND a.alias = k.value)
                FROM LISTED_VALUES""",
                {"route": route, "list": self.listed([key for _, key in group])},
            )
            events = self._known_events([seq for row in keys for seq in row[1:3] if seq])
            for key, seq, alias_of, until in keys:
                if seq:
                    known[route, key] = events[seq]
                elif alias_of:
                    known[route, key] = replace(events[alias_of], until=until)
        return known

    def _known_events(self, seqs: Sequence[int]) -> dict[int, KnownEvent]:
        if not seqs:
            return {}
        rows = self.run(
            # A join would be planned as a scan of all deliveries, for the few that are known.
            """SELECT identity, id,
                (SELECT received_at FROM noctule_delivery WHERE seq = e.delivery), seq
            FROM noctule_event e WHERE e.seq AMONG_LIST""",
            {"list": self.listed(seqs)},
        )
        return {row[3]: KnownEvent(*row) for row in rows}

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
SUBJECT_FREE = """(
    SELECT h.seq FROM noctule_event h WHERE h.route = e.route AND h.subject = e.subject
    AND h.state IN ('leased', '') AND h.due > :now AND h.seq != e.seq LIMIT 1) IS NULL"""
"""Whether no worker holds another event of the same subject; see `FIRST_OF_SUBJECT`."""


def _route(key: IdentityKey) -> str:
    return key[0]


def keys_of(deliveries: Iterable[Delivery]) -> list[IdentityKey]:
    """The keys under which one of these events, or what repeats it, may be stored."""
    return [
        (delivery.route, key)
        for delivery in deliveries
        for item in delivery.items
        for key in (*_keys(item), item.identity.twin)
        if key
    ]


def _keys(item: EventItem) -> Iterator[str]:
    """The keys under which an event, or what repeats it, may be stored."""
    identity = item.identity
    yield identity.key
    if identity.later == "repeat" and identity.window != ALWAYS:
        handled = item.on_repeat == "handle"
        yield again_key(identity, item.id) if handled else aside_key(identity.key)
