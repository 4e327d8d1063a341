"""The queries of operators and workers: events, routes, rejections."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from noctule.webhooks.store.base import (
    KEPT_REJECTIONS,
    STATES,
    Arrival,
    EventQuery,
    RejectedDelivery,
    RouteOverview,
    StoredEvent,
)
from noctule.webhooks.store.engine import SELECT, SqlEngine
from noctule.webhooks.store.schema import OPEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NOT_DONE = ", ".join(f"'{state}'" for state in STATES if state != "done")
FIRST_HITS, MAX_HITS = 200, 20_000
"""Search hits examined in the first step and, at most, in later ones."""
FEW = 2000
"""Up to so many events, each event is tested for the words instead of going through the hits."""
RECENT = 100_000
"""Deliveries in which an overview looks for the secrets in use."""
NEAR = 1000
"""Events around a number that are searched for the first or last delivery: hosts store at once."""
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def words_of(text: str) -> str:
    """Letters and digits only, without case and accents, for copies and search texts alike."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    bare = _NOT_ASCII.sub(_without_accent, plain)
    return re.sub(r"[\W_]+", " ", bare).strip()


def _without_accent(character: re.Match[str]) -> str:
    return "" if unicodedata.combining(character[0]) else character[0]


def search_phrase(text: str) -> str:
    """A search text in the syntax of both engines: all of its words, each as a phrase."""
    phrases = [words_of(word) for word in text.split()]
    return " ".join(f'"{phrase}"' for phrase in phrases if phrase)


class StoreQueries(SqlEngine):
    """The part of a store that reads."""

    def find(self, query: EventQuery) -> list[StoredEvent]:
        phrase = search_phrase(query.text)
        if query.text.strip() and not phrase:
            return []
        with self.snapshot():
            seqs = self._search(query, phrase) if phrase else self._numbers_of(query)
            rows = self.run(
                f"{SELECT} WHERE e.seq AMONG_LIST ORDER BY e.seq {_direction(query)}",
                {"list": self.listed(seqs)},
            )
        return [self.stored(row) for row in rows]

    def _numbers_of(self, query: EventQuery, among: Sequence[int] | None = None) -> list[int]:
        """The numbers of the matching events, within these deliveries, without reading bodies."""
        timed = query.since or query.until != float("inf")
        join = "JOIN noctule_delivery d ON d.seq = e.delivery" if timed else ""
        conditions = list(_conditions(query, preselected=among is not None))
        if among is not None:
            conditions.append("e.delivery AMONG_LIST")
        elif timed:
            conditions.append("e.seq BETWEEN :first AND :last")
        rows = self.run(
            f"""SELECT e.seq FROM noctule_event e {join} WHERE {" AND ".join(conditions)}
            ORDER BY e.seq {_direction(query)} LIMIT :limit""",  # noqa: S608 - ours
            _values(query)
            | {"list": self.listed(list(among or ()))}
            | (self._events_of(self._span(query)) if timed and among is None else {}),
        )
        return [seq for (seq,) in rows]

    def _span(self, query: EventQuery) -> dict[str, int]:
        """The first and last delivery of a period, from an index without bodies: numbers follow
        time, except for deliveries that were received at nearly the same moment."""
        first, last = LARGEST, 0
        for route in [query.route] if query.route else self._routes():
            for low, high in self.run(
                f"""SELECT (SELECT min(seq) FROM (
                    SELECT seq FROM noctule_delivery
                    WHERE route = :route AND received_at >= :since
                    ORDER BY received_at LIMIT {NEAR}) AS a),
                (SELECT max(seq) FROM (
                    SELECT seq FROM noctule_delivery
                    WHERE route = :route AND received_at <= :until
                    ORDER BY received_at DESC LIMIT {NEAR}) AS b)""",  # noqa: S608 - ours
                {"route": route, "since": query.since, "until": query.until},
            ):
                first, last = min(first, low or LARGEST), max(last, high or 0)
        return {"first": first, "last": last}

    def _events_of(self, span: Mapping[str, int]) -> dict[str, int]:
        """The first and last event of a range of deliveries."""
        [(first, last)] = self.run(
            f"""SELECT (SELECT min(seq) FROM (
                SELECT seq FROM noctule_event WHERE delivery >= :first
                ORDER BY delivery LIMIT {NEAR}) AS a),
            (SELECT max(seq) FROM (
                SELECT seq FROM noctule_event WHERE delivery <= :last
                ORDER BY delivery DESC LIMIT {NEAR}) AS b)""",  # noqa: S608 - ours
            span,
        )
        return {"first": first or LARGEST, "last": last or 0}

    def _routes(self) -> list[str]:
        """Every route, by skipping through an index."""
        routes: list[str] = []
        while True:
            [(route,)] = self.run(
                "SELECT min(route) FROM noctule_delivery WHERE route > :last",
                {"last": routes[-1] if routes else ""},
            )
            if route is None:
                return routes
            routes.append(route)

    def _search(self, query: EventQuery, words: str) -> list[int]:
        """Search the copies in the order of their numbers, until there are enough events."""
        few = self._few_matches(query)
        if few is not None:
            return self._containing(few, words)[: query.limit]
        matches: list[int] = []
        size, sign = FIRST_HITS, ">" if query.oldest_first else "<"
        edge = self._edge(query)
        while len(matches) < query.limit:
            hits = self.run(
                f"""SELECT c.rowid FROM noctule_copy c
                WHERE HOLDS_WORDS AND c.rowid {sign} :edge
                ORDER BY c.rowid {_direction(query)} LIMIT :size""",  # noqa: S608 - ours
                {"words": words, "edge": edge, "size": size},
            )
            rest = replace(query, limit=query.limit - len(matches))
            matches += self._numbers_of(rest, [rowid for (rowid,) in hits]) if hits else []
            if len(hits) < size:
                break
            edge, size = hits[-1][0], min(4 * size, MAX_HITS)
        return matches

    def _few_matches(self, query: EventQuery) -> list[int] | None:
        """The events that match without the text, in order; None if there are many."""
        if not (query.state or query.type or query.id):
            return None
        matches = self._numbers_of(replace(query, limit=FEW + 1))
        return matches if len(matches) <= FEW else None

    def _containing(self, seqs: Sequence[int], words: str) -> list[int]:
        """The events whose copies contain the words, in the same order."""
        rows = self.run(
            """SELECT e.seq FROM noctule_event e CROSS JOIN noctule_copy c
            WHERE e.seq AMONG_LIST AND c.rowid = e.delivery AND HOLDS_WORDS""",
            {"list": self.listed(list(seqs)), "words": words},
        )
        containing = {seq for (seq,) in rows}
        return [seq for seq in seqs if seq in containing]

    def _edge(self, query: EventQuery) -> int:
        """The delivery before which, or after which, a search starts."""
        span = self._span(query)
        if query.oldest_first:
            start, sign, outermost = query.after, ">", "min"
        else:
            start, sign, outermost = query.before, "<", "max"
        near: int | None = None
        if start:
            [(near,)] = self.run(
                f"""SELECT {outermost}(delivery) FROM (
                    SELECT e.delivery FROM noctule_event e WHERE e.seq {sign} :start
                    ORDER BY e.seq {_direction(query)} LIMIT {NEAR}) AS near""",  # noqa: S608
                {"start": start},
            )
        if query.oldest_first:
            return max(span["first"], near or 0) - 1
        return min(span["last"], near or LARGEST) + 1

    def get(self, seq: int) -> StoredEvent | None:
        with self.snapshot():
            rows = self.run(SELECT + "WHERE e.seq = :seq", {"seq": seq})
        return self.stored(rows[0]) if rows else None

    def next_due(self, route: str) -> float | None:
        with self.snapshot():
            rows = self.run(
                f"""SELECT e.due FROM noctule_event e
                WHERE e.state IN ('pending', 'leased') AND e.route = :route AND {FIRST_OF_SUBJECT}
                ORDER BY e.due LIMIT 1""",  # noqa: S608 - a constant of this module
                {"route": route},
            )
        return rows[0][0] if rows else None

    def known_ids(self, route: str, ids: Sequence[str]) -> set[str]:
        with self.snapshot():
            rows = self.run(
                """SELECT (
                    SELECT e.id FROM noctule_event e
                    WHERE e.route || '' = :route AND e.id = k.value LIMIT 1)
                FROM LISTED_VALUES""",
                {"route": route, "list": self.listed(list(ids))},
            )
        return {event_id for (event_id,) in rows if event_id is not None}

    def arrivals(self, route: str, limit: int, *, signed: bool = False) -> list[Arrival]:
        condition = "AND key != ''" if signed else ""
        with self.snapshot():
            rows = self.run(
                f"""SELECT received_at, signed_at FROM noctule_delivery
                WHERE route = :route {condition} ORDER BY received_at DESC LIMIT :limit""",  # noqa: S608 - ours
                {"route": route, "limit": limit},
            )
        return [Arrival(*row) for row in rows]

    def overview(self, *, count_done: bool = True) -> list[RouteOverview]:
        with self.snapshot():
            not_done = self.run(
                f"""SELECT route, state, count(*) FROM noctule_event
                WHERE {OPEN} AND state IN ({NOT_DONE})
                GROUP BY 1, 2"""  # noqa: S608 - ours
            )
            waiting = self.run(
                """SELECT route, min(due) FROM noctule_event
                WHERE state IN ('pending', 'leased') GROUP BY 1"""
            )
            oldest = dict(waiting)
            return [
                RouteOverview(route, states, max(keys.values()), oldest.get(route), keys)
                for route in self._routes()
                for keys in [self._keys(route)]
                for others in [{state: n for r, state, n in not_done if r == route}]
                for states in [self._states(route, others) if count_done else others]
            ]

    def _states(self, route: str, not_done: dict[Any, int]) -> dict[Any, int]:
        """The number of events in each state; those in no other state are done."""
        [(total,)] = self.run(
            "SELECT count(*) FROM noctule_event WHERE route = :route", {"route": route}
        )
        done = total - sum(not_done.values())
        return not_done | ({"done": done} if done else {})

    def _keys(self, route: str) -> dict[str, float]:
        """When each secret last matched, within the last deliveries."""
        rows = self.run(
            f"""SELECT key, max(received_at) FROM (
                SELECT key, received_at FROM noctule_delivery WHERE route = :route
                ORDER BY received_at DESC LIMIT {RECENT}) AS recent
            GROUP BY key""",  # noqa: S608 - ours
            {"route": route},
        )
        return dict(rows)

    def add_rejection(self, rejection: RejectedDelivery) -> None:
        row = asdict(rejection)
        row |= {"names": json.dumps(row["names"]), "causes": json.dumps(row["causes"])}
        with self.transaction():
            [(seq,)] = self.run(
                """INSERT INTO noctule_rejection
                    (route, at, reason, place, size, digest, deliveries, names, causes)
                VALUES
                    (:route, :at, :reason, :place, :size, :digest, :deliveries, :names, :causes)
                RETURNING seq""",
                {name: value for name, value in row.items() if name != "seq"},
            )
            self.run(
                "DELETE FROM noctule_rejection WHERE seq <= :last", {"last": seq - KEPT_REJECTIONS}
            )

    def count_rejections(self, route: str, count: int) -> None:
        with self.transaction():
            self.run(
                """UPDATE noctule_rejection SET deliveries = deliveries + :count
                WHERE seq = (SELECT max(seq) FROM noctule_rejection WHERE route = :route)""",
                {"route": route, "count": count},
            )

    def rejections(self, limit: int) -> list[RejectedDelivery]:
        with self.snapshot():
            rows = self.run(
                """SELECT seq, route, at, reason, place, size, digest, deliveries, names, causes
                FROM noctule_rejection ORDER BY at DESC, seq DESC LIMIT :limit""",
                {"limit": limit},
            )
        return [_rejected(row) for row in rows]

    def copy_of(self, delivery: int) -> str | None:
        with self.snapshot():
            rows = self.run("SELECT text FROM noctule_copy WHERE rowid = :seq", {"seq": delivery})
        return rows[0][0] if rows else None


FIRST_OF_SUBJECT = """(
    SELECT o.seq FROM noctule_event o WHERE o.route = e.route AND o.subject = e.subject
    AND o.state IN ('pending', 'leased', '') AND o.seq < e.seq LIMIT 1) IS NULL"""
"""Whether an event waits for no earlier one of its subject.

Without statistics, PostgreSQL would compare all waiting events with one another: `NOT EXISTS` would
be planned as a join, and without the state '', which no event has, through another index.
"""


def _direction(query: EventQuery) -> str:
    return "ASC" if query.oldest_first else "DESC"


def _conditions(query: EventQuery, *, preselected: bool) -> Iterator[str]:
    """The conditions of a query. `preselected` deliveries are found by their own index: an index
    on the events' columns would lead through many others, so `|| ''` keeps it from being used."""
    no_index = " || ''" if preselected else ""
    yield "e.seq < :before"
    if query.after:
        yield "e.seq > :after"
    if query.route:
        yield "e.route || '' = :route"  # its index has another order than the result
    if query.state in STATES:
        yield f"e.state{no_index} = '{query.state}'"
        if query.state != "done" and not preselected:
            yield f"e.{OPEN}"
    if query.id:
        yield "e.id = :id"
    if query.type.endswith("*"):
        yield "substr(e.type, 1, length(:beginning)) = :beginning"
    elif query.type:
        yield f"e.type{no_index} = :type"
    if query.since:
        yield "d.received_at >= :since"
    if query.until != float("inf"):
        yield "d.received_at <= :until"


LARGEST = 2**62


def _values(query: EventQuery) -> dict[str, Any]:
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


def _rejected(row: Sequence[Any]) -> RejectedDelivery:
    *facts, names, causes = row
    columns = ("seq", "route", "at", "reason", "place", "size", "digest", "deliveries")
    values: dict[str, Any] = dict(zip(columns, facts, strict=True))
    values["names"] = tuple(json.loads(names))
    values["causes"] = tuple((key, place, detail) for key, place, detail in json.loads(causes))
    return RejectedDelivery(**values)
