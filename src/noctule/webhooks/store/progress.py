"""How far an operator's tasks are: kept in the inbox, so that it moves with what they do there."""

from __future__ import annotations

from noctule.webhooks.store.base import Progress
from noctule.webhooks.store.engine import Engine


class Tasks(Engine):
    """The part of a store that outlives the process which uses it."""

    def progress(self, task: str) -> Progress | None:
        with self.snapshot():
            rows = self.run(
                "SELECT place, notes FROM noctule_progress WHERE task = :task", {"task": task}
            )
        return Progress(*rows[0]) if rows else None

    def advance(self, task: str, was: int | None, now: Progress) -> bool:
        values = {"task": task, "was": was, "place": now.place, "notes": now.notes}
        with self.transaction():
            moved = self.run(BEGIN if was is None else MOVE, values)
        return bool(moved)

    def end(self, task: str) -> None:
        with self.transaction():
            self.run("DELETE FROM noctule_progress WHERE task = :task", {"task": task})


BEGIN = """INSERT INTO noctule_progress (task, place, notes) VALUES (:task, :place, :notes)
    ON CONFLICT (task) DO NOTHING RETURNING place"""
MOVE = """UPDATE noctule_progress SET place = :place, notes = :notes
    WHERE task = :task AND place = :was RETURNING place"""
