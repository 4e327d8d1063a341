"""The maintenance of a store: redacted copies, encryption with a new key, deletion of bodies."""

from __future__ import annotations

import json
from itertools import accumulate
from typing import TYPE_CHECKING

from noctule.webhooks.request import WebhookRequest
from noctule.webhooks.store.engine import SqlEngine

if TYPE_CHECKING:
    from collections.abc import Mapping

CHUNK = 500
"""Deliveries pruned in one statement; new deliveries wait only for one statement."""


class StoreRetention(SqlEngine):
    """The part of a store that maintenance uses."""

    def prune(self, before: float, limit: int = 100_000) -> int:
        self.run("DELETE FROM noctule_alias WHERE until < :before", {"before": before})
        count = 0
        while count < limit:
            with self.transaction():
                pruned = self.run(
                    """UPDATE noctule_delivery SET body = NULL, headers = '[]', cipher_key = ''
                    WHERE seq IN (
                        SELECT seq FROM noctule_delivery
                        WHERE body IS NOT NULL AND received_at < :before AND NOT EXISTS (
                            SELECT 1 FROM noctule_event e WHERE e.delivery = noctule_delivery.seq
                            AND e.state IN ('pending', 'leased'))
                        ORDER BY received_at LIMIT :limit) RETURNING seq""",
                    {"before": before, "limit": min(CHUNK, limit - count)},
                )
                numbers = self.listed([seq for (seq,) in pruned])
                self.run("DELETE FROM noctule_copy WHERE rowid AMONG_LIST", {"list": numbers})
            count += len(pruned)
            if len(pruned) < CHUNK:
                break
        return count

    def uncopied(self, limit: int, max_bytes: int) -> list[tuple[int, WebhookRequest]]:
        with self.snapshot():
            sizes = self.run(
                """SELECT seq, length(body) FROM noctule_delivery
                WHERE copied = 0 AND body IS NOT NULL ORDER BY seq LIMIT :limit""",
                {"limit": limit},
            )
            totals = accumulate(size for _, size in sizes)
            within = sum(total <= max_bytes for total in totals)
            rows = self.run(
                """SELECT seq, cipher_key, method, url, headers, body FROM noctule_delivery
                WHERE seq AMONG_LIST AND body IS NOT NULL ORDER BY seq""",
                {"list": self.listed([seq for seq, _ in sizes[: max(1, within)]])},
            )
        return [
            (
                seq,
                WebhookRequest(
                    method, url, json.loads(heads), self.cipher.decrypt(name, seq, bytes(body))
                ),
            )
            for seq, name, method, url, heads, body in rows
        ]

    def add_copies(self, texts: Mapping[int, str]) -> None:
        with self.transaction():
            uncopied = self.run(
                """UPDATE noctule_delivery SET copied = 1
                WHERE copied = 0 AND body IS NOT NULL AND seq AMONG_LIST RETURNING seq""",
                {"list": self.listed(list(texts))},
            )
            self.keep_copies({seq: texts[seq] for (seq,) in uncopied})

    def reencrypt(self, after: int, limit: int) -> int | None:
        if not self.cipher.name:
            return None
        with self.transaction():
            rows = self.run(
                """SELECT seq, cipher_key, body FROM noctule_delivery WHERE seq > :after
                ORDER BY seq LIMIT :limit""",
                {"after": after, "limit": limit},
            )
            self.run_many(
                """UPDATE noctule_delivery SET body = :body, cipher_key = :name
                WHERE seq = :seq AND cipher_key = :previous AND body IS NOT NULL""",
                [
                    {
                        "seq": seq,
                        "previous": previous,
                        "name": self.cipher.name,
                        "body": self.cipher.encrypt(
                            seq, self.cipher.decrypt(previous, seq, bytes(body))
                        ),
                    }
                    for seq, previous, body in rows
                    if body is not None and previous != self.cipher.name
                ],
            )
        return rows[-1][0] if rows else None
