"""Stage `test`: run the generated tests in the user's project, with the user's Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noctule.codegen.targets import target_of
from noctule.codegen.test_report import TestReport

if TYPE_CHECKING:
    from noctule.stages.context import TaskContext

__all__ = ["TestReport", "run_task_tests"]

TIME_LIMIT = 120.0
"""Seconds after which a test run is stopped."""
WHOLE_TIME_LIMIT = 1800.0
"""The same for the tests of a whole API, which can be thousands."""


def run_task_tests(context: TaskContext) -> TestReport | None:
    """Run the tests of a task; None if it has none, or the user deleted them. Raises `Problem` as
    `run_tests` does."""
    paths = _test_paths(context)
    limit = WHOLE_TIME_LIMIT if context.task.scope == "whole" else TIME_LIMIT
    language = target_of(context.task.target).language
    return language.run_tests(context.project, *paths, limit=limit) if paths else None


def _test_paths(context: TaskContext) -> tuple[str, ...]:
    """The test file and, for a whole API, the folder of the others, as far as they exist."""
    task, root = context.task, context.project.root
    if not task.tests:
        return ()
    language = target_of(task.target).language
    folder = (language.tests_folder(task.tests),) if task.scope == "whole" else ()
    return tuple(path for path in (task.tests, *folder) if (root / path).exists())
