"""What an operator reads: events by what is known of them, routes, rejections."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from noctule.webhooks.store.base import (
    KEPT_REJECTIONS,
    STATES,
    Arrival,
    Overview,
    Query,
    Rejected,
    Stored,
)
from noctule.webhooks.store.engine import FIELDS, SELECT, Engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The copies come first: the engine reads them in their order and stops at the limit.
SEARCH = FIELDS + (
    "FROM noctule_copy c CROSS JOIN noctule_delivery d CROSS JOIN noctule_event e"
    " WHERE d.seq = c.rowid AND e.delivery = d.seq AND HOLDS_WORDS AND "
)


def words_of(text: str) -> str:
    """Letters and digits alone, without case and accents: copies and questions are put alike."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = (
        "".join(c for c in plain if not unicodedata.combining(c)) if not plain.isascii() else plain
    )
    return re.sub(r"[\W_]+", " ", bare).strip()


def question_of(text: str) -> str:
    """A text to look for, as both engines read it: each of its words a phrase, all of them."""
    phrases = [words_of(word) for word in text.split()]
    return " ".join(f'"{phrase}"' for phrase in phrases if phrase)


class Queries(Engine):
    """The reading half of a store."""

    def find(self, query: Query) -> list[Stored]:
        wanted = question_of(query.text)
        if query.text.strip() and not wanted:
            return []
        direction = "ASC" if query.oldest_first else "DESC"
        order = f"ORDER BY e.seq {direction} LIMIT :limit"
        if wanted:
            order = f"ORDER BY c.rowid {direction}, e.seq {direction} LIMIT :limit"
        sql = (SEARCH if wanted else SELECT + "WHERE ") + " AND ".join(_conditions(query))
        with self.snapshot():
            rows = self.run(f"{sql} {order}", _values(query) | {"words": wanted})
        return [self.stored(row) for row in rows]

    def get(self, seq: int) -> Stored | None:
        with self.snapshot():
            rows = self.run(SELECT + "WHERE e.seq = :seq", {"seq": seq})
        return self.stored(rows[0]) if rows else None

    def next_due(self, route: str) -> float | None:
        with self.snapshot():
            rows = self.run(
                f"""SELECT e.due FROM noctule_event e
                WHERE e.state IN ('pending', 'leased') AND e.route = :route AND NOT {BEHIND}
                ORDER BY e.due LIMIT 1""",  # noqa: S608 - a constant of this module
                {"route": route},
            )
        return rows[0][0] if rows else None

    def known_ids(self, route: str, ids: Sequence[str]) -> set[str]:
        with self.snapshot():
            rows = self.run(
                "SELECT e.id FROM noctule_event e WHERE e.route = :route AND e.id AMONG_LIST",
                {"route": route, "list": self.listed(list(ids))},
            )
        return {name for (name,) in rows}

    def arrivals(self, route: str, limit: int) -> list[Arrival]:
        with self.snapshot():
            rows = self.run(
                """SELECT received_at, signed_at FROM noctule_delivery WHERE route = :route
                ORDER BY received_at DESC LIMIT :limit""",
                {"route": route, "limit": limit},
            )
        return [Arrival(*row) for row in rows]

    def overview(self) -> list[Overview]:
        with self.snapshot():
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
        with self.snapshot():
            rows = self.run(
                """SELECT seq, route, at, reason, place, size, digest, names, causes
                FROM noctule_rejection ORDER BY at DESC, seq DESC LIMIT :limit""",
                {"limit": limit},
            )
        return [_rejected(row) for row in rows]

    def copy_of(self, delivery: int) -> str | None:
        with self.snapshot():
            rows = self.run("SELECT text FROM noctule_copy WHERE rowid = :seq", {"seq": delivery})
        return rows[0][0] if rows else None


BEHIND = """EXISTS (
    SELECT 1 FROM noctule_event o WHERE o.route = e.route AND o.subject = e.subject
    AND o.state IN ('pending', 'leased') AND o.seq < e.seq)"""
"""That an event waits for an earlier one of its subject."""


def _conditions(query: Query) -> Iterator[str]:
    """Only what is asked, so that an index can serve it."""
    yield "e.seq < :before"
    if query.after:
        yield "e.seq > :after"
    if query.route:
        yield "e.route = :route"
    if query.state in STATES:
        yield f"e.state = '{query.state}'"
    if query.id:
        yield "e.id = :id"
    if query.type.endswith("*"):
        yield "substr(e.type, 1, length(:beginning)) = :beginning"
    elif query.type:
        yield "e.type = :type"
    if query.since:
        yield "d.received_at >= :since"
    if query.until != float("inf"):
        yield "d.received_at <= :until"


LARGEST = 2**62


def _values(query: Query) -> dict[str, Any]:
    return {
        "route": query.route,
        "id": query.id,
        "type": query.type,
        "beginning": query.type.removesuffix("*"),
        "since": query.since,
        "until": query.until,
        "before": query.before or LARGEST,
        "after": query.after,
        "limit": query.limit,
    }


def _rejected(row: Sequence[Any]) -> Rejected:
    *facts, names, causes = row
    columns = ("seq", "route", "at", "reason", "place", "size", "digest")
    values: dict[str, Any] = dict(zip(columns, facts, strict=True))
    values["names"] = tuple(json.loads(names))
    values["causes"] = tuple((key, place, detail) for key, place, detail in json.loads(causes))
    return Rejected(**values)
