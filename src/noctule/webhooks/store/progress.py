"""The progress of an operator's tasks, in the inbox: it commits together with what they do."""

from __future__ import annotations

from noctule.webhooks.store.base import TaskProgress
from noctule.webhooks.store.engine import SqlEngine

_START = """INSERT INTO noctule_progress (task, position, details)
    VALUES (:task, :position, :details) ON CONFLICT (task) DO NOTHING RETURNING position"""
_MOVE = """UPDATE noctule_progress SET position = :position, details = :details
    WHERE task = :task AND position = :previous RETURNING position"""


class StoreProgress(SqlEngine):
    """The part of a store that keeps the progress of tasks."""

    def progress(self, task: str) -> TaskProgress | None:
        with self.snapshot():
            rows = self.run(
                "SELECT position, details FROM noctule_progress WHERE task = :task", {"task": task}
            )
        return TaskProgress(*rows[0]) if rows else None

    def advance(self, task: str, previous: int | None, progress: TaskProgress) -> bool:
        values = {"task": task, "previous": previous} | progress._asdict()
        with self.transaction():
            moved = self.run(_START if previous is None else _MOVE, values)
        return bool(moved)

    def end(self, task: str) -> None:
        with self.transaction():
            self.run("DELETE FROM noctule_progress WHERE task = :task", {"task": task})
