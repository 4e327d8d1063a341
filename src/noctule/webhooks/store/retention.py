"""What a store does as time goes by: copies for search, seals under a new key, oblivion."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 500
"""Deliveries that are pruned in one statement: those that come meanwhile do not wait long."""


class Aging(Engine):
    """The upkeep half of a store."""

    def prune(self, before: float, limit: int = 100_000) -> int:
        pruned = 0
        while pruned < limit:
            with self.transaction():
                gone = self.run(
                    """UPDATE noctule_delivery SET body = NULL, headers = '[]', sealed = ''
                    WHERE seq IN (
                        SELECT seq FROM noctule_delivery
                        WHERE body IS NOT NULL AND received_at < :before AND NOT EXISTS (
                            SELECT 1 FROM noctule_event e WHERE e.delivery = noctule_delivery.seq
                            AND e.state IN ('pending', 'leased'))
                        ORDER BY received_at LIMIT :limit) RETURNING seq""",
                    {"before": before, "limit": min(CHUNK, limit - pruned)},
                )
                numbers = self.listed([seq for (seq,) in gone])
                self.run("DELETE FROM noctule_copy WHERE rowid AMONG_LIST", {"list": numbers})
            pruned += len(gone)
            if len(gone) < CHUNK:
                break
        return pruned

    def uncopied(self, limit: int) -> list[tuple[int, WebhookRequest]]:
        with self.snapshot():
            rows = self.run(
                """SELECT seq, sealed, method, url, headers, body FROM noctule_delivery
                WHERE copied = 0 AND body IS NOT NULL ORDER BY seq LIMIT :limit""",
                {"limit": limit},
            )
        return [
            (
                seq,
                WebhookRequest(
                    method, url, json.loads(heads), self.sealer.open(name, seq, bytes(body))
                ),
            )
            for seq, name, method, url, heads, body in rows
        ]

    def copy(self, texts: Mapping[int, str]) -> None:
        with self.transaction():
            free = self.run(
                """UPDATE noctule_delivery SET copied = 1
                WHERE copied = 0 AND body IS NOT NULL AND seq AMONG_LIST RETURNING seq""",
                {"list": self.listed(list(texts))},
            )
            self.keep_copies({seq: texts[seq] for (seq,) in free})

    def reseal(self, after: int, limit: int) -> int | None:
        if not self.sealer.name:
            return None
        with self.transaction():
            rows = self.run(
                """SELECT seq, sealed, body FROM noctule_delivery WHERE seq > :after
                ORDER BY seq LIMIT :limit""",
                {"after": after, "limit": limit},
            )
            self.run_many(
                """UPDATE noctule_delivery SET body = :body, sealed = :name
                WHERE seq = :seq AND sealed = :was AND body IS NOT NULL""",
                [
                    {
                        "seq": seq,
                        "was": was,
                        "name": self.sealer.name,
                        "body": self.sealer.seal(seq, self.sealer.open(was, seq, bytes(body))),
                    }
                    for seq, was, body in rows
                    if body is not None and was != self.sealer.name
                ],
            )
        return rows[-1][0] if rows else None
